"""When to try again, and after how long. Pure: chance and time come in as arguments.

Backoff with full jitter spreads clients that failed together over the whole interval, not only over its edge.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_ATTEMPTS: Final = 5
MAX_TOTAL_S: Final = 60.0
"""Seconds for all attempts of one request and the pauses between them; waiting for a slot of the limiter is apart."""

LEAST_ATTEMPT_S: Final = 1.0

_FIRST_BACKOFF_S: Final = 0.5
_LONGEST_BACKOFF_S: Final = 8.0
_COOLDOWN_JITTER_S: Final = 1.0


def may_retry(attempts: int, spent_s: float, pause_s: float, total_s: float = MAX_TOTAL_S) -> bool:
    """Whether another attempt is left after `attempts`, and time for it after `spent_s` and a pause."""
    return attempts < MAX_ATTEMPTS and spent_s + pause_s + LEAST_ATTEMPT_S <= total_s


def left_s(spent_s: float) -> float:
    """Return how long another attempt may take, at least a second: less could not succeed at all (see `may_retry`)."""
    return max(LEAST_ATTEMPT_S, MAX_TOTAL_S - spent_s)


def backoff_s(attempts: int, asked_s: float | None, chance: Callable[[], float]) -> float:
    """Return the pause after so many attempts: what Retry-After asked for, and on top up to 0.5, 1, 2, … 8 s.

    `chance` gives a number from 0 to 1.
    """
    longest = min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2.0 ** (attempts - 1))
    return (asked_s or 0.0) + chance() * longest


def cooldown_s(window_s: float, asked_s: float | None, chance: Callable[[], float]) -> float:
    """Return how long nothing is sent after a 429: what the service asked for, else one window; and up to 1 s on top.

    At most MAX_TOTAL_S before the jitter: a request that is asked to wait longer gives up, the next one may ask again.
    """
    asked = window_s if asked_s is None else asked_s
    return min(asked, MAX_TOTAL_S) + chance() * _COOLDOWN_JITTER_S


def asked_s(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Read the seconds that an answer asks to wait, by its own Date where it has one: its clock and ours differ."""
    return retry_after_s(headers.get("retry-after"), http_date(headers.get("date")) or now)


def retry_after_s(value: str | None, now: dt.datetime) -> float | None:
    """Read a Retry-After header, a count of seconds or a date (RFC 9110, 10.2.3); None if it is neither."""
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"[0-9]+", text, re.ASCII):
        return float(text) if len(text) < 10 else math.inf  # noqa: PLR2004 - ten digits are three centuries
    moment = http_date(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def http_date(text: str | None) -> dt.datetime | None:
    """Return the moment in a date header (RFC 9110, 5.6.7), aware; None if unreadable."""
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
