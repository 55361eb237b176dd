"""A plan as Markdown, for a comment on a pull request or a step summary.

What matters most comes first and stays when the text must be cut: headline with counts, capacity, findings; then as
many whole runners as fit. With a base to compare to, what this change brings leads, and old drift is folded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from reconciler.model.enums import ChangeOrigin
from reconciler.model.fields.change import HeadersChange, ScalarChange, TagsChange
from reconciler.model.secret import REDACTED
from reconciler.render import escape, wording
from reconciler.render.formats.sheet import NOTE, Sheet, code, codes, folded, html_code, words
from reconciler.render.views import groups
from reconciler.render.views.plan_text import named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.fields.change import Change
    from reconciler.model.finding import Finding
    from reconciler.model.plan import Action, Gate, Plan

    Block: TypeAlias = Sequence[Action]

MAX_SIZE: Final = 60_000
"""Characters by default; GitHub takes 65,536 in a comment."""
OPENED: Final = 12
"""Plans of up to so many runners show every one unfolded."""
_CLOSING: Final = "\n</details>\n\n"


def render_plan(plan: Plan, *, max_size: int = MAX_SIZE, expand: bool = False) -> str:
    """Render a plan in at most `max_size` characters, always whole Markdown; under 500 only the headline is left."""
    sheet = Sheet(max_size)
    sheet.put(_headline(plan))
    for sentence in _notes(plan):
        sheet.put(sentence)
    footer = _footer(plan)
    kept = len(footer) + 2 * NOTE
    _put_findings(sheet, groups.findings(plan.findings, expand=expand), kept, half=bool(plan.actions))
    blocks = groups.actions(plan.actions, expand=expand, rosters=True)
    brought, drift = _by_origin(blocks)
    opened = len(blocks) <= OPENED
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


def finding_item(block: Sequence[Finding], *, short: bool = False) -> str:
    """Show one finding, or several equal ones, as an item of a list; `short` names a few of the runners only."""
    finding = block[0]
    item = f"- **{finding.severity}** {code(finding.code)}"
    if finding.accepted:
        item = f"- accepted {finding.severity} {code(finding.code)}"
    if len(block) > 1:
        item += f" for {len(block)} runners ({codes([each.key or '' for each in block], short=short)})"
    elif finding.key is not None:
        item += f" {code(finding.key)}"
    if len(block) == 1 and finding.at is not None:
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
        yield f"**This plan cannot be applied:** {wording.plural(refusing, 'error')} not accepted.\n\n"
    for sentence in wording.setting(plan, code):
        yield f"{sentence}\n\n"


def _put_findings(sheet: Sheet, findings: Sequence[Sequence[Finding]], kept: int, *, half: bool) -> None:
    if not findings or not sheet.put("### Findings\n\n", reserve=kept):
        return
    reserve = max(kept, sheet.room // 2 if half else 0)
    shown = 0
    for block in findings:
        if not sheet.put_one_of(finding_item(block), finding_item(block, short=True), reserve=reserve):
            break
        shown += 1
    if shown < len(findings):
        sheet.put(f"- and {wording.plural(sum(map(len, findings[shown:])), 'more finding')}\n")
    sheet.put("\n")


def _put_blocks(
    sheet: Sheet, blocks: Sequence[Block], gates: Sequence[Gate], kept: int, *, opened: bool
) -> list[Action]:
    """Put as many whole blocks as fit, from the first on; returns the runners left out."""
    for number, block in enumerate(blocks):
        shown = (_block(block, gates, opened=opened, short=short) for short in (False, True))
        if not sheet.put_one_of(*shown, reserve=kept):
            return [action for left in blocks[number:] for action in left]
    return []


def _put_drift(sheet: Sheet, blocks: Sequence[Block], gates: Sequence[Gate], kept: int) -> list[Action]:
    title = f"Drift that was there before: {wording.plural(sum(map(len, blocks)), 'runner')}"
    first = _block(blocks[0], gates, opened=False, short=True)
    if not sheet.put(f"<details><summary>{title}</summary>\n\n", reserve=kept + len(first) + len(_CLOSING)):
        return [action for block in blocks for action in block]
    left = _put_blocks(sheet, blocks, gates, kept + len(_CLOSING), opened=False)
    sheet.put(_CLOSING)
    return left


def _block(block: Block, gates: Sequence[Gate], *, opened: bool, short: bool = False) -> str:
    """One runner, or several that change alike: the fields that change, the differences, and how they are sent."""
    action = block[0]
    symbol = wording.SYMBOLS[action.action]
    title = html_code(f"{symbol} {action.key if len(block) == 1 else f'{len(block)} runners'}")
    if len(block) == 1 and action.name != action.key:
        title += f" {html_code(action.name)}"
    title += ": " + ", ".join(change.field for change in action.changes)
    ordered = sorted(groups.common_changes(block), key=lambda change: change.origin == ChangeOrigin.DRIFT)
    rows = [row for change in ordered for row in _rows(change, turns_off=action.turns_off)]
    rows += _roster(block, short=short)
    items = "".join(f"- {item}\n" for item in _facts(block, gates))
    listed = len(block) > 1 and not groups.is_roster(block)
    keys = f"{codes([each.key for each in block], short=short)}\n\n" if listed else ""
    return folded(title, keys + escape.fence(rows, "diff") + "\n" + items, opened=opened)


def _roster(block: Block, *, short: bool) -> list[str]:
    """A line for each of many creates: its key, its name where that is another, its endpoint; `short`: for a few."""
    if not groups.is_roster(block):
        return []
    shown = block[:OPENED] if short else block
    rows = [f"+ {named(action)} {escape.value(action.requests[0].body.spec.endpoint)}" for action in shown]
    return rows if len(shown) == len(block) else [*rows, f"  and {len(block) - len(shown)} more"]


def _facts(block: Block, gates: Sequence[Gate]) -> Iterator[str]:
    action = block[0]
    known = groups.place(block, code)
    if known:
        yield known
    if action.unmanaged:
        yield f"unmanaged (kept): {escape.markdown(', '.join(action.unmanaged))}"
    yield from groups.common_steps(block, gates, code)


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


def _by_origin(blocks: Sequence[Block]) -> tuple[list[Block], list[Block]]:
    brought: list[Block] = []
    drift: list[Block] = []
    for block in blocks:
        (drift if wording.only_drift(block[0]) else brought).append(block)
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
