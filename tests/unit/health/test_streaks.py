"""How many answers in a row decide."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.health.rounds import APART_S, ask_in_rounds
from reconciler.health.streaks import Streak, extend
from reconciler.health.targets import Admission
from reconciler.model.health import Health, HealthPolicy
from reconciler.model.policy import Guard
from tests.fakes.clock import VirtualClock
from tests.fakes.probing import BAD, GOOD, UNKNOWN, ScriptedProber

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


def test_a_one_shot_command_asks_as_often_as_it_takes():
    """A runner in rotation stays at one good answer and leaves after three bad ones in a row.

    One out of rotation needs two good answers in a row, and one bad one is enough. Rounds are a second apart, and no
    runner is asked without need.
    """
    admission = Admission(Guard(), "/system_stats")
    prober = ScriptedProber(
        {"up": [GOOD], "flaps": [BAD, BAD, GOOD], "down": [BAD], "back": [GOOD], "still": [GOOD, BAD]}
    )
    clock = VirtualClock()
    targets = [admission.admit(key, f"http://{key}", {}) for key in prober.script]
    found = ask_in_rounds(targets, prober, HealthPolicy(), clock, in_rotation={"up", "flaps", "down"})
    assert {key: probed.health.value for key, probed in found.items()} == {
        "up": "healthy",
        "flaps": "healthy",
        "down": "unhealthy",
        "back": "healthy",
        "still": "unhealthy",
    }
    assert prober.asked == [
        ["back", "down", "flaps", "still", "up"],
        ["back", "down", "flaps", "still"],
        ["down", "flaps"],
    ]
    assert clock.waits == [APART_S, APART_S]
    assert found["down"].reason == "it answers 404"
