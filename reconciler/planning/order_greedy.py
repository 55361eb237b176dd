"""An order for a knot of movers too large to search: as far as it goes, one that may take two writes, and so on.

Then each runner that takes two writes is tried with one, as long as steps are left: none of them is there for nothing.
Every step is cheap: a mover that can't go is kept with the one need that stops it, and looked at again when
that need gets a server.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

from reconciler.planning.order_search import Ordering, Steps, TooHard

if TYPE_CHECKING:
    from collections.abc import Collection

    from reconciler.planning.stages import Stage


def order_greedily(stage: Stage, twicable: Collection[int], steps: Steps) -> Ordering:
    """An order of the stage's movers in which none of those that take two writes could take one.

    Where no order exists even so, some movers break a need: `short` says which needs, and by how many servers.
    """
    best = _Run(stage, twicable).finish()
    try:
        for mover in sorted(best.twice):
            if mover in best.twice:
                steps.take(len(stage.movers) + sum(len(need.losers) + len(need.gainers) for need in stage.needs))
                other = _Run(stage, best.twice - {mover}).finish()
                if set(other.short) <= set(best.short) and len(other.twice) < len(best.twice):
                    best = other
    except TooHard:
        pass
    return best


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
        self.left = dict.fromkeys(stage.movers)
        self.ready = deque(stage.movers)
        self.order: list[int] = []
        self.twice: set[int] = set()

    def finish(self) -> Ordering:
        """Go on until every mover has its place."""
        while self.left:
            while self.ready:
                self._try(self.ready.popleft())
            if self.left and not self._widen_one():
                self._force_one()
        pairs = zip(self.needs, self.least, strict=True)
        short = {need.source: need.least - least for need, least in pairs if least < need.least}
        return Ordering(tuple(self.order), frozenset(self.twice), short)

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
        for at, waiting in enumerate(self.waiting):
            if any(mover in self.left for mover in waiting):
                gainers = sorted(mover for mover in self.needs[at].gainers if mover in self.left)
                able = [mover for mover in gainers if mover in self.twicable]
                if able:
                    mover = max(able, key=lambda each: sum(len(self.waiting[need]) for need in self.gains[each]))
                    del self.left[mover]
                    self.twice.add(mover)
                    self._gain(mover)
                    return True
        return False

    def _force_one(self) -> None:
        """Write the mover that breaks least; what it breaks counts as broken from here on."""

        def damage(mover: int) -> int:
            return sum(self._spare(at) < 1 for at in self.loses[mover])

        mover = min(islice(self.left, _LOOKED_AT), key=damage)
        for at in self.loses[mover]:
            self.least[at] = min(self.least[at], self.serving[at] - 1)
        self._write(mover)
