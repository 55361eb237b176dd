"""What a watch knows of a fleet, and whom it must not write yet."""

from __future__ import annotations

import pytest

from reconciler.health.asking import ask_for_plan, observe
from reconciler.health.checkups import Checkups
from reconciler.model.health import Health, HealthPolicy
from reconciler.model.policy import Guard
from reconciler.planning.health import Case, Question
from tests.fakes.clock import VirtualClock
from tests.fakes.probing import BAD, GOOD, ScriptedProber
from tests.fakes.runners import make_spec

ONCE = HealthPolicy(unhealthy_after=1, healthy_after=1)


def question(key, case=Case.STAYS, *, auto=True, host=None):
    """A runner to ask, at a host of its own."""
    return Question(key, make_spec(name=key, endpoint=f"http://{host or key}"), case, auto)


def observed(script, *asked, policy=ONCE, guard=None):
    """What is known after one look."""
    clock = VirtualClock()
    return observe(asked, guard or Guard(), policy, Checkups(ScriptedProber(script), clock))


@pytest.mark.parametrize(
    ("case", "answer", "held"),
    [
        (Case.CREATES, GOOD, False),
        (Case.CREATES, BAD, True),
        (Case.MOVES, BAD, True),
        (Case.MOVES, GOOD, False),
        (Case.ENTERS, BAD, False),
        (Case.STAYS, BAD, False),
    ],
)
def test_an_automatic_runner_waits_until_its_endpoint_answers(case, answer, held):
    """It is neither created nor moved while active before that; any other is written as ever."""
    found = observed({"a": [answer], "b": [answer]}, question("a", case), question("b", case, auto=False))
    assert found.held == ({"a"} if held else set())
    assert found.health == {"a": answer, "b": answer}


def test_what_is_not_sure_yet_is_held_too():
    """A create of an automatic runner waits for as many good answers as activating takes."""
    found = observed({"a": [GOOD]}, question("a", Case.CREATES), policy=HealthPolicy(healthy_after=2))
    assert found.held == {"a"}
    assert found.health["a"].health is Health.UNKNOWN


def test_who_may_not_be_asked_is_unknown():
    """A host that the guard leaves out is not asked, has a reason, and is not waited for."""
    guard = Guard(endpoint_hosts=("a",))
    found = observed({"a": [GOOD]}, question("a"), question("b", Case.CREATES), guard=guard)
    assert (found.health["a"], found.health["b"].health, found.held) == (GOOD, Health.UNKNOWN, frozenset())
    assert "endpoint_hosts" in found.health["b"].reason
    once = ask_for_plan([question("b")], guard, ONCE, ScriptedProber({}), VirtualClock())
    assert once["b"] == found.health["b"]
