"""The emulator's time: a protocol, so that tests turn the clock, and the real one."""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """What the service reads the time from."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""

    def utc_now(self) -> dt.datetime:
        """Return the time of day, aware, UTC."""


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    def utc_now(self) -> dt.datetime:
        """Return the time of day, aware, UTC."""
        return dt.datetime.now(dt.UTC)


def stamp(moment: dt.datetime) -> str:
    """Return the API's timestamp: ISO 8601, UTC, to the second (`2024-01-15T10:30:00Z`). `moment` is aware."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_stamp(text: str) -> dt.datetime:
    """Parse an aware moment from ISO 8601; without an offset it is read as UTC. Raises ValueError."""
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
