"""Asking a fleet again and again: who is due, what is known, and what is forgotten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Unreachable
from reconciler.health.checkups import JITTER, Checkups
from reconciler.model.health import Health, HealthPolicy
from reconciler.model.secret import Secret
from tests.fakes.clock import VirtualClock
from tests.fakes.probing import BAD, GOOD, UNKNOWN, ScriptedProber, target

POLICY = HealthPolicy(interval_s=30.0, unhealthy_after=3, healthy_after=2)


def checked(script, *, chance=0.0, takes_s=0.0):
    """Checkups over a scripted prober that ask on a clock of their own."""
    clock = VirtualClock()
    prober = ScriptedProber(script, clock=clock, takes_s=takes_s)
    return Checkups(prober, clock, chance=lambda: chance), prober, clock


def healths(found):
    """What is known, in words."""
    return {key: probed.health.value for key, probed in found.items()}


def test_health_is_known_after_so_many_answers_and_stays_until_as_many_say_otherwise():
    """Two good answers make healthy, three bad ones unhealthy; until then it is what it was, at first unknown."""
    checkups, _prober, clock = checked({"a": [GOOD, GOOD, BAD, BAD, UNKNOWN, BAD, GOOD, GOOD]})
    seen = []
    for _ in range(8):
        found = checkups.check([target("a")], POLICY)["a"]
        seen.append((found.health.value, bool(found.reason)))
        clock.turn(30.0)
    unknown, healthy, unhealthy = ("unknown", True), ("healthy", False), ("unhealthy", True)
    assert [health for health, _ in seen] == ["unknown", *["healthy"] * 4, *["unhealthy"] * 2, "healthy"]
    assert seen[0] == unknown
    assert healthy in seen
    assert unhealthy in seen


@pytest.mark.parametrize(("chance", "after_s", "asked"), [(0.0, 29.9, 1), (0.0, 30.0, 2), (1.0, 32.9, 1), (1.0, 33, 2)])
def test_a_runner_is_asked_an_interval_later_or_a_little_after_never_before(chance, after_s, asked):
    """The interval is the least time between two probes of a runner; chance only adds to it."""
    checkups, prober, clock = checked({"a": [GOOD]}, chance=chance)
    checkups.check([target("a")], POLICY)
    assert checkups.next_due_s == clock.monotonic() + 30.0 * (1 + JITTER * chance)
    clock.turn(after_s)
    checkups.check([target("a")], POLICY)
    assert len(prober.asked) == asked


def test_the_interval_counts_from_the_end_of_the_probes():
    """A probe may begin as late as a round ends, so the next one is an interval after that."""
    checkups, _prober, clock = checked({"a": [GOOD]}, takes_s=12.0)
    checkups.check([target("a")], POLICY)
    assert checkups.next_due_s == clock.monotonic() + 30.0


@pytest.mark.parametrize(
    "changed", [target("a", "http://other"), target("a", headers={"X": Secret("2")}), target("a", headers={})]
)
def test_another_endpoint_or_other_headers_begin_a_new_row(changed):
    """What the old address answered says nothing of the new one, which waits for its turn like any other."""
    checkups, prober, clock = checked({"a": [BAD]})
    before = target("a", headers={"X": Secret("1")})
    for _ in range(3):
        found = checkups.check([before], POLICY)
        clock.turn(30.0)
    assert healths(found) == {"a": "unhealthy"}
    clock.turn(-1.0)
    assert healths(checkups.check([changed], POLICY)) == {"a": "unknown"}
    assert len(prober.asked) == 3
    clock.turn(1.0)
    checkups.check([changed], POLICY)
    assert len(prober.asked) == 4


def test_headers_in_another_spelling_are_the_same():
    """The case of a header's name and the order of headers do not begin a new row."""
    checkups, _prober, clock = checked({"a": [BAD]})
    for headers in (
        {"X-A": "1", "X-B": Secret("2")},
        {"x-b": Secret("2"), "x-a": "1"},
        {"X-a": "1", "X-b": Secret("2")},
    ):
        found = checkups.check([target("a", headers=headers)], POLICY)
        clock.turn(30.0)
    assert healths(found) == {"a": "unhealthy"}


def test_a_runner_that_is_gone_is_forgotten():
    """It has no health and is not waited for; back again, it begins anew, and not before its interval is over."""
    checkups, prober, clock = checked({"a": [BAD], "b": [GOOD]})
    for _ in range(3):
        checkups.check([target("a"), target("b")], POLICY)
        clock.turn(30.0)
    clock.turn(-10.0)
    assert healths(checkups.check([target("b")], POLICY)) == {"b": "healthy"}
    assert healths(checkups.check([target("a"), target("b")], POLICY)) == {"a": "unknown", "b": "healthy"}
    assert len(prober.asked) == 3
    assert checkups.check([], POLICY) == {}
    assert checkups.next_due_s is None


def test_a_prober_that_fails_is_not_asked_at_once_again():
    """Probes may have been sent before it failed: what is due next is an interval away."""

    class Failing:
        def ask(self, targets, *, timeout_s):
            raise Unreachable(f"{len(targets)} in {timeout_s}")

    clock = VirtualClock()
    checkups = Checkups(Failing(), clock, chance=lambda: 0.0)
    with pytest.raises(Unreachable):
        checkups.check([target("a")], POLICY)
    assert checkups.next_due_s == clock.monotonic() + 30.0
    assert healths(checkups.check([target("a")], POLICY)) == {"a": "unknown"}


@given(
    st.lists(st.tuples(st.sets(st.sampled_from("abcd")), st.floats(0, 45), st.sampled_from("12")), max_size=25),
    st.floats(0, 1),
    st.floats(0, 20),
)
def test_no_runner_is_asked_twice_within_an_interval(cycles, chance, takes_s):
    """Whatever cycles come, runners that come and go, and addresses that change: probes are an interval apart."""
    checkups, prober, clock = checked({key: [GOOD] for key in "abcd"}, chance=chance, takes_s=takes_s)
    last = {}
    for keys, pause_s, host in cycles:
        before = len(prober.asked)
        found = checkups.check([target(key, f"http://{key}{host}") for key in sorted(keys)], POLICY)
        assert found.keys() == keys
        assert all(each.health is not Health.UNHEALTHY for each in found.values())
        for key in prober.asked[-1] if len(prober.asked) > before else ():
            assert clock.monotonic() - takes_s - last.get(key, -100.0) >= POLICY.interval_s - 1e-6
            last[key] = clock.monotonic()
        assert (checkups.next_due_s is None) == (not keys)
        clock.turn(pause_s)
