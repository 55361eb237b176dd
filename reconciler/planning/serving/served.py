"""Which tag sets are served now, by which runners, and which are asked for: what `list --coverage` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.enums import RunnerStatus
from reconciler.model.health import Health
from reconciler.model.results import Served, SetDemand
from reconciler.planning.serving.tagsets import TagIndex, places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.demand import ManagedRunner
    from reconciler.model.health import Probed
    from reconciler.model.results import Listed
    from reconciler.model.runner import Listing, LiveRunner
    from reconciler.planning.serving.states import Tags


def served(listed: Listed) -> Served:
    """Return the tag sets of what was listed, with who asks for them and how many healthy runners serve them."""
    listing = listed.listing
    sets = tuple((tags, tuple(names)) for tags, names in served_sets(listing.runners, listing.managed or ()))
    demand = tuple(demand_sets(listing))
    return Served(
        sets=sets,
        sandbox=listed.sandbox,
        demand=demand,
        recent=None if listing.demand is None else listing.demand.recent,
        listed=listed,
        healthy=_healthy(listed, dict.fromkeys([*(tags for tags, _names in sets), *(each.tags for each in demand)])),
    )


def _healthy(listed: Listed, sets: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], int] | None:
    """How many healthy active runners serve each set; None where no endpoint was asked."""
    if listed.health is None:
        return None
    found = listed.health
    fleet = _Active((each for each in listed.listing.runners if _is_healthy(found.get(each.id))), ())
    return {tags: len(fleet.serving(frozenset(tags))) for tags in sets}


def _is_healthy(probed: Probed | None) -> bool:
    return probed is not None and probed.health == Health.HEALTHY


def served_sets(
    runners: Iterable[LiveRunner], managed: Iterable[ManagedRunner] = ()
) -> list[tuple[tuple[str, ...], list[str]]]:
    """Return every tag set that an active runner carries, with the names of all that serve it, sorted.

    A set includes its subsets. The empty set comes last, with the wildcards; they serve every set besides.
    """
    fleet = _Active(runners, managed)
    served = [(tuple(sorted(tags)), fleet.carrying(tags)) for tags in fleet.sets]
    served.sort()
    return [*served, ((), sorted(fleet.wildcards))] if fleet.wildcards else served


def demand_sets(listing: Listing) -> list[SetDemand]:
    """Return every tag set that a runner carries, active or not, or that a workflow asks for; sorted.

    Each has the names of the active runners that serve it, wildcards included. Who asks for less counts for a set of
    its own. Nothing where the demand is not known.
    """
    if listing.demand is None:
        return []
    fleet = _Active(listing.runners, listing.managed or ())
    asked = {frozenset(each.tags): each for each in listing.demand.asked}
    carried = (frozenset(runner.spec.tags) for runner in listing.runners if runner.spec.tags)
    hosted = (frozenset(runner.tags) for runner in listing.managed or () if runner.tags)
    every = dict.fromkeys((*carried, *hosted, *asked))
    return [
        SetDemand(tags, tuple(fleet.serving(frozenset(tags))), asked.get(frozenset(tags)))
        for tags in sorted(tuple(sorted(each)) for each in every)
    ]


class _Active:
    """The names of active runners, by what they carry."""

    def __init__(self, runners: Iterable[LiveRunner], managed: Iterable[ManagedRunner]) -> None:
        self._names: dict[Tags, list[str]] = {}
        for name, status, tags in _every(runners, managed):
            if status == RunnerStatus.ACTIVE:
                self._names.setdefault(frozenset(tags), []).append(name)
        self.wildcards = self._names.pop(frozenset(), [])
        self.sets = list(self._names)
        self._index = TagIndex(self.sets)

    def carrying(self, tags: Tags) -> list[str]:
        """Return the names of those that carry a set."""
        found = places(self._index.containing(tags))
        return sorted(name for place in found for name in self._names[self.sets[place]])

    def serving(self, tags: Tags) -> list[str]:
        """Return the names of those that serve a set."""
        return sorted([*self.carrying(tags), *self.wildcards])


def _every(
    runners: Iterable[LiveRunner], managed: Iterable[ManagedRunner]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for runner in runners:
        yield runner.spec.name, runner.spec.status, runner.spec.tags
    for hosted in managed:
        yield hosted.label, hosted.status, hosted.tags
