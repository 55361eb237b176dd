"""How many runners serve each tag set before and after a plan."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.model.plan import Capacity
from reconciler.planning.tagindex import maximal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.planning.fleet import Serving, State, Tags


def capacity_changes(fleet: Iterable[Serving]) -> tuple[Capacity, ...]:
    """The served sets whose number of active runners changes: what is lost entirely, what drops, what grows.

    The sets are the maximal ones of before and after together, so a runner that carries all of one has just these tags,
    and counting equal sets is enough. Wildcards are counted on their own (`tags` empty), not with every set.
    """
    before: Counter[Tags] = Counter()
    after: Counter[Tags] = Counter()
    for serving in fleet:
        _count(before, serving.before)
        _count(after, serving.after)
    wildcards = frozenset[str]()
    sets = [*maximal(tags for tags in (*before, *after) if tags), wildcards]
    changed = [Capacity(tuple(sorted(tags)), before[tags], after[tags]) for tags in sets if before[tags] != after[tags]]
    return tuple(sorted(changed, key=_worst_first))


def _count(counts: Counter[Tags], state: State) -> None:
    if state is not None:
        counts[state] += 1


def _worst_first(capacity: Capacity) -> tuple[bool, bool, tuple[str, ...]]:
    return capacity.after > 0, capacity.after > capacity.before, capacity.tags
