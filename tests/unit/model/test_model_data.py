from __future__ import annotations

import datetime as dt

import pytest

from reconciler.model.enums import Severity
from reconciler.model.fields.kinds import public_value
from reconciler.model.fields.table import FIELD_NAMES
from reconciler.model.finding import Finding
from reconciler.model.plan import Action, Budget, Plan, Request, UnmanagedRunner
from reconciler.model.policy import Acknowledgement, Limit, Policy
from reconciler.model.position import Position, Problem
from reconciler.model.report import Outcome, Report, RequestCount
from reconciler.model.runner import DesiredRunner, Listing
from reconciler.model.secret import Secret, Unresolved
from reconciler.planning.findings.registry import CODES
from tests.fakes.runners import make_body, make_desired, make_live

AT = Position("a.yaml", 3, 5)


def action(kind="update", **fields):
    """An action without requests."""
    known = {"action": kind, "key": "k", "id": "i", "name": "n", "matched_by": "id", "at": AT, "live_updated_at": None}
    return Action(**known | {"changes": (), "requests": ()} | fields)


def plan(**fields):
    """An empty plan."""
    known = {"created_at": "", "api_url": "", "environment": None, "manifest_digest": "", "complete": True}
    known |= {"actions": (), "unchanged": 0, "unmanaged": (), "findings": (), "gates": (), "capacity": ()}
    return Plan(**known | {"budget": Budget(0, 0, 0, 0.0)} | fields)


def finding(severity="error", *, accepted=False):
    """A finding."""
    return Finding(code="coverage", severity=severity, message="m", accepted=accepted)


def test_positions_sort_by_place():
    """By file, then by line and column as numbers; they read as file:line:column."""
    places = [Position("b", 1, 1), Position("a", 10, 1), Position("a", 9, 10), Position("a", 9, 9)]
    assert sorted(places) == places[::-1]
    assert str(Problem(AT, "no good")) == "a.yaml:3:5: no good"


def test_codes():
    """Every code has a default severity that is one of the four, and is not off."""
    assert set(CODES.values()) <= set(Severity) - {"off"}


@pytest.mark.parametrize(
    ("found", "refuses"),
    [(finding(), True), (finding(accepted=True), False), (finding("warning"), False), (finding("info"), False)],
)
def test_what_refuses(found, refuses):
    """An error that nobody accepted keeps the plan from being applied; nothing else does."""
    assert found.refuses is refuses
    assert plan(findings=(finding("info"), found)).applyable is not refuses


def test_what_else_keeps_a_plan_from_being_applied():
    """A value that is not known, or live state from a snapshot."""
    assert plan().applyable
    assert not plan(complete=False).applyable
    assert not plan(live_as_of="2026-01-01T00:00:00Z").applyable


def test_a_plan_counts_its_actions():
    """By kind, and those that end an active status."""
    made = plan(actions=(action(turns_off=True), action(), action("create"), action("disable", turns_off=True)))
    assert [made.count(kind) for kind in ("create", "update", "disable")] == [1, 2, 1]
    assert made.turned_off == 2
    assert made.has_changes
    assert not plan(unchanged=4, unmanaged=(UnmanagedRunner("i", "n"),)).has_changes


@pytest.mark.parametrize(
    ("kind", "unmanaged", "methods", "checks"),
    [
        ("update", (), ["PUT"], 0),
        ("update", ("tags", "status"), ["PUT"], 1),
        ("update", ("headers",), ["PUT", "PUT"], 2),
        ("disable", ("tags",), ["PUT"], 1),
        ("create", (), ["POST", "PUT"], 0),
        ("create", ("tags",), ["POST"], 0),
    ],
)
def test_checks(kind, unmanaged, methods, checks):
    """Each PUT of a live runner that carries unmanaged fields takes one GET before it; a create has nothing to read."""
    body = make_body(name="n", endpoint="e")
    requests = tuple(Request(method=method, path="p", body=body, purpose="replace") for method in methods)
    assert action(kind, unmanaged=unmanaged, requests=requests).checks == checks


def test_public_values():
    """Only a plain value may be shown."""
    assert public_value("a100") == "a100"
    assert [public_value(value) for value in (Secret("x"), Unresolved("x"), None)] == [None, None, None]


def test_limits_and_acknowledgements_read_as_they_are_written():
    """As in the project file and on the command line."""
    assert [str(Limit(1.0)), str(Limit(50, percent=True)), str(Limit(12.5, percent=True))] == ["1", "50%", "12.5%"]
    assert [str(Acknowledgement("coverage")), str(Acknowledgement("coverage", "k"))] == ["coverage", "coverage:k"]


def test_a_policy_limits_nothing_by_default():
    """No guard, no promise, no target; unmanaged runners are reported."""
    policy = Policy(today=dt.date(2026, 1, 1))
    assert (policy.guard.max_disables, policy.guard.max_changes, policy.guard.max_creates) == (None, None, None)
    assert (policy.unmanaged, policy.retire_unmanaged, policy.targets, policy.promises) == ("report", (), (), ())


def test_ownership():
    """A field is owned when it is declared and not released; name and endpoint only by not being released."""
    bare = make_desired(key="k", at=AT, name="n", endpoint="e")
    assert [name for name in FIELD_NAMES if bare.owns(name)] == ["name", "endpoint"]
    whole = make_desired(key="k", at=AT, name="n", endpoint="e", headers={}, tags=(), status="active")
    assert all(whole.owns(name) for name in FIELD_NAMES)
    released = DesiredRunner(
        key="k", at=AT, name="n", endpoint="e", headers={}, tags=(), status="active", unmanaged=frozenset(FIELD_NAMES)
    )
    assert not any(released.owns(name) for name in FIELD_NAMES)


def test_places_of_fields():
    """A field has its own place, or its runner's."""
    runner = make_desired(key="k", at=AT, name="n", endpoint="e", field_at={"name": Position("a.yaml", 4, 7)})
    assert (runner.place("name"), runner.place("tags")) == (Position("a.yaml", 4, 7), AT)


def test_the_account_of_a_listing():
    """It is the owner of the runners; unknown for an empty fleet, or where the service does not say."""
    known = {"id": "i", "name": "n", "endpoint": "e", "headers": {}, "tags": (), "status": "active"}
    assert Listing((make_live(**known, user_id="u"),), "now", 1).account == "u"
    assert Listing((make_live(**known),), "now", 1).account is None
    assert Listing((), "now", 1).account is None


def outcome(status="applied", kind="update"):
    """One outcome."""
    return Outcome(key="k", action=kind, id="i", status=status)


@pytest.mark.parametrize(
    ("statuses", "interrupted", "code"),
    [
        ((), False, 0),
        (("applied", "applied"), False, 0),
        (("applied", "failed"), False, 3),
        (("stale",), False, 3),
        (("not_attempted",), False, 3),
        (("unverified",), False, 3),
        (("widened_only",), False, 3),
        (("applied",), True, 130),
        (("failed",), True, 130),
    ],
)
def test_the_exit_code_of_a_report(statuses, interrupted, code):
    """0 when all is applied, 3 when anything is not, 130 when interrupted."""
    report = Report(tuple(outcome(status) for status in statuses), RequestCount(), interrupted=interrupted)
    assert report.exit_code == code


def test_a_report_counts_what_was_done():
    """Counts are of outcomes, never of plans."""
    report = Report((outcome(), outcome("failed"), outcome(kind="create"), outcome("failed", "create")), RequestCount())
    assert (report.count("applied"), report.count("failed"), report.count("stale")) == (2, 2, 0)
    assert (report.applied("update"), report.applied("create"), report.applied("disable")) == (1, 1, 0)
