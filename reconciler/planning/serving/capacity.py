"""How many runners serve each tag set before and after a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.model.plan import Capacity
from reconciler.planning.serving.tagsets import TagIndex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.planning.serving.states import Serving, State, Tags

_WILDCARD: Final[Tags] = frozenset()


def capacity_changes(fleet: Iterable[Serving]) -> tuple[Capacity, ...]:
    """The tag sets that changed runners carry and whose number of active runners changes.

    First what is lost entirely, then what drops, then what grows. A runner counts for a set when it carries all of it,
    and perhaps more. Wildcards are counted on their own (`tags` empty), not with every set.
    """
    servings = list(fleet)
    before = TagIndex([_tagged(serving.before) for serving in servings])
    after = TagIndex([_tagged(serving.after) for serving in servings])
    touched = (
        state for serving in servings if serving.before != serving.after for state in (serving.before, serving.after)
    )
    found = [
        Capacity(tuple(sorted(tags)), before.containing(tags).bit_count(), after.containing(tags).bit_count())
        for tags in dict.fromkeys(touched)
        if tags
    ]
    wildcards = [sum(state == _WILDCARD for state in side) for side in _sides(servings)]
    changed = [each for each in (*found, Capacity((), *wildcards)) if each.before != each.after]
    return tuple(sorted(changed, key=_worst_first))


def _tagged(state: State) -> State:
    return state or None


def _sides(servings: list[Serving]) -> tuple[list[State], list[State]]:
    return [serving.before for serving in servings], [serving.after for serving in servings]


def _worst_first(capacity: Capacity) -> tuple[bool, bool, tuple[str, ...]]:
    return capacity.after > 0, capacity.after > capacity.before, capacity.tags
