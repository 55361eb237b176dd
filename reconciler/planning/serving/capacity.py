"""How many runners serve each tag set before and after a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.model.demand import Asked, Demand
from reconciler.model.plan import Capacity
from reconciler.planning.serving.tagsets import TagIndex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.planning.serving.states import Serving, State, Tags

_WILDCARD: Final[Tags] = frozenset()


class FleetCount:
    """How many active runners serve a tag set, before and after; runners without tags counted on their own."""

    def __init__(self, fleet: Iterable[Serving]) -> None:
        self._servings = list(fleet)
        self._before = TagIndex([_tagged(serving.before) for serving in self._servings])
        rests = all(serving.before == serving.after for serving in self._servings)
        self._after = self._before if rests else TagIndex([_tagged(serving.after) for serving in self._servings])
        self._wildcards = [sum(state == _WILDCARD for state in side) for side in _sides(self._servings)]

    def changes(self) -> tuple[Capacity, ...]:
        """Return the tag sets that changed runners carry and whose number of active runners changes.

        First what is lost entirely, then what drops, then what grows. A runner counts for a set when it carries all of
        it, and perhaps more. Wildcards are counted on their own (`tags` empty), not with every set.
        """
        touched = (
            state
            for serving in self._servings
            if serving.before != serving.after
            for state in (serving.before, serving.after)
        )
        found = [Capacity(tuple(sorted(tags)), *self._carrying(tags)) for tags in dict.fromkeys(touched) if tags]
        changed = [each for each in (*found, Capacity((), *self._wildcards)) if each.before != each.after]
        return tuple(sorted(changed, key=_worst_first))

    def of_demand(self, demand: Demand) -> Demand:
        """Return the demand, each set with how many runners serve it before and after, wildcards included."""
        wild_before, wild_after = self._wildcards
        asked = []
        for each in demand.asked:
            before, after = self._carrying(frozenset(each.tags))
            counts = before + wild_before, after + wild_after
            asked.append(Asked(each.tags, each.under_way, each.recent, each.since, *counts))
        return Demand(tuple(asked), demand.recent)

    def _carrying(self, tags: Tags) -> tuple[int, int]:
        before = self._before.containing(tags).bit_count()
        return before, before if self._after is self._before else self._after.containing(tags).bit_count()


def _tagged(state: State) -> State:
    return state or None


def _sides(servings: list[Serving]) -> tuple[list[State], list[State]]:
    return [serving.before for serving in servings], [serving.after for serving in servings]


def _worst_first(capacity: Capacity) -> tuple[bool, bool, tuple[str, ...]]:
    return capacity.after > 0, capacity.after > capacity.before, capacity.tags
