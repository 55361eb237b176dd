"""A plan as text: what people read before they say yes. Lines come one by one, so a large plan streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.model.enums import ChangeOrigin, Severity
from reconciler.model.fields.change import HeadersChange, ScalarChange, TagsChange
from reconciler.model.secret import REDACTED
from reconciler.render import escape, wording
from reconciler.render.keys import key_list
from reconciler.render.views import groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.fields.change import Change
    from reconciler.model.finding import Finding
    from reconciler.model.plan import Action, Gate, Plan
    from reconciler.render.formats.layout import Layout

_STYLES: Final = {"+": "bold green", "~": "bold yellow", "-": "bold red"}
_SEVERITY_STYLES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "cyan"}
_LABEL: Final = 10
"""Columns of a field's label, the longest name and two blanks."""
_WIDEST: Final = 40
"""Columns of the keys and names above which endpoints are not put below one another."""
_INDENT: Final = "    "
_HANGING: Final = " " * (len(_INDENT) + _LABEL)


def plan_lines(plan: Plan, layout: Layout) -> Iterator[str]:
    """Yield the lines of a plan: its headline, capacity, findings, blocks of actions, the cost, the closing line."""
    yield from _head(plan, layout)
    findings = groups.findings(plan.findings, expand=layout.expand)
    if findings:
        yield layout.paint("Findings", "bold")
        for block in findings:
            yield from finding_lines(block, layout)
        yield ""
    for actions in groups.actions(plan.actions, expand=layout.expand, rosters=True):
        yield from _block(actions, plan.gates, layout)
        yield ""
    if plan.unmanaged:
        listed = wording.names([each.name for each in plan.unmanaged], escape.value)
        yield from layout.wrap(f"Unmanaged, never touched: {listed}", hanging="  ", style="dim")
    refusing = sum(finding.refuses for finding in plan.findings)
    if refusing:
        refused = f"This plan cannot be applied: {wording.plural(refusing, 'error')} not accepted."
        yield from layout.wrap(refused, hanging="  ", style="bold red")
    if plan.has_changes:
        yield from layout.wrap(wording.budget(plan), hanging="  ", style="dim")
    yield from layout.wrap(wording.closing(plan), hanging="  ", style="bold")


def finding_lines(block: Sequence[Finding], layout: Layout) -> Iterator[str]:
    """Show one finding, or several equal ones: severity, code, runners and place, then the message."""
    finding = block[0]
    title = f"{'accepted ' if finding.accepted else ''}{finding.severity} {escape.text(finding.code)}"
    if len(block) > 1:
        title += f" for {len(block)} runners"
    elif finding.key is not None:
        title += f" {escape.text(finding.key)}"
    if len(block) == 1 and finding.at is not None:
        title += f" ({escape.text(finding.at.file)}:{finding.at.line})"
    style = "dim" if finding.accepted else _SEVERITY_STYLES.get(finding.severity, "cyan")
    yield from layout.wrap(title, indent="  ", hanging=_INDENT, style=style)
    if len(block) > 1:
        keys = key_list([each.key or "" for each in block], layout, indent=len(_INDENT))
        yield from layout.wrap(keys, indent=_INDENT, style=style)
    yield from layout.wrap(escape.text(finding.message), indent=_INDENT)
    if finding.accepted_by:
        yield from layout.wrap(f"accepted by {escape.text(finding.accepted_by)}", indent=_INDENT, style="dim")


def title(action: Action) -> str:
    """`~ prod-a100-1 "Production GPU Runner"`, safe."""
    return f"{wording.SYMBOLS[action.action]} {named(action)}"


def named(action: Action) -> str:
    """`prod-a100-1 "Production GPU Runner"`: the key and, where it is another, the name, safe."""
    shown = escape.text(action.key)
    return shown if action.name == action.key else f"{shown} {_quoted(action.name)}"


def _head(plan: Plan, layout: Layout) -> Iterator[str]:
    where = wording.where(plan, escape.value)
    for sentence in (*wording.setting(plan, escape.value), f"Plan for {where}"):
        yield from layout.wrap(sentence, hanging="  ", style="cyan")
    for sentence in wording.alerts(plan, escape.text):
        yield from layout.wrap(sentence, hanging="  ", style="bold yellow")
    if plan.capacity:
        yield from layout.wrap(f"Capacity: {wording.capacity(plan, escape.text)}", hanging="  ", style="bold")
    if plan.actions or plan.findings:
        yield ""


def _block(actions: Sequence[Action], gates: Sequence[Gate], layout: Layout) -> Iterator[str]:
    """One runner, or several that change alike."""
    action = actions[0]
    symbol = wording.SYMBOLS[action.action]
    if len(actions) == 1:
        yield from layout.wrap(title(action), hanging=_INDENT, style=_STYLES[symbol])
    else:
        yield layout.paint(f"{symbol} {len(actions)} runners", _STYLES[symbol])
        if not groups.is_roster(actions):
            keys = key_list([each.key for each in actions], layout, indent=len(_INDENT))
            yield from layout.wrap(keys, indent=_INDENT)
    where = groups.place(actions, escape.text)
    if where:
        yield from layout.wrap(where, indent=_INDENT, style="dim")
    for change in groups.common_changes(actions):
        yield from _change(change, layout, turns_off=action.turns_off)
    for name in action.unmanaged:
        yield from layout.wrap(f"{name:<{_LABEL}}unmanaged (kept)", indent=_INDENT, hanging=_HANGING, style="dim")
    for step in groups.common_steps(actions, gates, escape.value):
        yield from layout.wrap(step, indent=_INDENT, hanging=_INDENT + "  ", style="cyan")
    if groups.is_roster(actions):
        yield from _roster(actions, layout)


def _roster(actions: Sequence[Action], layout: Layout) -> Iterator[str]:
    """A line for each runner: what it has of its own."""
    origin = next((change.origin for change in actions[0].changes if change.field in groups.OWN_FIELDS), None)
    if origin is not None:
        yield from layout.wrap(f"{' and '.join(groups.OWN_FIELDS)} {_ORIGINS[origin]}", indent=_INDENT, style="dim")
    titles = [named(action) for action in actions]
    widest = min(_WIDEST, max(map(escape.columns, titles)))
    for action, shown in zip(actions, titles, strict=True):
        gap = " " * max(1, widest + 1 - escape.columns(shown))
        row = f"{shown}{gap}{escape.value(action.requests[0].body.spec.endpoint)}"
        yield from layout.wrap(row, indent=_INDENT, hanging=_HANGING, style="green")


def _change(change: Change, layout: Layout, *, turns_off: bool) -> Iterator[str]:
    label = f"{change.field:<{_LABEL}}"
    if change.origin is not None:
        yield from layout.wrap(f"{label}{_ORIGINS[change.origin]}", indent=_INDENT, hanging=_HANGING, style="dim")
        label = " " * _LABEL
    match change:
        case TagsChange():
            rows = _tag_rows(change)
        case HeadersChange():
            rows = _header_rows(change)
        case ScalarChange():
            rows = iter((_scalar_row(change, off=turns_off and change.field == "status"),))
    for row, style in rows:
        yield from layout.wrap(label + row, indent=_INDENT, hanging=_HANGING, style=style)
        label = " " * _LABEL


_ORIGINS: Final = {
    ChangeOrigin.BRANCH: "from this change",
    ChangeOrigin.DRIFT: "drift that was there before",
    ChangeOrigin.CONFLICT: "conflict: this change and a live edit touch it",
}


def _scalar_row(change: ScalarChange, *, off: bool) -> tuple[str, str]:
    after = escape.value(change.after)
    shown = after if change.before is None else f"{escape.value(change.before)} -> {after}"
    return shown + (
        " (turns off)" if off else ""
    ), "bold red" if off else "green" if change.before is None else "yellow"


def _tag_rows(change: TagsChange) -> Iterator[tuple[str, str]]:
    for symbol, tags, style in (("+", change.added, "green"), ("-", change.removed, "red")):
        if tags:
            yield f"{symbol} {', '.join(map(escape.value, tags))}", style
    if not change.after:
        yield "none: takes any workflow", "yellow"


def _header_rows(change: HeadersChange) -> Iterator[tuple[str, str]]:
    public = change.public or {}
    for symbol, header_names, style in (
        ("+", change.added, "green"),
        ("-", change.removed, "red"),
        ("~", change.changed, "yellow"),
    ):
        for name in header_names:
            yield f"{symbol} {escape.value(name)} {_header(public.get(name))}", style
    for name in change.unknown:
        yield f"? {escape.value(name)} (not known here)", "dim"


def _header(values: tuple[str | None, str | None] | None) -> str:
    if values is None:
        return REDACTED
    before, after = values
    return " -> ".join(_quoted(shown) for shown in (before, after) if shown is not None)


def _quoted(raw: str) -> str:
    shown = escape.value(raw)
    return shown if shown.startswith('"') else f'"{shown}"'
