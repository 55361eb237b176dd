from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.retry import (
    MAX_ATTEMPTS,
    MAX_TOTAL_S,
    backoff_s,
    cooldown_s,
    http_date,
    left_s,
    may_retry,
    retry_after_s,
)

NOW = dt.datetime(2024, 1, 16, 14, 20, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("attempts", "spent_s", "pause_s", "may"),
    [
        (1, 0.0, 1.0, True),
        (4, 0.0, 1.0, True),
        (5, 0.0, 1.0, False),
        (1, 50.0, 8.9, True),
        (1, 50.0, 9.0, True),
        (1, 50.0, 9.1, False),
        (1, 0.0, math.inf, False),
    ],
)
def test_five_attempts_and_a_minute(attempts, spent_s, pause_s, may):
    """At most five attempts, and none that would have less than a second of the minute left."""
    assert may_retry(attempts, spent_s, pause_s) is may


@pytest.mark.parametrize(("spent", "left"), [(0.0, 60.0), (31.0, 29.0), (59.0, 1.0), (59.9, 1.0)])
def test_a_repeat_gets_what_is_left_of_the_minute(spent, left):
    """And a second at least."""
    assert left_s(spent) == left


@given(st.integers(1, MAX_ATTEMPTS), st.floats(0, 1), st.one_of(st.none(), st.floats(0, 100)))
def test_backoff_is_full_jitter_on_top_of_what_was_asked(attempts, chance, asked):
    """From what the service asked for, up to half a second more, doubled with every attempt, eight at most."""
    pause = backoff_s(attempts, asked, lambda: chance)
    assert (asked or 0) <= pause <= (asked or 0) + min(8.0, 0.5 * 2 ** (attempts - 1))


@pytest.mark.parametrize(("attempts", "longest"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (9, 8.0)])
def test_backoff_doubles_up_to_its_cap(attempts, longest):
    """The longest pause after each attempt."""
    assert backoff_s(attempts, None, lambda: 1.0) == longest
    assert backoff_s(attempts, None, lambda: 0.0) == 0.0


@pytest.mark.parametrize(
    ("asked", "pause"), [(None, 10.0), (0.0, 0.0), (3.0, 3.0), (60.0, 60.0), (61.0, 60.0), (math.inf, 60.0)]
)
def test_a_cooldown_is_what_was_asked_else_one_window(asked, pause):
    """At most a minute, and up to a second of jitter."""
    assert cooldown_s(10.0, asked, lambda: 0.0) == pause
    assert cooldown_s(10.0, asked, lambda: 1.0) == pause + 1.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("999999999", 999999999.0),
        ("9" * 5000, math.inf),
        ("Tue, 16 Jan 2024 14:20:30 GMT", 30.0),
        ("Tue, 16 Jan 2024 14:19:30 GMT", 0.0),
        ("Tuesday, 16-Jan-24 14:20:05 GMT", 5.0),
        ("Tue Jan 16 14:20:05 2024", 5.0),
        ("Tue, 16 Jan 2024 14:20:30 -0000", 30.0),
        ("", None),
        ("-3", None),
        ("3.5", None),
        ("soon", None),
        ("٣", None),
        ("Tue, 99 Jan 2024 99:20:30 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -1400", None),
    ],
)
def test_retry_after_in_both_forms(value, seconds):
    """A count of seconds or a date; what can't be read asks for nothing."""
    assert retry_after_s(value, NOW) == seconds


@given(st.text(max_size=60))
def test_no_header_breaks_the_reading(value):
    """Any text gives None or seconds that are not negative."""
    seconds = retry_after_s(value, NOW)
    assert seconds is None or seconds >= 0.0


def test_a_date_header_gives_an_aware_moment():
    """The service's own time, where it tells it."""
    assert http_date("Tue, 16 Jan 2024 14:20:00 GMT") == NOW
    assert http_date(None) is None
    assert http_date("today") is None


def test_a_persistent_429_fits_into_the_minute():
    """Five attempts with the documented cooldown between them are within the bound."""
    assert (MAX_ATTEMPTS - 1) * cooldown_s(10.0, None, lambda: 1.0) <= MAX_TOTAL_S
