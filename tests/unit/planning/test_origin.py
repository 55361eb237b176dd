"""Where each change comes from: the branch, drift, or both."""

from __future__ import annotations

import datetime as dt

import pytest

from reconciler.model.enums import UnmanagedMode
from reconciler.model.policy import Policy
from reconciler.model.position import Position
from reconciler.model.runner import Desired, Listing
from reconciler.planning.origin import with_origins
from reconciler.planning.planner import make_plan
from reconciler.settings import DOCUMENTED_LIMIT
from tests.fakes.plans import live_runner
from tests.fakes.runners import make_desired

AT = Position("runners/a.yaml", 3, 3)


def wanted(**fields):
    """One entry, as desired."""
    known = {"key": "a", "at": AT, "name": "runner-1", "endpoint": "https://comfy-1.example.com", "tags": ("gpu",)}
    return make_desired(**known | fields)


def desired(*runners):
    """All entries of one revision."""
    return Desired(tuple(runners), "digest", ("runners/a.yaml",))


def planned(now, base, live, policy=None):
    """The plan for `now`, told against `base`."""
    listing = Listing(tuple(live), "2026-01-15T10:30:00Z", 1)
    plan = make_plan(
        now,
        listing,
        policy or Policy(today=dt.date(2026, 1, 15)),
        api_url="https://api.example.com",
        environment=None,
        created_at="2026-01-15T10:30:00Z",
        rate_limit=DOCUMENTED_LIMIT,
    )
    return with_origins(plan, base)


@pytest.mark.parametrize(
    ("base_tags", "now_tags", "live_tags", "origin"),
    [
        (("gpu",), ("gpu", "new"), ("gpu",), "branch"),
        (("gpu",), ("gpu",), ("other",), "drift"),
        (("gpu",), ("gpu", "new"), ("other",), "conflict"),
        (None, ("gpu",), ("other",), "branch"),
    ],
)
def test_three_views_of_one_field(base_tags, now_tags, live_tags, origin):
    """Base, branch and live tell whose change it is; a field that the base left unmanaged is the branch's."""
    plan = planned(desired(wanted(tags=now_tags)), desired(wanted(tags=base_tags)), [live_runner(1, tags=live_tags)])
    assert [change.origin for change in plan.actions[0].changes] == [origin]


def test_fields_are_told_apart():
    """One runner may carry the branch's change in one field and drift in another."""
    now = wanted(tags=("gpu", "new"), status="active")
    base = wanted(status="active")
    plan = planned(desired(now), desired(base), [live_runner(1, status="disabled")])
    assert {change.field: change.origin for change in plan.actions[0].changes} == {"tags": "branch", "status": "drift"}


def test_an_entry_that_the_base_lacks_is_the_branchs():
    """Adopting or creating a runner is what this change brings."""
    plan = planned(desired(wanted()), desired(), [live_runner(1, tags=("other",))])
    assert {change.origin for change in plan.actions[0].changes} == {"branch"}
    plan = planned(desired(wanted()), desired(), [])
    assert {change.origin for change in plan.actions[0].changes} == {"branch"}


def test_a_create_that_the_base_declares_is_drift():
    """Somebody took the runner away, or the base was never applied."""
    plan = planned(desired(wanted()), desired(wanted()), [])
    assert {change.origin for change in plan.actions[0].changes} == {"drift"}


@pytest.mark.parametrize(("base", "origin"), [((wanted(key="b", name="runner-2"),), "branch"), ((), "drift")])
def test_a_retirement_is_the_branchs_when_the_base_declares_the_runner(base, origin):
    """A runner that this branch stops declaring is retired by it; one that nobody declared was there before."""
    policy = Policy(today=dt.date(2026, 1, 15), unmanaged=UnmanagedMode.DISABLE, retire_unmanaged=("*",))
    live = [live_runner(1), live_runner(2, tags=("gpu",))]
    plan = planned(desired(wanted()), desired(wanted(), *base), live, policy)
    assert [(action.action, {change.origin for change in action.changes}) for action in plan.actions] == [
        ("disable", {origin})
    ]
