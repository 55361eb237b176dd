"""One greedy pass over a knot: who writes next, who has to take two writes, and what is broken where none can."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reconciler.planning.ordering.knot import Knot

_LOOKED_AT: Final = 64
"""Needs for one of which a mover is widened, and movers of which the one that breaks least goes where that fails."""


class Attempt:
    """One order in the making. `serving` counts who serves each need; a mover that takes two writes always does.

    `widened` take two writes from the start; of `twicable` more may. `least` is what is kept of each need.
    """

    def __init__(
        self, knot: Knot, movers: Sequence[int], twicable: Collection[int], widened: Collection[int] = ()
    ) -> None:
        self.knot = knot
        self.twicable = twicable
        self.serving = [len(need.losers) for need in knot.needs]
        self.least = [need.least for need in knot.needs]
        self.order: list[int] = []
        self.twice: set[int] = set()
        self._waiting: list[deque[int]] = [deque() for _ in knot.needs]
        self._stopping: dict[int, None] = {}
        self._left = dict.fromkeys(movers)
        self._turn = {mover: at for at, mover in enumerate(movers)}
        self._ready = [*enumerate(movers)]
        for mover in sorted(widened):
            self._widen(mover)

    def finish(self) -> None:
        """Go on until every mover has its place."""
        while self._left:
            while self._ready:
                self._try(heappop(self._ready)[1])
            if self._left and not self._widen_one():
                self._force_one()

    def _spare(self, at: int) -> int:
        return self.serving[at] - self.least[at]

    def _try(self, mover: int) -> None:
        if mover not in self._left:
            return
        stopped = next((at for at in self.knot.loses[mover] if self._spare(at) < 1), None)
        if stopped is None:
            self._write(mover)
            return
        self._waiting[stopped].append(mover)
        self._stopping[stopped] = None
        # What it was called for is still free, so another may have it.
        for at in self.knot.loses[mover]:
            self._wake(at, 1)

    def _write(self, mover: int) -> None:
        del self._left[mover]
        self.order.append(mover)
        for at in self.knot.loses[mover]:
            self.serving[at] -= 1
        self._serve(self.knot.gains[mover])

    def _serve(self, needs: Sequence[int]) -> None:
        for at in needs:
            self.serving[at] += 1
            self._wake(at, self._spare(at))

    def _wake(self, at: int, count: int) -> None:
        waiting = self._waiting[at]
        count = min(count, self._spare(at))
        while count > 0 and waiting:
            mover = waiting.popleft()
            if mover in self._left:
                heappush(self._ready, (self._turn[mover], mover))
                count -= 1

    def _widen_one(self) -> bool:
        """Let one mover take two writes that then serves what others wait for: the most wanted, then the first."""
        able: set[int] = set()
        looked_at = 0
        for at in list(self._stopping):
            serving = [mover for mover in self.knot.needs[at].gainers | self.knot.helpers[at] if self._able(mover)]
            if not serving or not any(mover in self._left for mover in self._waiting[at]):
                del self._stopping[at]
                continue
            able.update(serving)
            looked_at += 1
            if looked_at == _LOOKED_AT:
                break
        if able:
            self._widen(min(able, key=lambda mover: (-self._wanted(mover), mover)))
        return bool(able)

    def _able(self, mover: int) -> bool:
        """Whether a mover can still take two writes: it has no single one yet, here or as one that only helps."""
        if mover not in self.twicable or mover in self.twice:
            return False
        return mover in self._left or mover not in self.knot.loses

    def _widen(self, mover: int) -> None:
        self._left.pop(mover, None)
        self.twice.add(mover)
        self._serve(self.knot.gains.get(mover, ()))
        self._serve(self.knot.helps.get(mover, ()))

    def _wanted(self, mover: int) -> int:
        served = (*self.knot.gains.get(mover, ()), *self.knot.helps.get(mover, ()))
        return sum(len(self._waiting[at]) for at in served)

    def _force_one(self) -> None:
        """Write the mover that breaks least, of what is firm first; that counts as broken from here on."""

        def damage(mover: int) -> tuple[int, int]:
            broken = [self.knot.needs[at] for at in self.knot.loses[mover] if self._spare(at) < 1]
            return sum(need.firm for need in broken), len(broken)

        mover = min(islice(self._left, _LOOKED_AT), key=damage)
        for at in self.knot.loses[mover]:
            self.least[at] = min(self.least[at], self.serving[at] - 1)
        self._write(mover)
