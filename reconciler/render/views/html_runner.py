"""Each runner of a plan as its HTML report shows it: one row a field, before beside after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from reconciler.model.change import HeadersChange, ScalarChange, TagsChange
from reconciler.model.enums import ChangeOrigin
from reconciler.model.secret import REDACTED
from reconciler.render import wording
from reconciler.render.views.matrix import sides

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.change import Change
    from reconciler.model.plan import Action, Plan

GONE: Final = "gone"
NEW: Final = "new"
CHANGED: Final = "changed"
SAME: Final = "same"
ASIDE: Final = "aside"

_ORIGINS: Final = {
    None: "",
    ChangeOrigin.BRANCH: "this change",
    ChangeOrigin.DRIFT: "drift before it",
    ChangeOrigin.CONFLICT: "conflict",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One value on one side, and how it is marked."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field that changes; `origin` says where the change comes from, `note` what it means."""

    field: str
    origin: str
    note: str
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class RunnerView:
    """One runner; `number` is its place in the plan, `tags` the numbers of the tags it has on either side."""

    number: int
    action: Action
    fields: tuple[FieldView, ...]
    steps: tuple[str, ...]
    tags: str


def tag_numbers(plan: Plan) -> dict[str, int]:
    """Every tag of the plan with a number, by which the page's filter knows it."""
    tags = {tag for action in plan.actions for side in sides(action) for tag in side.tags or ()}
    return {tag: number for number, tag in enumerate(sorted(tags))}


def runner_views(plan: Plan, numbers: Mapping[str, int]) -> Iterator[RunnerView]:
    """The runners, one after another, in the plan's order; what is only old drift comes last."""
    for number, action in sorted(enumerate(plan.actions), key=lambda each: wording.only_drift(each[1])):
        tags = {tag for side in sides(action) for tag in side.tags or ()}
        yield RunnerView(
            number=number,
            action=action,
            fields=tuple(_field(change, turns_off=action.turns_off) for change in action.changes),
            steps=tuple(wording.steps(action, plan.gates, str)),
            tags=" ".join(str(numbers[tag]) for tag in sorted(tags)),
        )


def _field(change: Change, *, turns_off: bool) -> FieldView:
    note = "turns off" if turns_off and change.field == "status" else ""
    match change:
        case TagsChange():
            before = tuple(Piece(tag, GONE if tag in change.removed else SAME) for tag in change.before)
            after = tuple(Piece(tag, NEW if tag in change.added else SAME) for tag in change.after)
            note = "" if after else "no tags: takes any workflow"
        case HeadersChange():
            before, after = _headers(change)
        case ScalarChange():
            before = () if change.before is None else (Piece(change.before, GONE),)
            after = (Piece(change.after, NEW),)
        case _:
            assert_never(change)
    return FieldView(change.field, _ORIGINS[change.origin], note, before, after)


def _headers(change: HeadersChange) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    public = change.public or {}

    def piece(name: str, side: int, kind: str) -> Piece:
        value = public[name][side] if name in public else None
        return Piece(f"{name}: {REDACTED if value is None else value}", kind)

    before = [piece(name, 0, GONE) for name in change.removed] + [piece(name, 0, CHANGED) for name in change.changed]
    after = [piece(name, 1, NEW) for name in change.added] + [piece(name, 1, CHANGED) for name in change.changed]
    after += [Piece(f"{name}: not known here", ASIDE) for name in change.unknown]
    return tuple(before), tuple(after)
