"""The rate limit: a sliding window for each address, and the cooldown that follows when it is passed."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

_ADDRESSES_KEPT = 1024


@dataclass(slots=True)
class _Visitor:
    arrivals: deque[float] = field(default_factory=deque)
    cooled_at: float | None = None


class Limiter:
    """Admits `requests` in any `window_s` seconds per address; one more starts a cooldown of `window_s` seconds.

    The documented limit is 40 requests in 10 seconds with a cooldown of 10 seconds, in which nothing is processed and
    after which the limit starts afresh. Not documented: whether a request refused during the cooldown prolongs it.
    Here it does not, for the cooldown is said to last 10 seconds. The counts live in memory: every process that opens
    the same store counts for itself.
    """

    def __init__(self, requests: int, window_s: float) -> None:
        self._requests = requests
        self._window_s = window_s
        self._visitors: dict[str, _Visitor] = {}
        self._lock = threading.Lock()

    def admit(self, address: str, now: float) -> float:
        """Count one arrival at `now` (monotonic seconds); 0 when it is admitted, else the seconds left to wait."""
        with self._lock:
            if len(self._visitors) > _ADDRESSES_KEPT:
                self._forget_idle(now)
            visitor = self._visitors.setdefault(address, _Visitor())
            if visitor.cooled_at is not None:
                if now < visitor.cooled_at:
                    return visitor.cooled_at - now
                visitor.cooled_at = None
                visitor.arrivals.clear()
            while visitor.arrivals and visitor.arrivals[0] <= now - self._window_s:
                visitor.arrivals.popleft()
            if len(visitor.arrivals) < self._requests:
                visitor.arrivals.append(now)
                return 0.0
            visitor.cooled_at = now + self._window_s
            return self._window_s

    def _forget_idle(self, now: float) -> None:
        horizon = now - self._window_s
        self._visitors = {
            address: visitor
            for address, visitor in self._visitors.items()
            if (visitor.cooled_at is not None and visitor.cooled_at > now)
            or (visitor.arrivals and visitor.arrivals[-1] > horizon)
        }
