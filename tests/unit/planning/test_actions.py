from __future__ import annotations

import pytest

from reconciler.model.fields.spec import RunnerBody
from reconciler.model.fields.table import FIELD_NAMES
from reconciler.model.position import Position
from reconciler.planning import actions
from reconciler.planning.replacement import carried, creation, finish, replacement
from tests.fakes.runners import altered, make_body, sent
from tests.fakes.small_plans import entry, live, runner_id, secret_headers


def test_an_update():
    """An update is one PUT of the whole runner, and knows what it was planned from."""
    wanted, current = entry(tags=("gpu", "sdxl")), live()
    action, unknown = actions.update(wanted, current, "name")
    assert not unknown
    assert (action.action, action.key, action.id, action.name) == ("update", "gpu-1", runner_id(1), "gpu-1")
    assert (action.matched_by, action.at, action.live_updated_at) == (
        "name",
        Position("runners.yaml", 1, 3),
        "2026-01-01T00:00:00Z",
    )
    (request,) = action.requests
    assert (request.method, request.path, request.purpose) == ("PUT", f"/v1/runner/{runner_id(1)}", "replace")
    assert request.body == make_body(
        name="gpu-1", endpoint="https://8.8.8.1:8188", headers={}, tags=("gpu", "sdxl"), status="active"
    )
    assert (action.unmanaged, action.checks, action.turns_off) == ((), 0, False)
    assert (action.desired, action.live) == (wanted, current)


def test_no_update():
    """A runner that is as wanted has no action."""
    assert actions.update(entry(), live(), "id") == (None, False)


def test_an_update_with_unmanaged_fields():
    """Unmanaged fields are sent as read, named in order, and cost one check."""
    current = live(name="as read", headers=secret_headers(X="1"), status="disabled")
    wanted = entry(headers=None, status=None, tags=("x",), unmanaged=frozenset({"name"}))
    action = actions.update(wanted, current, "id").action
    body = action.requests[0].body
    assert (body.spec.name, body.spec.headers, body.spec.status) == ("as read", current.spec.headers, "disabled")
    assert action.unmanaged == ("name", "headers", "status")
    assert action.checks == 1
    assert action.name == "as read"


def test_an_unmanaged_status_that_is_unknown():
    """An unmanaged status of a value unknown to us is left out of the body."""
    action = actions.update(entry(status=None, tags=()), live(status="paused"), "id").action
    assert action.requests[0].body.omitted == {"status"}
    assert not action.turns_off
    assert action.unmanaged == ("status",)


@pytest.mark.parametrize(
    ("before", "after", "turns_off"),
    [
        ("active", "disabled", True),
        ("paused", "disabled", False),
        ("disabled", "active", False),
    ],
)
def test_turning_off(before, after, turns_off):
    """An update turns off where it ends an active status."""
    assert actions.update(entry(status=after), live(status=before), "id").action.turns_off is turns_off


@pytest.mark.parametrize("status", [None, "active"])
def test_a_create(status):
    """A create is one POST without a status."""
    action = actions.create(entry(status=status, headers=secret_headers(X="1")))
    assert (action.action, action.id, action.matched_by, action.live) == ("create", None, "none", None)
    (request,) = action.requests
    assert (request.method, request.path, request.purpose) == ("POST", "/v1/runner", "create")
    assert "status" in request.body.omitted
    assert (action.unmanaged, action.checks, action.turns_off) == ((), 0, False)
    assert action.changes[-1].after == "active"


def test_a_create_that_ends_disabled():
    """A runner that is to be disabled takes its POST and then a PUT of all five fields."""
    action = actions.create(entry(status="disabled", headers=secret_headers(X="1")))
    post, put = action.requests
    assert (put.method, put.path, put.purpose) == ("PUT", "/v1/runner/{id}", "finish")
    assert put.body.spec.status == "disabled"
    assert (put.body.spec.headers, put.body.spec.tags) == (post.body.spec.headers, post.body.spec.tags)
    assert action.changes[-1].after == "disabled"
    assert not action.turns_off


def test_a_create_leaves_out_what_is_unmanaged():
    """A POST holds tags and headers only where they are owned; the PUT after it says that there are none."""
    wanted = entry(headers=None, unmanaged=frozenset({"tags", "name", "endpoint"}), status="disabled")
    post = creation(wanted)
    assert sent(post) == {"name": "gpu-1", "endpoint": "https://8.8.8.1:8188"}
    assert sent(finish(wanted)) == sent(post) | {"headers": {}, "tags": (), "status": "disabled"}
    assert finish(entry(status="disabled", unmanaged=frozenset({"status"}))) is None


def test_a_retirement():
    """A retired runner keeps all but its status, under a key that no entry can have."""
    current = live(headers=secret_headers(X="1"))
    action = actions.retire(current)
    assert (action.action, action.key, action.id, action.name) == (
        "disable",
        f"unmanaged:{runner_id(1)}",
        runner_id(1),
        "gpu-1",
    )
    (request,) = action.requests
    assert (request.method, request.path, request.purpose) == ("PUT", f"/v1/runner/{runner_id(1)}", "retire")
    assert request.body == altered(RunnerBody(current.spec), status="disabled")
    assert [change.field for change in action.changes] == ["status"]
    assert (action.checks, action.turns_off, action.at, action.matched_by) == (1, True, None, "none")
    assert action.unmanaged == ("name", "endpoint", "headers", "tags")
    assert not actions.retire(live(status="paused")).turns_off


@pytest.mark.parametrize("field", FIELD_NAMES)
def test_a_released_field_keeps_its_live_value(field):
    """A field that the manifest declares and releases is sent as read; every other one as declared."""
    current = live(9, headers={"B": "2"}, tags=("live",), status="disabled")
    wanted = entry(headers={"A": "1"})
    body = replacement(entry(headers={"A": "1"}, unmanaged=frozenset({field})), current.spec)
    for name in FIELD_NAMES:
        assert getattr(body.spec, name) == getattr(current.spec if name == field else wanted, name)


def test_carried_fields():
    """What is carried over is what the manifest does not own, in the order of the fields."""
    assert carried(entry()) == ()
    assert (
        carried(entry(headers=None, tags=None, status=None, unmanaged=frozenset({"name", "endpoint"}))) == FIELD_NAMES
    )
