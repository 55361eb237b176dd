"""Entries, live runners and the plans for them: everything plain unless a test says otherwise."""

from __future__ import annotations

import datetime as dt

from reconciler.model.fields.table import FIELDS
from reconciler.model.policy import Guard, Policy
from reconciler.model.position import Position
from reconciler.model.runner import Desired, Listing
from reconciler.model.secret import Secret
from reconciler.planning.planner import make_plan
from reconciler.settings import RateLimit
from tests.fakes.runners import edited, make_desired, make_live, sent

TODAY = dt.date(2026, 1, 31)
NOW = "2026-01-31T10:00:00Z"
LIMIT = RateLimit(40, 10.0)


def runner_id(number):
    """The UUID of runner `number`."""
    return f"550e8400-e29b-41d4-a716-{number:012d}"


def live(number=1, **fields):
    """Live runner `number`, active, named `gpu-NUMBER`, at a private address, with one tag and no headers."""
    known = {
        "id": runner_id(number),
        "name": f"gpu-{number}",
        "endpoint": f"https://8.8.8.{number}:8188",
        "headers": {},
        "tags": ("gpu",),
        "status": "active",
        "user_id": "user-1",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    return make_live(**known | fields)


def entry(number=1, **fields):
    """The entry that wants runner `number` as `live` makes it, all five fields owned, matched by name."""
    known = {
        "key": f"gpu-{number}",
        "at": Position("runners.yaml", number, 3),
        "name": f"gpu-{number}",
        "endpoint": f"https://8.8.8.{number}:8188",
        "headers": {},
        "tags": ("gpu",),
        "status": "active",
    }
    return make_desired(**known | fields)


def entry_for(runner, **fields):
    """The entry that wants a live runner just as it is, by its id, all five fields owned."""
    known = {"id": runner.id} | {field.name: field.of(runner.spec) for field in FIELDS}
    return entry(key=f"k-{runner.id}", **known | fields)


def plan(desired, lives, *, guard=None, complete=True, reads=1, demand=None, managed=None, **fields):
    """The plan for entries and live runners; `fields` are those of Policy, or options of make_plan."""
    options = {name: fields.pop(name) for name in ("verify", "sandbox", "live_as_of", "health") if name in fields}
    policy = Policy(today=TODAY, guard=guard or Guard(), **fields)
    return make_plan(
        Desired(tuple(desired), "digest", ("runners.yaml",), complete),
        Listing(tuple(lives), NOW, reads, managed=managed, demand=demand),
        policy,
        api_url="https://api.example.com",
        environment=None,
        created_at=NOW,
        rate_limit=LIMIT,
        **options,
    )


def apply_to(made, lives):
    """The live runners after every request of a plan, as the service documents it: an omitted field keeps its value."""
    store = {runner.id: runner for runner in lives}
    for number, action in enumerate(made.actions):
        where = action.id
        for request in action.requests:
            if request.method == "POST":
                where = runner_id(900_000 + number)
                store[where] = make_live(id=where, **sent(request.body))
            else:
                store[where] = edited(store[where], **sent(request.body))
    return list(store.values())


def codes(made):
    """The codes of a plan's findings, in order."""
    return [finding.code for finding in made.findings]


def secret_headers(**values):
    """Headers with secret values; `_` in a name stands for `-`."""
    return {name.replace("_", "-"): Secret(value) for name, value in values.items()}
