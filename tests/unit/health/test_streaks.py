"""How many answers in a row decide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.health.rounds import APART_S, ask_in_rounds
from reconciler.health.streaks import Streak, extend
from reconciler.model.health import Health, HealthPolicy
from reconciler.planning.health import Case
from tests.fakes.clock import VirtualClock
from tests.fakes.probing import BAD, GOOD, UNKNOWN, ScriptedProber, target

ANSWERS = st.lists(st.sampled_from([GOOD, BAD, UNKNOWN]), max_size=12)
POLICIES = st.builds(HealthPolicy, unhealthy_after=st.integers(1, 4), healthy_after=st.integers(1, 4))


@given(ANSWERS, POLICIES)
def test_a_change_of_health_takes_so_many_answers_in_a_row(answers, policy):
    """It turns unhealthy exactly after unhealthy_after bad answers in a row, healthy after healthy_after good ones."""
    streak = Streak()
    known = []
    for answer in answers:
        before, streak = streak, extend(streak, answer, policy)
        known = [*known, answer] if answer is not UNKNOWN else known
        if streak.health is not before.health:
            needed = policy.healthy_after if streak.health is Health.HEALTHY else policy.unhealthy_after
            assert known[-needed:] == [GOOD if streak.health is Health.HEALTHY else BAD] * needed
        if known[-policy.unhealthy_after :] == [BAD] * policy.unhealthy_after:
            assert streak.health is Health.UNHEALTHY
        if known[-policy.healthy_after :] == [GOOD] * policy.healthy_after:
            assert streak.health is Health.HEALTHY


@pytest.mark.parametrize(
    ("case", "answers", "health", "probes"),
    [
        (Case.STAYS, [GOOD], "healthy", 1),
        (Case.STAYS, [BAD, BAD, GOOD], "healthy", 3),
        (Case.STAYS, [BAD, BAD, BAD], "unhealthy", 3),
        (Case.ENTERS, [BAD], "unhealthy", 1),
        (Case.ENTERS, [GOOD, GOOD], "healthy", 2),
        (Case.ENTERS, [GOOD, BAD], "unhealthy", 2),
        (Case.CREATES, [GOOD, GOOD], "healthy", 2),
        (Case.CREATES, [BAD], "unhealthy", 1),
        (Case.MOVES, [GOOD, GOOD], "healthy", 2),
        (Case.MOVES, [BAD, BAD, GOOD, GOOD], "healthy", 4),
        (Case.MOVES, [GOOD, BAD, BAD, BAD], "unhealthy", 4),
        (Case.MOVES, [GOOD, BAD, GOOD, BAD, GOOD], "unhealthy", 5),
        (Case.STAYS, [BAD, UNKNOWN], "unknown", 2),
    ],
)
def test_a_one_shot_command_asks_as_often_as_it_takes(case, answers, health, probes):
    """Three bad answers in a row to leave, two good ones to enter; rounds a second apart, and no probe without need."""
    prober, clock = ScriptedProber({"a": answers}), VirtualClock()
    found = ask_in_rounds([target("a")], {"a": case}, prober, HealthPolicy(), clock)
    assert found["a"].health.value == health
    assert len(prober.asked) == probes
    assert clock.waits == [APART_S] * (probes - 1)
    assert ("404" in found["a"].reason) == (health == "unhealthy")


def test_each_round_asks_only_who_is_not_decided():
    """Who is decided is left alone, and nobody to ask is no round."""
    script = {"up": [GOOD], "down": [BAD], "back": [GOOD]}
    prober = ScriptedProber(script)
    cases = {"up": Case.STAYS, "down": Case.STAYS, "back": Case.ENTERS}
    ask_in_rounds([target(key) for key in script], cases, prober, HealthPolicy(), VirtualClock())
    assert prober.asked == [["back", "down", "up"], ["back", "down"], ["down"]]
    assert ask_in_rounds([], {}, prober, HealthPolicy(), VirtualClock()) == {}
    assert len(prober.asked) == 3
