from __future__ import annotations

import gc
import heapq
import math
import threading
import weakref
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.signals import StopFlag
from reconciler.api.limiter import SLACK, Limiter, SlidingWindow, limiter_for
from reconciler.errors import Interrupted
from reconciler.settings import RateLimit
from tests.fakes.clock import VirtualClock


def simulate(count, requests, window_s, workers, latency, stamp):
    """Send `count` requests on virtual time with so many workers.

    `latency(n)` is how long request n takes, `stamp(n)` where in that time, from 0 to 1, the server stamps its arrival.
    Gives the stamps and the time at which the last request was sent.
    """
    window = SlidingWindow(requests, window_s)
    now, sent, last_sent = 0.0, 0, 0.0
    answers: list[float] = []
    stamps: list[float] = []
    while sent < count:
        while answers and answers[0] <= now:
            window.release(heapq.heappop(answers))
        pause = window.acquire(now) if len(answers) < workers else math.inf
        if pause == 0.0:
            took = latency(sent)
            heapq.heappush(answers, now + took)
            stamps.append(now + took * stamp(sent))
            last_sent = now
            sent += 1
            continue
        following = now + max(pause, 1e-6)
        now = min(following, answers[0]) if answers else following
    return stamps, last_sent


def busiest(stamps, window_s):
    """The judge: the most arrivals in any window of that length, its end excluded."""
    ordered = sorted(stamps)
    most = first = 0
    for last, stamp in enumerate(ordered):
        while stamp - ordered[first] >= window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


@given(
    requests=st.integers(1, 12),
    window_s=st.floats(0.5, 20),
    workers=st.integers(1, 8),
    delays=st.lists(st.tuples(st.floats(0, 30), st.floats(0, 1)), min_size=1, max_size=80),
)
def test_never_more_than_the_limit_in_any_window(requests, window_s, workers, delays):
    """Wherever between send and answer the server stamps an arrival, no window holds more than the limit."""
    stamps, _last = simulate(len(delays), requests, window_s, workers, lambda n: delays[n][0], lambda n: delays[n][1])
    assert len(stamps) == len(delays)
    assert busiest(stamps, window_s) <= requests


@given(
    count=st.integers(1, 250),
    requests=st.integers(1, 50),
    window_s=st.floats(1, 20),
    fraction=st.floats(0, 0.04),
)
def test_a_quick_service_is_used_to_its_limit(count, requests, window_s, fraction):
    """K requests are sent within 1.05 of the floor, (K-1) // N windows, when answers take up to 4% of a window."""
    latency = window_s * fraction
    _stamps, last = simulate(count, requests, window_s, requests, lambda _n: latency, lambda _n: 0.5)
    floor = (count - 1) // requests * window_s
    assert last <= floor * 1.05 + 1e-6


def test_the_documented_limit_at_its_scale():
    """200 requests at 40 in 10 seconds, 8 at once, stamped up to half a second late: never over, and 1.05 of 40 s."""
    stamps, last = simulate(200, 40, 10.0, 8, lambda n: 0.05 + 0.45 * (n * 7 % 10 == 0), lambda n: n % 11 / 10)
    assert busiest(stamps, 10.0) <= 40
    assert 40.0 <= last <= 40.0 * 1.05


def test_windows_from_the_send_would_break_the_rule():
    """The judge can fail: with slots that free one window after the send, late stamps make a window too full."""
    stamps = []
    for number in range(80):
        sent = number // 40 * 10.0
        stamps.append(sent + (0.5 if number < 40 else 0.0))
    assert busiest(stamps, 10.0) == 80


def test_a_slot_frees_one_window_after_its_answer():
    """Just before: a wait. At that moment: free."""
    window = SlidingWindow(1, 10.0)
    assert window.acquire(0.0) == 0.0
    assert window.acquire(3.0) == math.inf
    window.release(5.0)
    free = 5.0 + 10.0 * SLACK
    assert window.acquire(free - 0.5) == pytest.approx(0.5)
    assert window.acquire(free) == 0.0


def test_a_cooldown_blocks_free_slots_too():
    """During a cooldown nothing is let through; a longer one prolongs it, a shorter one doesn't end it."""
    window = SlidingWindow(5, 10.0)
    assert window.cooldown(100.0, 10.0) is True
    assert window.acquire(100.0) == 10.0
    assert window.cooldown(101.0, 12.0) is False
    assert window.cooldown(102.0, 1.0) is False
    assert window.acquire(112.5) == 0.5
    assert window.acquire(113.0) == 0.0
    assert window.cooldown(113.0, 1.0) is True


def test_two_slots_are_taken_at_once_or_not_at_all():
    """With one slot left nobody gets two; the wait is until the second is free, or an answer comes."""
    window = SlidingWindow(3, 10.0)
    assert window.acquire(0.0, 2) == 0.0
    assert window.acquire(0.0, 2) == math.inf
    window.release(1.0)
    window.release(2.0)
    assert window.acquire(2.0, 2) == pytest.approx(1.0 + 10.0 * SLACK - 2.0)
    assert window.acquire(2.0, 3) == pytest.approx(10.0 * SLACK)
    assert window.acquire(1.0 + 10.0 * SLACK, 2) == 0.0


def test_a_slot_that_is_not_used_is_free_at_once():
    """Nothing was sent with it, so no window has to pass."""
    window = SlidingWindow(2, 10.0)
    assert window.acquire(0.0, 2) == 0.0
    window.give_back()
    assert window.acquire(0.0) == 0.0


def test_a_slot_taken_before_sits_out_a_cooldown():
    """A request whose slot was reserved is not let through during a cooldown either."""
    clock = VirtualClock()
    limiter = Limiter(RateLimit(2, 10.0))
    limiter.acquire(clock, clock.wait, 2)
    limiter.sit_out(clock, clock.wait)
    assert clock.waits == []
    limiter.cooldown(clock, 7.0)
    limiter.sit_out(clock, clock.wait)
    assert sum(clock.waits) == pytest.approx(7.0)


def test_first_come_first_served():
    """Threads get their slots in the order in which they asked."""
    clock = VirtualClock()
    limiter = Limiter(RateLimit(1, 1.0))
    limiter.acquire(clock, clock.wait)
    served, threads = [], []
    for number in range(6):
        queued = threading.Event()

        def ask(number=number):
            limiter.acquire(clock, clock.wait)
            served.append(number)
            limiter.release(clock)

        thread = threading.Thread(target=ask)
        thread.start()
        while len(limiter._queue) < number + 1 and thread.is_alive():
            queued.wait(0.001)
        threads.append(thread)
    limiter.release(clock)
    for thread in threads:
        thread.join(timeout=10)
    assert served == list(range(6))


def test_a_wait_that_is_broken_off_takes_no_slot():
    """What `wait` raises comes through, the queue is left, and the slot is there for the next one."""
    clock = VirtualClock()
    limiter = Limiter(RateLimit(1, 1.0))
    limiter.acquire(clock, clock.wait)
    limiter.release(clock)

    def broken(_seconds):
        raise Interrupted("interrupted")

    with pytest.raises(Interrupted):
        limiter.acquire(clock, broken)
    limiter.acquire(clock, clock.wait)
    assert clock.waits == [pytest.approx(SLACK)]


def test_clients_of_one_host_share_their_limiter():
    """The limit counts addresses: same host and clock, same limiter; another host or limit, another one."""
    clock, limit = VirtualClock(), RateLimit(40, 10.0)
    one = limiter_for("api.example.com", limit, clock)
    assert limiter_for("api.example.com", limit, clock) is one
    assert limiter_for("api.example.com:8443", limit, clock) is not one
    assert limiter_for("api.example.com", RateLimit(20, 10.0), clock) is not one
    assert limiter_for("api.example.com", limit, VirtualClock()) is not one


def test_a_stop_ends_every_wait_at_once():
    """Whoever waits, first in the queue or behind, for time or for an answer, is let go by a stop."""
    stop = StopFlag()
    clock = SystemClock(stop)
    limiter = Limiter(RateLimit(1, 1000.0))
    limiter.acquire(clock, clock.wait)
    limiter.release(clock)
    ended = []

    def ask():
        try:
            limiter.acquire(clock, clock.wait)
        except Interrupted as exc:
            ended.append(exc)

    threads = [threading.Thread(target=ask, daemon=True) for _each in range(4)]
    for thread in threads:
        thread.start()
    stop.set()
    for thread in threads:
        thread.join(timeout=20)
    assert len(ended) == 4


@dataclass
class Unhashable:
    """A clock as a plain data class is one: equal by value, without a hash."""

    def monotonic(self):
        """See Clock."""
        return 0.0


class Slotted:
    """A clock that can't be referred to weakly."""

    __slots__ = ()
    monotonic = Unhashable.monotonic


@pytest.mark.parametrize("kind", [Unhashable, Slotted])
def test_any_object_can_be_a_clock(kind):
    """One that has no hash or no weak reference shares limiters with itself, not with its equals."""
    clock, other = kind(), kind()
    one = limiter_for("api.example.com", RateLimit(40, 10.0), clock)
    assert limiter_for("api.example.com", RateLimit(40, 10.0), clock) is one
    assert limiter_for("api.example.com", RateLimit(40, 10.0), other) is not one


def test_the_limiters_of_a_clock_end_with_it():
    """The next object at the same place in memory starts anew, and nothing is kept."""
    clock = Unhashable()
    limiter = weakref.ref(limiter_for("api.example.com", RateLimit(40, 10.0), clock))
    del clock
    gc.collect()
    assert limiter() is None
