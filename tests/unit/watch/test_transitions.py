"""What is worth a notification."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.health import Health, Probed
from reconciler.model.watching import Mode
from reconciler.watch.status import Drifted, Status
from reconciler.watch.transitions import transitions

WELL = Status(environment=None, api_url="https://api.example.com", mode=Mode.APPLY)
SICK = Probed(Health.UNHEALTHY, "it answers 404")
FINE = Probed(Health.HEALTHY)


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        ({}, {"suspended": True}, ["suspended"]),
        ({"suspended": True}, {}, ["resumed"]),
        ({}, {"drifted": (Drifted("a", ("tags",)),)}, ["drift-begins"]),
        ({"drifted": (Drifted("a", ("tags",)),)}, {}, ["drift-ends"]),
        ({"drifted": (Drifted("a", ("tags",)),)}, {"drifted": (Drifted("b", ("tags",)),)}, []),
        ({}, {"troubles": {"writes": "1 of 2 failed"}}, ["apply-failed"]),
        ({"troubles": {"writes": "1 of 2 failed"}}, {"troubles": {"writes": "2 of 2 failed"}}, []),
        ({}, {"troubles": {"refused": "max_disables"}}, ["guard-refuses"]),
        ({}, {"troubles": {"git": "the remote is gone"}}, []),
        ({}, {"contested": {"a": ("tags",)}}, ["contested"]),
        ({"contested": {"a": ("tags",)}}, {"contested": {"a": ("tags",), "b": ("name",)}}, ["contested"]),
        ({"contested": {"a": ("tags",)}}, {}, []),
        ({}, {"health": {"a": SICK}}, ["unhealthy"]),
        ({"health": {"a": SICK}}, {"health": {"a": FINE, "b": SICK}}, ["unhealthy", "healthy-again"]),
        ({"health": {"a": SICK}}, {}, []),
    ],
)
def test_each_transition_has_its_event(before, after, events):
    """What begins or ends is reported, what goes on is not."""
    found = transitions(replace(WELL, **before), replace(WELL, **after))
    assert [each.event for each in found] == events


def test_the_keys_are_those_that_changed():
    """A transition names only what is new."""
    before = replace(WELL, contested={"a": ("tags",)})
    found = transitions(before, replace(WELL, contested={"a": ("tags",), "b": ("name",)}))
    assert [each.keys for each in found] == [("b",)]


@given(
    st.builds(
        Status,
        environment=st.none(),
        api_url=st.just("https://api.example.com"),
        mode=st.sampled_from(Mode),
        suspended=st.booleans(),
        drifted=st.lists(st.builds(Drifted, st.sampled_from("abc"), st.just(("tags",))), max_size=2).map(tuple),
        contested=st.dictionaries(st.sampled_from("abc"), st.just(("tags",))),
        health=st.dictionaries(st.sampled_from("abc"), st.sampled_from([SICK, FINE])),
        troubles=st.dictionaries(st.sampled_from(["git", "writes", "refused"]), st.just("why")),
    )
)
def test_nothing_is_reported_twice(status):
    """From a status to itself there is no transition."""
    assert transitions(status, status) == ()
