"""Which tag sets are served now, and by which runners: what `list --coverage` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.enums import RunnerStatus
from reconciler.planning.serving.tagsets import TagIndex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.runner import LiveRunner
    from reconciler.planning.serving.states import Tags


def served_sets(runners: Iterable[LiveRunner]) -> list[tuple[tuple[str, ...], list[str]]]:
    """Every tag set that an active runner carries, with the names of all that serve it, sorted.

    A set includes its subsets. The empty set comes last, with the wildcards; they serve every set besides.
    """
    names: dict[Tags, list[str]] = {}
    for runner in runners:
        if runner.spec.status == RunnerStatus.ACTIVE:
            names.setdefault(frozenset(runner.spec.tags), []).append(runner.spec.name)
    wildcards = names.pop(frozenset(), [])
    sets = list(names)
    index = TagIndex(sets)
    served = [(tuple(sorted(tags)), sorted(_carrying(index.containing(tags), sets, names))) for tags in sets]
    served.sort()
    return [*served, ((), sorted(wildcards))] if wildcards else served


def _carrying(places: int, sets: list[Tags], names: dict[Tags, list[str]]) -> Iterable[str]:
    while places:
        lowest = places & -places
        yield from names[sets[lowest.bit_length() - 1]]
        places ^= lowest
