"""Each runner of a plan as its HTML report shows it: one row a field, before beside after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler.model.enums import ChangeOrigin
from reconciler.model.fields.change import HeadersChange, ScalarChange, TagsChange
from reconciler.model.secret import REDACTED
from reconciler.render import wording
from reconciler.render.views import groups
from reconciler.render.views.matrix import sides

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.fields.change import Change
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
class MemberView:
    """One runner; `number` is its place in the plan, `tags` the numbers of the tags it has on either side."""

    number: int
    key: str
    tags: str


@dataclass(frozen=True, slots=True)
class BlockView:
    """One runner, or several that change alike: the first one's action, and what holds for all."""

    action: Action
    members: tuple[MemberView, ...]
    place: str
    fields: tuple[FieldView, ...]
    steps: tuple[str, ...]


def tag_numbers(plan: Plan) -> dict[str, int]:
    """Return every tag of the plan with a number, by which the page's filter knows it."""
    tags = {tag for action in plan.actions for side in sides(action) for tag in side.tags or ()}
    return {tag: number for number, tag in enumerate(sorted(tags))}


def block_views(plan: Plan, numbers: Mapping[str, int], *, expand: bool) -> Iterator[BlockView]:
    """Yield the blocks, one after another, in the plan's order; what is only old drift comes last."""
    places = {id(action): number for number, action in enumerate(plan.actions)}
    blocks = groups.actions(plan.actions, expand=expand)
    for block in sorted(blocks, key=lambda each: wording.only_drift(each[0])):
        action = block[0]
        fields = (_field(change, turns_off=action.turns_off) for change in action.changes)
        yield BlockView(
            action=action,
            members=tuple(MemberView(places[id(each)], each.key, _tags(each, numbers)) for each in block),
            place=groups.place(block, str),
            fields=tuple(fields if len(block) == 1 else map(_differences, fields)),
            steps=tuple(groups.common_steps(block, plan.gates, str)),
        )


def _tags(action: Action, numbers: Mapping[str, int]) -> str:
    tags = {tag for side in sides(action) for tag in side.tags or ()}
    return " ".join(str(numbers[tag]) for tag in sorted(tags))


def _differences(field: FieldView) -> FieldView:
    """Without what stays: that need not be the same for all runners of a block."""
    before, after = (tuple(piece for piece in side if piece.kind != SAME) for side in (field.before, field.after))
    return replace(field, before=before, after=after)


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
