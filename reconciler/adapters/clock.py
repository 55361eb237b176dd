"""The real clock, whose waits end when the run is asked to stop."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Final

from reconciler.errors import Interrupted

if TYPE_CHECKING:
    from reconciler.adapters.signals import WaitableStop


class _Timeline:
    """Seconds since one moment: what all clocks of a process count."""


_PROCESS: Final = _Timeline()


class SystemClock:
    """Implements ports.Clock. All of a process share one rate limit a host, each with the stop of its own run."""

    timeline: Final = _PROCESS

    def __init__(self, stop: WaitableStop) -> None:
        self._stop = stop

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    def utc_now(self) -> dt.datetime:
        """Return the time of day, aware, UTC."""
        return dt.datetime.now(dt.UTC)

    def wait(self, seconds: float) -> None:
        """Wait; raises Interrupted as soon as the run is stopped."""
        if self._stop.wait(max(0.0, seconds)):
            raise Interrupted("interrupted")

    def hold(self, seconds: float) -> None:
        """Wait to the end although the run was stopped."""
        time.sleep(max(0.0, seconds))
