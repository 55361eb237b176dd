"""The JSON documents: the contract's keys, nothing secret, and a plan that survives the way there and back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from reconciler import __version__
from reconciler.errors import Forbidden, GuardRefused, ManifestError, StalePlan
from reconciler.model.enums import OutcomeStatus
from reconciler.model.finding import Finding
from reconciler.model.plan import Budget, Capacity, Gate, UnmanagedRunner, Wait
from reconciler.model.position import Position, Problem
from reconciler.model.report import Failure, Outcome, Report, RequestCount
from reconciler.model.secret import Secret, Unresolved
from reconciler.planfile.decode import plan_from
from reconciler.planfile.document import (
    error_document,
    failure_document,
    plan_document,
    report_document,
    shown_body,
)
from reconciler.planfile.models import parse_document
from tests.fakes.plans import API_URL, NOW, body_of, create, live_runner, patient, plan_of, plans, update
from tests.fakes.runners import make_body, make_change


def decoded(document):
    """The plan of a document, parsed as one from a file is."""
    return plan_from(parse_document(document, "a plan"))


@patient
@given(plan=plans)
def test_a_plan_survives_its_json(plan):
    """A plan read back from its own document gives that document again."""
    document = json.loads(json.dumps(plan_document(plan)))
    assert plan_document(decoded(document)) == document


@patient
@given(plan=plans)
def test_reading_keeps_all_that_decides(plan):
    """Counts, findings, gates, waits and whether a plan may be applied are the same after reading."""
    again = decoded(plan_document(plan))
    assert again.applyable == plan.applyable
    assert again.turned_off == plan.turned_off
    assert again.findings == plan.findings
    assert again.gates == plan.gates
    assert again.budget == plan.budget
    assert [[each.waits for each in action.requests] for action in again.actions] == [
        [each.waits for each in action.requests] for action in plan.actions
    ]


def test_the_document_has_the_keys_of_the_contract():
    """An update of tags and headers reads as documented, key by key."""
    live = live_runner(1, tags=("a",))
    changes = (
        make_change(field="tags", before=("a",), after=("a", "b"), added=("b",)),
        make_change(field="headers", removed=("X-Old",), changed=("Authorization",)),
    )
    body = body_of(live, tags=("a", "b"), headers={"Authorization": Secret("Bearer hunter2hunter2")})
    action = update(live, body, key="prod-a100-1", changes=changes)
    finding = Finding(
        code="wildcard-runner", severity="error", message="m", key="prod-a100-1", at=Position("runners/a.yaml", 8, 3)
    )
    plan = plan_of(
        action,
        unchanged=5,
        unmanaged=(UnmanagedRunner("u-1", "other"),),
        findings=(finding,),
        gates=(Gate(("a",), ("prod-a100-1",)),),
        capacity=(Capacity(("a",), 1, 1),),
        budget=Budget(1, 1, 0, 0.0),
    )
    assert plan_document(plan) == {
        "format_version": "1.0",
        "reconciler_version": __version__,
        "created_at": NOW,
        "api_url": API_URL,
        "account": "user-1",
        "environment": None,
        "sandbox": None,
        "live_as_of": None,
        "targets": [],
        "manifest_digest": "0" * 64,
        "complete": True,
        "applyable": False,
        "summary": {"create": 0, "update": 1, "disable": 0, "turned_off": 0, "unchanged": 5, "unmanaged": 1},
        "budget": {"reads": 1, "writes": 1, "checks": 0, "verify": 0, "seconds": 0.0},
        "capacity": [{"tags": ["a"], "before": 1, "after": 1}],
        "actions": [
            {
                "action": "update",
                "key": "prod-a100-1",
                "id": live.id,
                "name": "runner-1",
                "matched_by": "id",
                "file": "runners/a.yaml",
                "line": 3,
                "column": 3,
                "live_updated_at": NOW,
                "turns_off": False,
                "unmanaged": [],
                "changes": [
                    {"field": "tags", "before": ["a"], "after": ["a", "b"], "added": ["b"], "removed": []},
                    {"field": "headers", "added": [], "removed": ["X-Old"], "changed": ["Authorization"]},
                ],
                "requests": [
                    {
                        "method": "PUT",
                        "path": f"/v1/runner/{live.id}",
                        "body": {
                            "name": "runner-1",
                            "endpoint": "https://comfy-1.example.com",
                            "headers": {"Authorization": "(sensitive)"},
                            "tags": ["a", "b"],
                            "status": "active",
                        },
                        "purpose": "replace",
                        "waits": [],
                    }
                ],
            }
        ],
        "unmanaged": [{"id": "u-1", "name": "other"}],
        "findings": [
            {
                "code": "wildcard-runner",
                "severity": "error",
                "key": "prod-a100-1",
                "message": "m",
                "file": "runners/a.yaml",
                "line": 8,
                "column": 3,
                "accepted": False,
                "accepted_by": None,
            }
        ],
        "gates": [{"tags": ["a"], "wildcard": False, "keys": ["prod-a100-1"]}],
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Secret("hunter2hunter2"), "(sensitive)"),
        ("a100", "a100"),
        (Unresolved("Bearer ${env:RECONCILER_T}"), "Bearer ${env:RECONCILER_T}"),
    ],
)
def test_a_header_value_shows_only_when_public_or_unknown(value, shown):
    """A secret is redacted; a public value and the references of an unknown one are shown."""
    assert shown_body(make_body(name="n", endpoint="e", headers={"X": value}))["headers"] == {"X": shown}


def test_a_field_that_is_not_sent_is_not_in_the_body():
    """A create has no status, and a field left out of a request is left out of its document."""
    assert shown_body(make_body(name="n", endpoint="e")) == {"name": "n", "endpoint": "e"}
    second = plan_document(plan_of(create("k", status="disabled")))["actions"][0]["requests"]
    assert [request["body"].get("status") for request in second] == [None, "disabled"]


def test_a_request_says_what_it_waits_for():
    """Waits name the gate and how many of it must have been served."""
    live = live_runner(1)
    action = update(live, body_of(live, tags=()), waits=((Wait(0, 2),),))
    request = plan_document(plan_of(action, gates=(Gate((), ()),)))["actions"][0]["requests"][0]
    assert request["waits"] == [{"gate": 0, "at_least": 2}]


def test_a_reader_ignores_unknown_keys_and_needs_no_additional_ones():
    """A document of an older or newer minor version is read."""
    document = plan_document(plan_of(update(live_runner(1), body_of(live_runner(1), tags=("b",)))))
    for additional in ("gates", "capacity", "targets", "account", "sandbox", "live_as_of"):
        del document[additional]
    for additional in ("column", "unmanaged", "turns_off"):
        del document["actions"][0][additional]
    del document["actions"][0]["requests"][0]["purpose"], document["actions"][0]["requests"][0]["waits"]
    plan = decoded({**document, "new": 1})
    assert plan.actions[0].requests[0].purpose == "replace"
    assert plan.actions[0].at == Position("runners/a.yaml", 3, 0)
    assert plan.gates == ()


def test_a_report_counts_every_status():
    """The outcomes document lists every action and counts each status, also those that did not occur."""
    report = Report(
        (
            Outcome(key="a", action="update", id="1", status=OutcomeStatus.APPLIED),
            Outcome(
                key="b", action="create", id=None, status=OutcomeStatus.FAILED, error=Failure("forbidden", "limit")
            ),
        ),
        RequestCount(reads=2, writes=3, retries=1, rate_limited=1),
        interrupted=True,
    )
    assert report_document(report) == {
        "format_version": "1.0",
        "interrupted": True,
        "outcomes": [
            {"key": "a", "action": "update", "id": "1", "status": "applied", "error": None},
            {
                "key": "b",
                "action": "create",
                "id": None,
                "status": "failed",
                "error": {"code": "forbidden", "message": "limit"},
            },
        ],
        "summary": dict.fromkeys(OutcomeStatus, 0) | {"applied": 1, "failed": 1},
        "requests": {"reads": 2, "writes": 3, "retries": 1, "rate_limited": 1},
    }


def test_an_error_lists_its_problems_by_place():
    """A manifest error carries file, line, column and message of every problem; others carry none."""
    problem = Problem(Position("runners/a.yaml", 4, 7), "unknown key")
    assert error_document(ManifestError([problem])) == {
        "format_version": "1.0",
        "error": {
            "code": "manifest",
            "message": "runners/a.yaml:4:7: unknown key",
            "problems": [{"file": "runners/a.yaml", "line": 4, "column": 7, "message": "unknown key"}],
        },
    }
    assert error_document(Forbidden("no", status=403))["error"] == {
        "code": "forbidden",
        "message": "no",
        "problems": [],
    }
    assert failure_document("unexpected", "?")["error"]["code"] == "unexpected"


def test_exit_4_and_5_carry_the_plan():
    """A stale plan and a refused one come with the plan as it is now; without one there is no such key."""
    plan = plan_of()
    stale = error_document(StalePlan(["a: moved"], plan))
    assert stale["plan"] == plan_document(plan)
    assert stale["error"]["moved"] == ["a: moved"]
    assert error_document(GuardRefused("no", plan))["plan"] == plan_document(plan)
    assert "plan" not in error_document(StalePlan(["a: moved"], None))
