"""Events: once for each transition."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.health import Health, Probed
from reconciler.operator.statuses.events import MAX_MESSAGE, Notice, event
from reconciler.watch.status import CycleResult
from tests.fakes.kubernetes.observing import LATER, NOW, ONE, again, events, observed, report
from tests.fakes.resources import runner

DRIFT = ((ONE, ("tags",)),)
IN_STEP = observed()
REPORTED = observed(CycleResult.DRIFT, drifted=DRIFT)
REFUSED = observed(CycleResult.REFUSED, drifted=DRIFT, findings=((ONE, "why"),))
AWAY = observed(CycleResult.ERROR, planned=False, status={"troubles": {"reads": "away"}})
SUSPENDED = observed(CycleResult.SUSPENDED, status={"suspended": True})
SICK = observed(status={"health": {ONE: Probed(Health.UNHEALTHY, "refused")}})
WELL = observed(status={"health": {ONE: Probed(Health.HEALTHY)}})
APPLIED = observed(CycleResult.APPLIED, report=report(one="applied"))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (IN_STEP, IN_STEP, []),
        (IN_STEP, REPORTED, [("default", "Warning", "Drifted"), ("one", "Warning", "Drifted")]),
        (REPORTED, REPORTED, []),
        (REPORTED, REFUSED, [("default", "Warning", "GuardRefused"), ("one", "Warning", "GuardRefused")]),
        (REFUSED, IN_STEP, [("default", "Normal", "InSync"), ("one", "Normal", "InSync")]),
        (REPORTED, APPLIED, [("default", "Normal", "Applied"), ("one", "Normal", "Applied")]),
        (IN_STEP, APPLIED, [("default", "Normal", "Applied"), ("one", "Normal", "Applied")]),
        (IN_STEP, AWAY, [("default", "Warning", "ReadsFailed")]),
        (AWAY, AWAY, []),
        (AWAY, IN_STEP, [("default", "Normal", "InSync")]),
        (IN_STEP, SUSPENDED, [("default", "Normal", "Suspended")]),
        (SUSPENDED, IN_STEP, [("default", "Normal", "Resumed")]),
        (IN_STEP, SICK, [("default", "Warning", "Unhealthy"), ("one", "Warning", "Unhealthy")]),
        (SICK, SICK, []),
        (SICK, WELL, [("one", "Normal", "HealthyAgain")]),
    ],
)
def test_transitions(before, after, expected):
    """What becomes different is an event on each resource that it is about; what stays is none."""
    assert events(again(before, after)) == expected


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (observed(happened=None), []),
        (IN_STEP, []),
        (REPORTED, [("default", "Warning", "Drifted"), ("one", "Warning", "Drifted")]),
        (SUSPENDED, [("default", "Normal", "Suspended")]),
    ],
)
def test_the_first_status(first, expected):
    """Of a resource without a status only what is wrong is an event, and that it is suspended."""
    assert events(first) == expected


def test_an_event_is_about_its_resource():
    """An event has what `kubectl describe` finds it by, and the same one is the same object."""
    one = replace(runner("one"), uid="uid-1")
    made = event("Runner", one, Notice("Warning", "Drifted", "differs"), now=NOW)
    assert made["involvedObject"] == {
        "apiVersion": "reconciler.comfycontrol.app/v1alpha1",
        "kind": "Runner",
        "namespace": "fleet",
        "name": "one",
        "uid": "uid-1",
    }
    assert made["reportingComponent"] == "reconciler"
    assert made == event("Runner", one, Notice("Warning", "Drifted", "differs"), now=NOW)
    others = [
        event("Runner", one, Notice("Warning", "Drifted", "differs"), now=LATER),
        event("Runner", one, Notice("Warning", "Drifted", "differs more"), now=NOW),
        event("Runner", replace(one, uid="uid-2"), Notice("Warning", "Drifted", "differs"), now=NOW),
    ]
    assert len({each["metadata"]["name"] for each in (made, *others)}) == 4


@pytest.mark.parametrize("length", [1, 236, 237, 253])
def test_names_of_events_are_names(length):
    """However long the name of a resource is, and wherever it is cut, that of its event is a valid one."""
    name = event("Runner", runner("a" * (length - 1) + "a"), Notice("Normal", "X", ""), now=NOW)["metadata"]["name"]
    assert len(name) <= 253
    dotted = event("Runner", runner("a" * 230 + ".b.c.d.e"), Notice("Normal", "X", ""), now=NOW)["metadata"]["name"]
    assert ".." not in dotted


@pytest.mark.parametrize("size", [MAX_MESSAGE - 1, MAX_MESSAGE, MAX_MESSAGE + 1, 40_000])
@pytest.mark.parametrize("character", ["a", "é", "\U0001f600", "\ud800"])
def test_messages_are_bounded(size, character):
    """A message has at most 1,024 bytes, and no half of a character."""
    made = event("Runner", runner("one"), Notice("Normal", "X", character * size), now=NOW)
    assert len(made["message"].encode()) <= MAX_MESSAGE
    assert "\ufffd" not in made["message"]
