"""An order for a knot of movers too large to search: as far as it goes, one that may take two writes, and so on.

A mover that can't go is kept with the one need that stops it, and looked at again when that need gets a server, so that
every step is cheap. In the end each runner that takes two writes is given a single one wherever the order found has
a place for it: none of them is there for nothing.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

from reconciler.planning.ordering.exact import Ordering

if TYPE_CHECKING:
    from collections.abc import Collection

    from reconciler.planning.ordering.stages import Stage


def order_greedily(stage: Stage, twicable: Collection[int]) -> Ordering:
    """An order of the stage's movers in which none of those that take two writes could take one.

    Where no order exists even so, some movers break a need: `short` says which needs, and by how many servers.
    """
    run = _Run(stage, twicable)
    run.finish()
    at = {mover: float(place) for place, mover in enumerate(run.order)}
    taken = set(at.values())
    twice = set(run.twice)
    for mover in sorted(run.twice):
        place = _place(mover, run, at, twice)
        if place is not None and place not in taken:
            at[mover] = place
            taken.add(place)
            twice.remove(mover)
    pairs = zip(stage.needs, run.least, strict=True)
    short = {need.source: need.least - least for need, least in pairs if least < need.least}
    return Ordering(tuple(sorted(at, key=at.__getitem__)), frozenset(twice), short)


def _place(mover: int, run: _Run, at: dict[int, float], twice: set[int]) -> float | None:
    """Where in the order a mover could take one write: once its losses don't hurt, while its gains aren't needed."""
    earliest, latest = -1.0, float(len(run.loses))
    for number in run.loses[mover]:
        earliest = max(earliest, max((end for _, end in _tight(number, run, at, twice)), default=-1.0))
    for number in run.gains[mover]:
        latest = min(latest, min((start for start, _ in _tight(number, run, at, twice)), default=latest))
    place = (earliest + latest) / 2
    return place if earliest < place < latest else None


def _tight(number: int, run: _Run, at: dict[int, float], twice: set[int]) -> list[tuple[float, float]]:
    """The stretches of the order in which a need has just the servers it must have."""
    need = run.needs[number]
    serving = len(need.losers) + len(need.gainers & twice)
    since = -1.0
    stretches = []
    for mover in sorted((need.losers | need.gainers) & at.keys(), key=at.__getitem__):
        if serving <= run.least[number]:
            stretches.append((since, at[mover]))
        serving += 1 if mover in need.gainers else -1
        since = at[mover]
    if serving <= run.least[number]:
        stretches.append((since, float(len(run.loses))))
    return stretches


_LOOKED_AT: Final = 64
"""Movers among which the one that breaks least is chosen, where no order exists."""


class _Run:
    """One order in the making. `serving` counts who serves each need; a mover that takes two writes always does."""

    def __init__(self, stage: Stage, twicable: Collection[int]) -> None:
        self.needs = stage.needs
        self.twicable = twicable
        self.loses: dict[int, list[int]] = {mover: [] for mover in stage.movers}
        self.gains: dict[int, list[int]] = {mover: [] for mover in stage.movers}
        for at, need in enumerate(stage.needs):
            for mover in sorted(need.losers):
                self.loses[mover].append(at)
            for mover in sorted(need.gainers):
                self.gains[mover].append(at)
        self.serving = [len(need.losers) for need in stage.needs]
        self.least = [need.least for need in stage.needs]
        self.waiting: list[deque[int]] = [deque() for _ in stage.needs]
        self.stopping: dict[int, None] = {}
        self.left = dict.fromkeys(stage.movers)
        self.ready = deque(stage.movers)
        self.order: list[int] = []
        self.twice: set[int] = set()

    def finish(self) -> None:
        """Go on until every mover has its place."""
        while self.left:
            while self.ready:
                self._try(self.ready.popleft())
            if self.left and not self._widen_one():
                self._force_one()

    def _spare(self, at: int) -> int:
        return self.serving[at] - self.least[at]

    def _try(self, mover: int) -> None:
        if mover not in self.left:
            return
        stopped = next((at for at in self.loses[mover] if self._spare(at) < 1), None)
        if stopped is None:
            self._write(mover)
            return
        self.waiting[stopped].append(mover)
        self.stopping[stopped] = None
        # What it was called for is still free, so somebody else may have it.
        for at in self.loses[mover]:
            self._wake(at, 1)

    def _write(self, mover: int) -> None:
        del self.left[mover]
        self.order.append(mover)
        for at in self.loses[mover]:
            self.serving[at] -= 1
        self._gain(mover)

    def _gain(self, mover: int) -> None:
        for at in self.gains[mover]:
            self.serving[at] += 1
            self._wake(at, self._spare(at))

    def _wake(self, at: int, count: int) -> None:
        waiting = self.waiting[at]
        for _ in range(min(count, self._spare(at), len(waiting))):
            self.ready.append(waiting.popleft())

    def _widen_one(self) -> bool:
        """Let one mover take two writes that somebody waits for: of the gainers of one need, the most wanted."""
        while self.stopping:
            at = next(iter(self.stopping))
            del self.stopping[at]
            if not any(mover in self.left for mover in self.waiting[at]):
                continue
            able = [mover for mover in self.needs[at].gainers if mover in self.left and mover in self.twicable]
            if able:
                self.stopping[at] = None
                self._widen(min(able, key=lambda mover: (-self._wanted(mover), mover)))
                return True
        return False

    def _widen(self, mover: int) -> None:
        del self.left[mover]
        self.twice.add(mover)
        self._gain(mover)

    def _wanted(self, mover: int) -> int:
        return sum(len(self.waiting[at]) for at in self.gains[mover])

    def _force_one(self) -> None:
        """Write the mover that breaks least; what it breaks counts as broken from here on."""

        def damage(mover: int) -> int:
            return sum(self._spare(at) < 1 for at in self.loses[mover])

        mover = min(islice(self.left, _LOOKED_AT), key=damage)
        for at in self.loses[mover]:
            self.least[at] = min(self.least[at], self.serving[at] - 1)
        self._write(mover)
