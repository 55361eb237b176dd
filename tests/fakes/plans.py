"""Plans and their parts for tests: small ones by hand, arbitrary ones under Hypothesis."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings

from reconciler.model.demand import Asked, Demand
from reconciler.model.enums import Severity
from reconciler.model.fields.change import HeadersChange, ScalarChange, TagsChange
from reconciler.model.fields.spec import RunnerBody
from reconciler.model.finding import Finding
from reconciler.model.plan import Action, Budget, Capacity, Gate, Plan, Request, UnmanagedRunner, Wait
from reconciler.model.position import Position
from reconciler.model.secret import Secret, Unresolved
from reconciler.planning.findings.registry import CODES
from tests.fakes.runners import altered, make_body, make_change, make_live

patient = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For laws over plans: a plan takes a while to make up, and the machine may be busy."""

API_URL = "https://api.example.com"
NOW = "2026-01-15T10:30:00Z"


def live_runner(number=1, **fields):
    """A live runner, active, with one tag and one secret header unless told otherwise."""
    known = {
        "id": runner_id(number),
        "name": f"runner-{number}",
        "endpoint": f"https://comfy-{number}.example.com",
        "headers": {"Authorization": Secret(f"Bearer live-{number}")},
        "tags": ("gpu",),
        "status": "active",
        "user_id": "user-1",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return make_live(**known | fields)


def runner_id(number):
    """The UUID of a numbered runner."""
    return f"00000000-0000-4000-8000-{number:012d}"


def body_of(live, **fields):
    """The full replacement body that leaves a live runner as it is, with some fields changed."""
    return altered(RunnerBody(live.spec), **fields)


def update(live, *bodies, key=None, unmanaged=(), purposes=("widen", "narrow"), waits=((), ()), changes=None):
    """The action that brings a live runner to the last of the bodies, in one PUT or in two."""
    named = ("replace",) if len(bodies) == 1 else purposes
    if changes is None:
        changes = (make_change(field="tags", before=live.spec.tags, after=bodies[-1].spec.tags),)
    return Action(
        action="update",
        key=key or live.spec.name,
        id=live.id,
        name=bodies[-1].spec.name,
        matched_by="id",
        at=Position("runners/a.yaml", 3, 3),
        live_updated_at=live.updated_at,
        changes=changes,
        requests=tuple(
            Request(method="PUT", path=f"/v1/runner/{live.id}", body=body, purpose=purpose, waits=tuple(waiting))
            for body, purpose, waiting in zip(bodies, named, waits, strict=False)
        ),
        unmanaged=tuple(unmanaged),
        turns_off=live.spec.status == "active" and bodies[-1].spec.status != "active",
        live=live,
    )


def create(key, *, status="active", headers=None, tags=("gpu",), endpoint="https://new.example.com", waits=()):
    """The action that creates a runner, and disables it where that is asked for."""
    made = {"name": key, "endpoint": endpoint, "headers": headers or {}, "tags": tags}
    requests = [Request(method="POST", path="/v1/runner", body=make_body(**made), purpose="create", waits=tuple(waits))]
    if status != "active":
        body = make_body(**made, status=status)
        requests.append(Request(method="PUT", path="/v1/runner/{id}", body=body, purpose="finish"))
    return Action(
        action="create",
        key=key,
        id=None,
        name=key,
        matched_by="none",
        at=Position("runners/a.yaml", 3, 3),
        live_updated_at=None,
        changes=(make_change(field="name", after=key),),
        requests=tuple(requests),
    )


def plan_of(*actions, **fields):
    """A plan of these actions."""
    known = {
        "created_at": NOW,
        "api_url": API_URL,
        "environment": None,
        "manifest_digest": "0" * 64,
        "complete": True,
        "actions": tuple(actions),
        "unchanged": 0,
        "unmanaged": (),
        "findings": (),
        "gates": (),
        "capacity": (),
        "budget": Budget(1, sum(len(each.requests) for each in actions), sum(each.checks for each in actions), 0.0),
        "account": "user-1",
    }
    return Plan(**known | fields)


_text = st.text(max_size=12)
_names = st.lists(st.text("abcXYZ-", min_size=1, max_size=6), max_size=3, unique_by=str.lower).map(tuple)
_tags = st.lists(_text, max_size=3).map(tuple)
_positions = st.none() | st.builds(Position, _text, st.integers(1, 9999), st.integers(1, 200))
_values = _text | st.builds(Secret, _text) | st.builds(Unresolved, _text)
_headers = st.dictionaries(_text, _values, max_size=3)
_bodies = st.builds(
    make_body,
    name=_text,
    endpoint=_text,
    headers=st.none() | _headers,
    tags=st.none() | _tags,
    status=st.none() | _text,
)
_origins = st.none() | st.sampled_from(["branch", "drift", "conflict"])
_changes = st.one_of(
    st.builds(
        ScalarChange,
        field=st.sampled_from(["name", "endpoint", "status"]),
        before=st.none() | _text,
        after=_text,
        origin=_origins,
    ),
    st.builds(
        TagsChange, field=st.just("tags"), before=_tags, after=_tags, added=_tags, removed=_tags, origin=_origins
    ),
    st.builds(
        HeadersChange,
        field=st.just("headers"),
        added=_names,
        removed=_names,
        changed=_names,
        unknown=_names,
        public=st.none() | st.dictionaries(_text, st.tuples(st.none() | _text, st.none() | _text), max_size=2),
        origin=_origins,
    ),
)
_requests = st.builds(
    Request,
    method=st.sampled_from(["POST", "PUT"]),
    path=_text,
    body=_bodies,
    purpose=st.sampled_from(["create", "finish", "replace", "widen", "narrow", "retire"]),
    waits=st.just(()) | st.tuples(st.builds(Wait, st.just(0), st.integers(1, 3))),
)
_actions = st.builds(
    Action,
    action=st.sampled_from(["create", "update", "disable"]),
    key=_text,
    id=st.none() | _text,
    name=_text,
    matched_by=st.sampled_from(["id", "name", "former_name", "none"]),
    at=_positions,
    live_updated_at=st.none() | _text,
    changes=st.lists(_changes, max_size=3).map(tuple),
    requests=st.lists(_requests, min_size=1, max_size=2).map(tuple),
    unmanaged=st.sampled_from([(), ("status",), ("headers", "tags")]),
    turns_off=st.booleans(),
)
_findings = st.builds(
    Finding,
    code=st.sampled_from(sorted(CODES)),
    severity=st.sampled_from(Severity),
    message=_text,
    key=st.none() | _text,
    at=_positions,
    accepted=st.booleans(),
    accepted_by=st.none() | _text,
    asked=st.none() | st.booleans(),
)
_counts = st.integers(0, 2000)

_asked = st.builds(Asked, _tags, _counts, _counts, _text, _counts, _counts)
_demands = st.builds(Demand, st.lists(_asked, max_size=2).map(tuple), _counts)

plans = st.builds(
    Plan,
    created_at=st.just(NOW),
    api_url=st.just(API_URL),
    environment=st.none() | _text,
    manifest_digest=st.just("0" * 64),
    complete=st.booleans(),
    actions=st.lists(_actions, max_size=3, unique_by=lambda action: action.key).map(tuple),
    unchanged=_counts,
    unmanaged=st.lists(st.builds(UnmanagedRunner, _text, _text), max_size=2).map(tuple),
    findings=st.lists(_findings, max_size=3).map(tuple),
    gates=st.lists(st.builds(Gate, _tags, _tags, st.booleans()), min_size=1, max_size=2).map(tuple),
    capacity=st.lists(st.builds(Capacity, _tags, _counts, _counts), max_size=2).map(tuple),
    budget=st.builds(Budget, _counts, _counts, _counts, st.floats(0, 1e6, allow_nan=False, allow_infinity=False)),
    account=st.none() | _text,
    live_as_of=st.none() | _text,
    sandbox=st.none() | _text,
    targets=_tags,
    demand=st.none() | _demands,
    managed=st.none() | _counts,
)
"""Any plan that keeps to the types: names, tags and texts are hostile, header values of every kind."""
