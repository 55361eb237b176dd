"""A plan as Markdown, for a comment on a pull request or a step summary.

What matters most stands first and stays when the text must be cut: headline with counts, capacity, findings; then as
many whole runners as fit. With a base to compare to, what this change brings leads, and old drift is folded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from reconciler.model.change import HeadersChange, ScalarChange, TagsChange
from reconciler.model.enums import ChangeOrigin
from reconciler.model.secret import REDACTED
from reconciler.render import escape, wording
from reconciler.render.formats.sheet import NOTE, Sheet, code, folded, html_code, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.change import Change
    from reconciler.model.finding import Finding
    from reconciler.model.plan import Action, Gate, Plan

MAX_SIZE: Final = 60_000
"""Characters, unless told otherwise; GitHub takes 65,536 in a comment."""
OPENED: Final = 12
"""Plans of up to so many runners show every one unfolded."""
_CLOSING: Final = "\n</details>\n\n"


def render_plan(plan: Plan, *, max_size: int = MAX_SIZE) -> str:
    """The plan in at most `max_size` characters, always whole Markdown; under about 500 only the headline is left."""
    sheet = Sheet(max_size)
    sheet.put(_headline(plan))
    for sentence in _notes(plan):
        sheet.put(sentence)
    footer = _footer(plan)
    kept = len(footer) + 2 * NOTE
    _put_findings(sheet, wording.worst_first(plan.findings), kept, half=bool(plan.actions))
    brought, drift = _by_origin(plan.actions)
    opened = len(plan.actions) <= OPENED
    left = []
    if brought:
        sheet.put("### What this change brings\n\n" if drift or _three_way(plan) else "### Changes\n\n", reserve=kept)
        left += _put_blocks(sheet, brought, plan.gates, kept, opened=opened)
    if drift:
        left += _put_drift(sheet, drift, plan.gates, kept)
    if left:
        sheet.put(f"**{wording.plural(len(left), 'more runner')}** not shown here: {_kinds(left)}.\n\n")
    sheet.put(footer)
    return str(sheet)


def finding_item(finding: Finding) -> str:
    """One finding as an item of a list."""
    item = f"- **{finding.severity}** {code(finding.code)}"
    if finding.accepted:
        item = f"- accepted {finding.severity} {code(finding.code)}"
    if finding.key is not None:
        item += f" {code(finding.key)}"
    if finding.at is not None:
        item += f" ({code(f'{finding.at.file}:{finding.at.line}')})"
    item += f": {words(finding.message)}"
    if finding.accepted_by:
        item += f" (accepted by {words(finding.accepted_by)})"
    return item + "\n"


def _headline(plan: Plan) -> str:
    where = "" if plan.environment is None else f" for {code(plan.environment)}"
    alerts = "".join(f"**{sentence}**\n\n" for sentence in wording.alerts(plan, code))
    if not plan.has_changes:
        return f"## No changes{where}\n\n{wording.closing(plan).removeprefix('No changes. ')}\n\n{alerts}"
    return f"## Plan{where}\n\n**{wording.counts(plan)}**\n\n{alerts}"


def _notes(plan: Plan) -> Iterator[str]:
    if plan.capacity:
        yield f"**Capacity:** {wording.capacity(plan, code)}\n\n"
    refusing = sum(finding.refuses for finding in plan.findings)
    if refusing:
        yield f"**This plan cannot be applied:** {wording.plural(refusing, 'error')} that nobody accepted.\n\n"
    for sentence in wording.setting(plan, code):
        if plan.environment is None or not sentence.startswith("Environment "):
            yield f"{sentence}\n\n"


def _put_findings(sheet: Sheet, findings: Sequence[Finding], kept: int, *, half: bool) -> None:
    if not findings or not sheet.put("### Findings\n\n", reserve=kept):
        return
    reserve = max(kept, sheet.room // 2 if half else 0)
    shown = 0
    while shown < len(findings) and sheet.put(finding_item(findings[shown]), reserve=reserve):
        shown += 1
    if shown < len(findings):
        sheet.put(f"- and {wording.plural(len(findings) - shown, 'more finding')}\n")
    sheet.put("\n")


def _put_blocks(
    sheet: Sheet, actions: Sequence[Action], gates: Sequence[Gate], kept: int, *, opened: bool
) -> list[Action]:
    """Put as many whole runners as fit, from the first on; returns those left out."""
    for number, action in enumerate(actions):
        if not sheet.put(_block(action, gates, opened=opened), reserve=kept):
            return list(actions[number:])
    return []


def _put_drift(sheet: Sheet, actions: Sequence[Action], gates: Sequence[Gate], kept: int) -> list[Action]:
    title = f"Drift that was there before: {wording.plural(len(actions), 'runner')}"
    first = _block(actions[0], gates, opened=False)
    if not sheet.put(f"<details><summary>{title}</summary>\n\n", reserve=kept + len(first) + len(_CLOSING)):
        return list(actions)
    left = _put_blocks(sheet, actions, gates, kept + len(_CLOSING), opened=False)
    sheet.put(_CLOSING)
    return left


def _block(action: Action, gates: Sequence[Gate], *, opened: bool) -> str:
    """One runner: its title with the fields that change, the differences, and how it is sent."""
    symbol = wording.SYMBOLS[action.action]
    title = html_code(f"{symbol} {action.key}")
    if action.name != action.key:
        title += f" {html_code(action.name)}"
    title += ": " + ", ".join(change.field for change in action.changes)
    ordered = sorted(action.changes, key=lambda change: change.origin == ChangeOrigin.DRIFT)
    rows = [row for change in ordered for row in _rows(change, turns_off=action.turns_off)]
    items = "".join(f"- {item}\n" for item in _facts(action, gates))
    return folded(title, escape.fence(rows, "diff") + "\n" + items, opened=opened)


def _facts(action: Action, gates: Sequence[Gate]) -> Iterator[str]:
    known = [] if action.matched_by == "none" else [f"matched by {action.matched_by.replace('_', ' ')}"]
    if action.at is not None:
        known.append(code(f"{action.at.file}:{action.at.line}"))
    if known:
        yield ", ".join(known)
    if action.unmanaged:
        yield f"unmanaged (kept): {escape.markdown(', '.join(action.unmanaged))}"
    yield from wording.steps(action, gates, code)


def _rows(change: Change, *, turns_off: bool) -> Iterator[str]:
    """The lines of a `diff` fence: `-` before, `+` after, `!` what changes without showing a value."""
    if change.origin == ChangeOrigin.DRIFT:
        yield f"  {change.field}: drift that was there before"
    elif change.origin == ChangeOrigin.CONFLICT:
        yield f"! {change.field}: conflict, this change and a live edit touch it"
    match change:
        case TagsChange():
            yield from (f"- tag {escape.value(tag)}" for tag in change.removed)
            yield from (f"+ tag {escape.value(tag)}" for tag in change.added)
            if not change.after:
                yield "! no tags: takes any workflow"
        case HeadersChange():
            yield from _header_rows(change)
        case ScalarChange():
            if change.before is not None:
                yield f"- {change.field} {escape.value(change.before)}"
            yield f"+ {change.field} {escape.value(change.after)}"
            if turns_off and change.field == "status":
                yield "! turns off"
        case _:
            assert_never(change)


def _header_rows(change: HeadersChange) -> Iterator[str]:
    public = change.public or {}
    for name in (*change.removed, *change.changed, *change.added):
        before, after = public.get(name, (None, None))
        if name not in public:
            symbol = "-" if name in change.removed else "+" if name in change.added else "!"
            yield f"{symbol} header {escape.value(name)} {REDACTED}"
        if before is not None:
            yield f"- header {escape.value(name)} {escape.value(before)}"
        if after is not None:
            yield f"+ header {escape.value(name)} {escape.value(after)}"
    for name in change.unknown:
        yield f"  header {escape.value(name)} (value not known here)"


def _by_origin(actions: Sequence[Action]) -> tuple[list[Action], list[Action]]:
    brought: list[Action] = []
    drift: list[Action] = []
    for action in actions:
        (drift if wording.only_drift(action) else brought).append(action)
    return brought, drift


def _three_way(plan: Plan) -> bool:
    return any(change.origin is not None for action in plan.actions for change in action.changes)


def _kinds(actions: Sequence[Action]) -> str:
    counted = {kind: sum(action.action == kind for action in actions) for kind in wording.SYMBOLS}
    return ", ".join(f"{count} to {kind}" for kind, count in counted.items() if count)


def _footer(plan: Plan) -> str:
    lines = []
    if plan.unmanaged:
        lines.append(f"Unmanaged, never touched: {wording.names([each.name for each in plan.unmanaged], code)}\n\n")
    if plan.has_changes:
        lines.append(f"{wording.budget(plan)}\n\n")
    lines.append(f"Planned at {code(plan.created_at)} against {code(plan.api_url)}.\n")
    return "".join(lines)
