"""What is equal is shown once: actions that change the same thing in the same way, equal findings, equal outcomes.

Every view for people takes its blocks from here; JSON lists each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from reconciler.model.enums import ActionKind, MatchedBy
from reconciler.model.fields.change import HeadersChange, ScalarChange, TagsChange
from reconciler.render import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from reconciler.model.fields.change import Change
    from reconciler.model.finding import Finding
    from reconciler.model.plan import Action, Gate
    from reconciler.model.report import Outcome

    Each = TypeVar("Each")

AT_LEAST: Final = 3
"""So many equal ones are one block."""
ROSTER: Final = 13
"""So many creates that differ in nothing but what each runner has of its own are one block."""
OWN_FIELDS: Final = ("name", "endpoint")
"""What each runner has of its own."""


def actions(every: Sequence[Action], *, expand: bool, rosters: bool = False) -> list[tuple[Action, ...]]:
    """Actions in blocks: those of one block change the same thing in the same way.

    With `rosters`, for a view that names what each runner has of its own, many creates alike are one block too.
    """
    blocks = _grouped(every, _change_of_action, expand=expand)
    if not rosters or expand:
        return blocks
    rows = _grouped(blocks, _change_of_block, expand=False, at_least=ROSTER)
    return [tuple(action for block in row for action in block) for row in rows]


def is_roster(block: Sequence[Action]) -> bool:
    """Whether the actions of a block are creates, which have names and endpoints of their own."""
    return len(block) > 1 and block[0].action == ActionKind.CREATE


def common_changes(block: Sequence[Action]) -> tuple[Change, ...]:
    """List the changes that all actions of a block make."""
    changes = block[0].changes
    return tuple(each for each in changes if each.field not in OWN_FIELDS) if is_roster(block) else changes


def findings(every: Iterable[Finding], *, expand: bool) -> list[tuple[Finding, ...]]:
    """Findings in blocks, worst first: those of one block say the same of several runners."""
    return _grouped(wording.worst_first(every), _words_of_finding, expand=expand)


def outcomes(every: Sequence[Outcome], *, expand: bool) -> list[tuple[Outcome, ...]]:
    """Outcomes in blocks: those of one block ended alike, for the same reason."""
    return _grouped(every, _words_of_outcome, expand=expand)


def common_steps(block: Sequence[Action], gates: Sequence[Gate], show: Callable[[str], str]) -> list[str]:
    """Return how the actions of a block are sent; waits that are not the same for all are only counted."""
    first, *rest = (wording.steps(action, gates, show) for action in block)
    common = [step for step in first if all(step in steps for steps in rest)]
    differing = sum(any(step not in common for step in steps) for steps in (first, *rest))
    if differing:
        waiting = wording.plural(differing, "waits for others", "wait for others")
        common.append(f"{waiting} first: --expand shows for which")
    return common


def place(block: Sequence[Action], show: Callable[[str], str]) -> str:
    """Return how the actions of a block were matched and where they are declared: `matched by id, runners/p.yaml:8`."""
    first = block[0]
    known = [] if first.matched_by == MatchedBy.NONE else [f"matched by {first.matched_by.replace('_', ' ')}"]
    files = sorted({action.at.file for action in block if action.at is not None})
    if len(block) == 1 and first.at is not None:
        known.append(show(f"{first.at.file}:{first.at.line}"))
    elif files:
        known.append(show(files[0]) if len(files) == 1 else f"declared in {len(files)} files")
    return ", ".join(known)


def reason(block: Sequence[Outcome]) -> str:
    """Say why the outcomes of a block ended so; each id shows as `{id}` where it is in the message of several."""
    first = block[0]
    return first.error.message if len(block) == 1 and first.error is not None else _reason(first)


def _grouped(
    every: Iterable[Each], alike: Callable[[Each], Hashable], *, expand: bool, at_least: int = AT_LEAST
) -> list[tuple[Each, ...]]:
    """Blocks in the order of their first members; fewer than `at_least` equal ones stay alone, each in its place."""
    if expand:
        return [(each,) for each in every]
    found: dict[Hashable, list[Each]] = {}
    order = [(alike(each), each) for each in every]
    for key, each in order:
        found.setdefault(key, []).append(each)
    blocks: list[tuple[Each, ...]] = []
    for key, each in order:
        members = found[key]
        if len(members) < at_least:
            blocks.append((each,))
        elif members[0] is each:
            blocks.append(tuple(members))
    return blocks


def _change_of_action(action: Action) -> Hashable:
    purposes = tuple(request.purpose for request in action.requests)
    changes = tuple(map(_change, action.changes))
    return action.action, action.matched_by, action.turns_off, action.unmanaged, purposes, changes


def _change_of_block(block: tuple[Action, ...]) -> Hashable:
    """What a create sets but for what is its own; any other block is like no other."""
    first, *others = block
    if others or first.action != ActionKind.CREATE:
        return id(block)
    purposes = tuple(request.purpose for request in first.requests)
    own = tuple((each.field, each.origin) for each in first.changes if each.field in OWN_FIELDS)
    return (
        purposes,
        first.unmanaged,
        own,
        tuple(_change(each) for each in first.changes if each.field not in OWN_FIELDS),
    )


def _change(change: Change) -> Hashable:
    match change:
        case ScalarChange():
            return change.field, change.origin, change.before, change.after
        case TagsChange():
            moves = frozenset(change.added), frozenset(change.removed)
            return change.field, change.origin, moves, bool(change.after)
        case HeadersChange():
            names = (change.added, change.removed, change.changed, change.unknown)
            public = frozenset((change.public or {}).items())
            return change.field, change.origin, tuple(map(frozenset, names)), public


def _words_of_finding(finding: Finding) -> Hashable:
    if finding.key is None:  # one about the fleet is alone
        return id(finding)
    return finding.code, finding.severity, finding.message, finding.accepted, finding.accepted_by


def _words_of_outcome(outcome: Outcome) -> Hashable:
    code = None if outcome.error is None else outcome.error.code
    return outcome.action, outcome.status, code, _reason(outcome)


def _reason(outcome: Outcome) -> str:
    """Why it ended so, its own id left out; without a message, what follows from the status."""
    if outcome.error is None:
        return wording.NEXT_STEPS.get(outcome.status, "")
    message = outcome.error.message
    return message.replace(outcome.id, "{id}") if outcome.id else message
