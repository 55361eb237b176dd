"""What counts as a move between a plan that was saved or shown and the plan as it would be now, and how it is told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from reconciler.model.enums import RunnerStatus
from reconciler.model.finding import Finding
from reconciler.model.plan import Budget, PlanInputs, UnmanagedRunner
from reconciler.model.position import Position
from reconciler.model.secret import Secret
from reconciler.planfile.document import plan_document
from reconciler.planfile.saved import read_plan, write_plan
from reconciler.planfile.staleness import find_differences
from tests.fakes.plans import body_of, create, live_runner, patient, plan_of, plans, update
from tests.fakes.runners import edited

KEY = Secret("cfc_the-token-of-this-account")
LIVE = live_runner(1, headers={"Authorization": Secret("Bearer live-1"), "X-Pool": "a100"})


def planned(live=LIVE, **fields):
    """A plan that adds a tag to one runner, and creates another."""
    body = body_of(live, tags=("gpu", "sdxl"), **fields)
    return plan_of(update(live, body), create("new", headers={"X-Key": Secret("made-up-secret")}))


SECRET = Secret("Bearer abcdefgh12345")


def ways(before, now):
    """The moves, seen from the plan that was shown and from the one that was saved: they must be the same."""
    shown = find_differences(before, now, KEY)
    saved = find_differences(read_plan(write_plan(before, PlanInputs(), KEY), KEY), now, KEY)
    assert shown == saved
    return shown


@patient
@given(plan=plans)
def test_a_plan_has_not_moved_from_itself(plan):
    """plan, then the same plan again, is no move, in memory and through a file."""
    assert ways(plan, plan) == []


def test_what_does_not_count():
    """Times, places, findings, the budget, unmanaged and unchanged runners and a digest alone are no move."""
    before = planned(live_runner(1, updated_at="2026-01-01T00:00:00Z"))
    again = planned(live_runner(1, updated_at="2026-02-02T00:00:00Z"))
    now = replace(
        again,
        created_at="2026-02-02T00:00:01Z",
        manifest_digest="f" * 64,
        findings=(Finding(code="coverage", severity="warning", message="m"),),
        budget=Budget(9, 9, 9, 9.0),
        unmanaged=(UnmanagedRunner("u", "u"),),
        unchanged=7,
        actions=tuple(replace(each, at=Position("other.yaml", 1, 1)) for each in again.actions),
    )
    assert ways(before, now) == []


def test_equal_spellings_are_no_move():
    """Tags are sets and header names have no case, in what was read."""
    before = planned(live_runner(1, tags=("a", "b"), headers={"X-A": Secret("one-secret")}))
    live = live_runner(1, tags=("b", "a"), headers={"x-a": Secret("one-secret")})
    body = body_of(before.actions[0].live, tags=("sdxl", "gpu"))
    assert ways(before, plan_of(update(live, body), *before.actions[1:])) == []


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"tags": ("gpu", "x")}, ["runner-1: live tags changed since the plan: +x"]),
        ({"tags": ()}, ["runner-1: live tags changed since the plan: -gpu"]),
        ({"headers": {"X-Pool": "a100"}}, ["runner-1: live header authorization is gone since the plan"]),
        (
            {"headers": {**LIVE.spec.headers, "X-New": Secret("n")}},
            ["runner-1: live header x-new is new since the plan"],
        ),
        (
            {"headers": {**LIVE.spec.headers, "Authorization": Secret("Bearer edited")}},
            ["runner-1: live header authorization has changed since the plan"],
        ),
        ({"status": "disabled"}, ["runner-1: live status changed since the plan: active -> disabled"]),
        ({"name": "renamed"}, ["runner-1: live name changed since the plan: runner-1 -> renamed"]),
        (
            {"endpoint": "https://other.example.com"},
            [
                "runner-1: live endpoint changed since the plan: https://comfy-1.example.com -> https://other.example.com"
            ],
        ),
    ],
)
def test_live_content_that_moved_is_told_by_field(changes, lines):
    """Each of the five fields of a planned runner counts, though the request stays the same."""
    before = planned()
    body = before.actions[0].requests[0].body
    now = plan_of(update(edited(LIVE, **changes), body, key="runner-1"), before.actions[1])
    assert ways(before, now) == lines


def test_another_secret_is_told_without_showing_it():
    """A desired header value that resolves to another secret is a move; no value stands in the line."""
    now = planned(headers={"Authorization": Secret("Bearer rotated"), "X-Pool": "a100"})
    assert ways(planned(), now) == ["runner-1: the value of header authorization to be sent has changed"]


def test_a_carried_header_that_moved_is_told_once():
    """A live value that is carried into the body is told as live, not again as sent."""
    live = edited(LIVE, headers={**LIVE.spec.headers, "Authorization": Secret("Bearer edited")})
    assert ways(planned(), planned(live)) == ["runner-1: live header authorization has changed since the plan"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "by hand"}, 'name to be sent: "Production" is now "by hand"'),
        ({"tags": ("gpu", "sdxl", "x")}, 'tags to be sent: added "x"'),
        ({"tags": ("gpu",)}, 'tags to be sent: removed "sdxl"'),
        ({"tags": ("gpu", "sd3")}, 'tags to be sent: "sdxl" is now "sd3"'),
        ({"headers": {"Authorization": SECRET, "X-Pool": "b"}}, 'header X-Pool to be sent: "a100" is now "b"'),
        ({"headers": {"Authorization": SECRET}}, 'header X-Pool to be sent: removed "a100"'),
    ],
)
def test_what_would_be_sent_is_said_in_words(changes, said):
    """By field, or by header, never by a path into a document."""
    headers = {"Authorization": SECRET, "X-Pool": "a100"}
    sent = {"name": "Production", "tags": ("gpu", "sdxl"), "headers": headers, "status": RunnerStatus.DISABLED}
    before, now = (plan_of(update(LIVE, body_of(LIVE, **sent | each), key="runner-1")) for each in ({}, changes))
    assert ways(before, now) == [f"runner-1: {said}"]


def test_more_requests_are_a_move():
    """An update that now takes two writes is not the update that was planned."""
    last = body_of(LIVE, tags=("sdxl",))
    once, twice = (
        plan_of(replace(update(LIVE, body, last), key="runner-1") if body else update(LIVE, last, key="runner-1"))
        for body in (None, body_of(LIVE, tags=("gpu", "sdxl")))
    )
    assert ways(once, twice) == ["runner-1: would now be sent in 2 writes, and was planned as one write"]
    assert ways(twice, once) == ["runner-1: would now be sent in one write, and was planned as 2 writes"]


def test_another_intermediate_write_is_a_move():
    """What is sent last may be the same."""
    last = body_of(LIVE, tags=("sdxl",))
    one, other = (
        plan_of(replace(update(LIVE, body_of(LIVE, tags=tags), last), key="runner-1"))
        for tags in (("gpu", "sdxl"), ("sdxl", "x"))
    )
    (line,) = ways(one, other)
    assert line.startswith("runner-1: how it is sent has changed")


def test_actions_that_come_go_or_change_are_told():
    """New, missing and changed actions are named with what becomes of their runners."""
    update_one, create_new = planned().actions
    other = live_runner(2)
    retired = replace(update_one, action="disable", key=f"unmanaged:{LIVE.id}")
    now = plan_of(retired, update(other, body_of(other, tags=())))
    assert ways(plan_of(update_one, create_new), now) == [
        "runner-1: was to be updated, and is no longer in the plan",
        "new: was to be created, and is no longer in the plan",
        f"unmanaged:{LIVE.id}: was not in the plan, and would now be disabled",
        "runner-2: was not in the plan, and would now be updated",
    ]
    adopted = replace(update(other, body_of(other, tags=())), key="new")
    assert ways(plan_of(create_new), plan_of(adopted)) == ["new: was to be created, and would now be updated"]


def test_a_plan_that_was_applied_has_moved():
    """Nothing is left of its actions."""
    lines = ways(planned(), plan_of())
    assert [line.partition(":")[0] for line in lines] == ["runner-1", "new"]


def test_another_runner_under_the_key_is_a_move():
    """A key that stands for another live runner is told with both ids."""
    other = live_runner(2)
    now = plan_of(update(other, body_of(other), key="runner-1"), planned().actions[1])
    assert ways(planned(), now) == [f"runner-1: is matched to the live runner {other.id}, and was matched to {LIVE.id}"]


def test_a_field_given_up_is_a_move():
    """A field that is unmanaged now needs a check that the plan did not show."""
    one, new = planned().actions
    lines = ways(plan_of(one, new), plan_of(replace(one, unmanaged=("status", "headers")), new))
    assert lines == ["runner-1: the manifest now leaves headers, status unmanaged"]
    assert ways(plan_of(replace(one, unmanaged=("status",))), plan_of(one)) == [
        "runner-1: the manifest now leaves no field unmanaged"
    ]


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        (
            "api_url",
            "https://x.example.com",
            "the API's address is https://x.example.com, and was https://api.example.com",
        ),
        ("account", "user-2", "the account is user-2, and was user-1"),
        ("environment", "staging", "the environment is staging, and was none"),
        ("sandbox", "s.db", "the sandbox is s.db, and was none"),
    ],
)
def test_another_place_is_a_move(field, value, line):
    """Service, account, environment and sandbox are part of the plan, though every action is the same."""
    before = planned()
    now = replace(before, **{field: value}, manifest_digest="f" * 64)
    assert ways(before, now) == [
        f"{line} when the plan was made",
        "the manifests are not those that the plan was made from",
    ]


@pytest.mark.parametrize(("before", "now"), [(None, "user-1"), ("user-1", None), (None, None)])
def test_an_account_that_got_its_first_runner_is_the_same_one(before, now):
    """An empty account has no name in its list; where nothing else binds the plan, its name is a move."""
    plan = planned()
    assert find_differences(replace(plan, account=before), replace(plan, account=now), KEY, one_account=True) == []
    assert len(find_differences(replace(plan, account=before), replace(plan, account=now), KEY)) == (before != now)


def test_a_printed_plan_cannot_be_compared():
    """A document without fingerprints binds nothing."""
    printed = read_plan(json.dumps(plan_document(planned())), None)
    with pytest.raises(ValueError, match="no fingerprints"):
        find_differences(printed, planned(), KEY)
