"""Pacing: the service never sees more than its limit, wherever between send and answer it stamps an arrival.

The limit counts arrivals at the service in any window, and when one arrived is not known here: somewhere between its
send and its answer. So a slot that a request took is free again one window after its *answer*; after a timeout, one
window after giving up. Windows counted from the send trip the limit as soon as answers take unevenly long.
"""

from __future__ import annotations

import heapq
import math
import threading
from collections import deque
from typing import TYPE_CHECKING, Final
from weakref import finalize

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.ports import Clock
    from reconciler.settings import RateLimit

SLACK: Final = 1.001
"""By how much a window is taken longer than it is: the service's clock and ours tick apart, and in milliseconds."""

_SHORTEST_WAIT_S: Final = 0.001
"""A shorter one could vanish in the rounding of a float clock, and never end."""


class SlidingWindow:
    """The rule, without a clock and without threads: at most `requests` in any `seconds`. Times are in seconds."""

    def __init__(self, requests: int, seconds: float) -> None:
        self._requests = requests
        self._window_s = seconds * SLACK
        self._in_flight = 0
        self._free_at: list[float] = []
        self._blocked_until = -math.inf

    def acquire(self, now: float, slots: int = 1) -> float:
        """0 when the slots were taken at `now`, else the seconds to wait; infinity when only answers can free them."""
        if now < self._blocked_until:
            return self._blocked_until - now
        while self._free_at and self._free_at[0] <= now:
            heapq.heappop(self._free_at)
        missing = self._in_flight + len(self._free_at) + slots - self._requests
        if missing <= 0:
            self._in_flight += slots
            return 0.0
        return heapq.nsmallest(missing, self._free_at)[-1] - now if missing <= len(self._free_at) else math.inf

    def give_back(self) -> None:
        """Give back a slot that was taken and is not used."""
        self._in_flight -= 1

    def blocked_for(self, now: float) -> float:
        """Return the seconds of a cooldown that are left; 0 or less when there is none."""
        return self._blocked_until - now

    def release(self, now: float) -> None:
        """Note that a request was answered at `now`, or given up."""
        self._in_flight -= 1
        heapq.heappush(self._free_at, now + self._window_s)

    def cooldown(self, now: float, seconds: float) -> bool:
        """Let nothing through for so long; False where a cooldown is already running, which it may make longer."""
        begins = now >= self._blocked_until
        self._blocked_until = max(self._blocked_until, now + seconds)
        return begins


class Limiter:
    """The rule for threads, first come first served. All times are of one clock, which every call brings."""

    def __init__(self, limit: RateLimit) -> None:
        self._window = SlidingWindow(limit.requests, limit.seconds)
        self._turn = threading.Condition()
        self._queue: deque[object] = deque()

    def acquire(self, clock: Clock, wait: Callable[[float], None], slots: int = 1) -> None:
        """Wait for so many slots and take them at once. What `wait` raises ends the waiting; none is taken then."""
        ticket = object()
        with self._turn:
            self._queue.append(ticket)
            try:
                while True:
                    pause = math.inf
                    if self._queue[0] is ticket:
                        pause = self._window.acquire(clock.monotonic(), slots)
                    if pause <= 0.0:
                        return
                    if pause == math.inf:
                        self._turn.wait()
                    else:
                        self._wait_outside(max(pause, _SHORTEST_WAIT_S), wait)
            finally:
                self._queue.remove(ticket)
                self._turn.notify_all()

    def sit_out(self, clock: Clock, wait: Callable[[float], None]) -> None:
        """Wait until no cooldown is running: for a request whose slot was taken before."""
        with self._turn:
            while (pause := self._window.blocked_for(clock.monotonic())) > 0.0:
                self._wait_outside(max(pause, _SHORTEST_WAIT_S), wait)

    def give_back(self) -> None:
        """Give back a slot that was taken and is not used."""
        with self._turn:
            self._window.give_back()
            self._turn.notify_all()

    def release(self, clock: Clock) -> None:
        """Give the slot back: the request was answered, or given up."""
        with self._turn:
            self._window.release(clock.monotonic())
            self._turn.notify_all()

    def cooldown(self, clock: Clock, seconds: float) -> bool:
        """Let nothing through for so long; False where a cooldown is already running."""
        with self._turn:
            return self._window.cooldown(clock.monotonic(), seconds)

    def _wait_outside(self, seconds: float, wait: Callable[[float], None]) -> None:
        """Only the first in the queue waits by the clock; the lock is free meanwhile, so that answers can come in."""
        self._turn.release()
        try:
            wait(seconds)
        finally:
            self._turn.acquire()


_limiters: dict[int, dict[tuple[str, RateLimit], Limiter]] = {}
"""By the identity of a timeline: a clock that is handed in may be neither hashable nor weakly referable."""
_kept: list[object] = []
_limiters_lock = threading.Lock()


def limiter_for(host: str, limit: RateLimit, clock: Clock) -> Limiter:
    """Return the one limiter for a host (with port): clients on the same time share it, for the limit counts addresses.

    Clocks that have one `timeline` count the same seconds; one without a timeline is its own.
    """
    with _limiters_lock:
        known = _of_timeline(getattr(clock, "timeline", clock))
        return known.setdefault((host, limit), Limiter(limit))


def _of_timeline(timeline: object) -> dict[tuple[str, RateLimit], Limiter]:
    """The limiters of one timeline, for as long as it lives: another object may have its identity then."""
    known = _limiters.get(id(timeline))
    if known is None:
        known = _limiters[id(timeline)] = {}
        try:
            finalize(timeline, _limiters.pop, id(timeline), None)
        except TypeError:  # it can't be referred to weakly
            _kept.append(timeline)
    return known
