"""From an order of writes to what each write waits for, so that writes without a dependency run together.

Take the writes that stop serving a set in their order. With s runners that serve it throughout, l that lose it and k
to be kept, the first s + l - k of them need no other; the j-th after these waits until j runners that gain the set are
verified. At any moment, if the latest write sent is the i-th, at most i servers are gone and i - (s + l - k) have
come, so k are left, whichever writes have landed, are in flight or have failed.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from reconciler.model.plan import Gate, Wait
from reconciler.planning.serving.states import ANY
from reconciler.planning.serving.tagsets import places

if TYPE_CHECKING:
    from reconciler.planning.ordering.conflicts import Resolution
    from reconciler.planning.ordering.requirements import Changeover, Requirement

_SPARE: Final = 16
"""Gainers named beyond those that are needed: that many may fail before a write is held back."""


class Timetable:
    """When each runner gains (its first write) and loses (its last), as places in one line of writes."""

    def __init__(self, changeover: Changeover, resolution: Resolution) -> None:
        self.changeover = changeover
        self.movers = changeover.movers
        self.order = resolution.order
        self.twice = sorted(resolution.twice)
        wideners, narrowers = range(self.movers.start), range(self.movers.stop, len(changeover.runners))
        first = [*wideners, *self.twice, *self.order]
        last = [*self.order, *self.twice, *narrowers]
        self.gains_at = {runner: at for at, runner in enumerate(first)}
        self.loses_at = {runner: at for at, runner in enumerate(last)}
        self._movers = (1 << self.movers.stop) - (1 << self.movers.start)
        self._twice = sum(1 << mover for mover in self.twice)

    def helpers(self, requirement: Requirement) -> list[int]:
        """Return the runners that serve a set between their two writes only, where it can't be kept without them."""
        if not self.twice or self.lowest(requirement, [])[0] >= requirement.least:
            return []
        ends = requirement.losers | requirement.gainers
        return [mover for mover in self.twice if not ends >> mover & 1 and self._between(mover, requirement)]

    def lowest(self, requirement: Requirement, helpers: list[int]) -> tuple[int, int | None]:
        """Give the fewest servers of a set while the movers are written, and the mover that first brings it so low."""
        ends = requirement.losers | requirement.gainers
        others = (ends & ~self._movers).bit_count() + (ends & self._twice).bit_count()
        once = self._movers & ~self._twice
        serving = lowest = requirement.stable + len(helpers) + others + (requirement.losers & once).bit_count()
        cause = None
        for mover in sorted(places(ends & once), key=self.gains_at.__getitem__):
            serving += 1 if requirement.gainers >> mover & 1 else -1
            if serving < lowest:
                lowest, cause = serving, mover
        return lowest, cause

    def last_losers(self, requirement: Requirement, helpers: list[int], count: int) -> list[int]:
        """Return the last `count` of those that stop serving a set, in order."""
        narrowers = requirement.losers >> self.movers.stop
        found: list[int] = []
        while narrowers and len(found) < count:
            highest = narrowers.bit_length() - 1
            found.append(highest + self.movers.stop)
            narrowers ^= 1 << highest
        if len(found) < count:
            movers = {*places(requirement.losers & self._movers), *helpers}
            found.extend(sorted(movers, key=self.loses_at.__getitem__, reverse=True)[: count - len(found)])
        return found[::-1]

    def first_gainers(self, requirement: Requirement, helpers: list[int], count: int) -> list[int]:
        """Return the first `count` of those that begin to serve a set, in order."""
        wideners = places(requirement.gainers & ((1 << self.movers.start) - 1))
        found = list(islice(wideners, count))
        if len(found) < count:
            movers = {*places(requirement.gainers & self._movers), *helpers}
            found.extend(sorted(movers, key=self.gains_at.__getitem__)[: count - len(found)])
        return found

    def _between(self, mover: int, requirement: Requirement) -> bool:
        runner = self.changeover.runners[mover]
        before, after = runner.before or frozenset(), runner.after or frozenset()
        return requirement.tags <= before | after and not requirement.tags <= before and not requirement.tags <= after


def waits_for(timetable: Timetable, requirements: list[Requirement]) -> tuple[list[Gate], dict[int, list[Wait]]]:
    """Return the gates, and what the last write of each changed runner (by position) waits for."""
    runners = timetable.changeover.runners
    gates: list[Gate] = []
    waits: dict[int, list[Wait]] = {}
    for requirement in requirements:
        helpers = timetable.helpers(requirement)
        held = len(helpers) + requirement.least - requirement.stable
        losers = timetable.last_losers(requirement, helpers, held)
        gainers = timetable.first_gainers(requirement, helpers, held + _SPARE)
        for at_least, loser in enumerate(losers, 1):
            waits.setdefault(loser, []).append(Wait(len(gates), at_least))
        tags = () if requirement.tags is ANY else tuple(sorted(requirement.tags))
        keys = tuple(str(runners[gainer].key) for gainer in gainers)
        gates.append(Gate(tags, keys, wildcard=requirement.tags is ANY))
    return gates, waits
