"""A clock of the product's port whose waiting takes no time."""

from __future__ import annotations

import datetime as dt
import threading

from reconciler.errors import Interrupted


class StopSwitch:
    """Implements ports.Stop; set by hand."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.deferred = False

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._event.is_set()

    def set(self) -> None:
        """Ask the run to stop."""
        self._event.set()

    def defer(self) -> None:
        """A signal only sets this from now on."""
        self.deferred = True

    def resume(self) -> None:
        """Undo `defer`."""
        self.deferred = False


class VirtualClock:
    """Implements ports.Clock: a wait turns the clock and returns. `waits` has every wait, `held` every hold.

    `on_wait` is called with the seconds before each wait, for what shall happen meanwhile.
    """

    def __init__(self, stop: StopSwitch | None = None, *, now_s: float = 1000.0, on_wait=None) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._now_s = now_s
        self._on_wait = on_wait
        self.waits: list[float] = []
        self.held: list[float] = []

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return self._now_s

    def utc_now(self) -> dt.datetime:
        """The time of day, which goes with the seconds."""
        return dt.datetime(2024, 1, 16, 14, 20, tzinfo=dt.UTC) + dt.timedelta(seconds=self._now_s - 1000.0)

    def wait(self, seconds: float) -> None:
        """Turn the clock; raises Interrupted when the run is stopped."""
        if self._on_wait is not None:
            self._on_wait(seconds)
        if self._stop is not None and self._stop.is_set():
            raise Interrupted("interrupted")
        self.waits.append(seconds)
        self.turn(seconds)

    def hold(self, seconds: float) -> None:
        """Turn the clock, stopped or not."""
        self.held.append(seconds)
        self.turn(seconds)

    def turn(self, seconds: float) -> None:
        """Let so many seconds pass."""
        with self._lock:
            self._now_s += seconds
