"""Workflows: what a create takes, and how they run.

A workflow is given to one of the matching active runners at random. A runner runs one at a time, in the order in which
they came, and each takes as long as any other. One that no runner matches waits, and so does one whose runner stops
matching before it has begun; one that has begun is finished. All this is worked out at every request, from the
time that has passed. What a seed holds does not run: it keeps the status that it was given.

Not documented, and made up here: how long a workflow takes, that a runner has one at a time, and what the parts of a
create are called, but for `tags`: whatever else is sent is taken, and dropped but for a `name`.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from reconciler.sandbox.clock import stamp
from reconciler.sandbox.entities import RUNNER, WORKFLOW, encode, to_row
from reconciler.sandbox.exchange import bad_request
from reconciler.sandbox.rules import MAX_BODY, check_name

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reconciler.sandbox.exchange import Request
    from reconciler.sandbox.store import Store

ACCEPTED: Final = "accepted"
QUEUED: Final = "queued"
RUNNING: Final = "running"
COMPLETED: Final = "completed"

_BOUNDARY: Final = re.compile(r'boundary="?([^"\s;,]{1,70})"?', re.IGNORECASE)
_PART: Final = re.compile(rb'content-disposition:[^\r\n]*[;\s]name="(name|tags)"', re.IGNORECASE)

_UNDER_WAY: Final = """SELECT e.document, r.runner_id, r.given_at, r.started_at FROM runs r
    JOIN entities e ON e.kind = 'workflow' AND e.id = r.workflow_id WHERE r.user_id = ? ORDER BY e.number"""
_FLEET: Final = "SELECT id, document FROM entities WHERE user_id = ? AND status = 'active' AND kind IN (?, ?)"


def create_body(request: Request) -> dict[str, Any]:
    """Return the name and the tags of a create: tags are one string, separated by commas (API: Create Workflow)."""
    parts = _parts(request)
    name = parts.get("name")
    if name is not None:
        check_name(name)
    tags = (tag.strip() for tag in parts.get("tags", "").split(","))
    return {"name": name, "tags": list(dict.fromkeys(filter(None, tags)))}


def create(store: Store, workflow: Mapping[str, Any], user_id: str) -> str:
    """Add a workflow that runs from now on, and give its JSON text."""
    row = to_row(WORKFLOW, workflow, user_id)
    with store.transaction() as db:
        db.execute("INSERT INTO entities (kind, id, user_id, status, created_at, document) VALUES (?,?,?,?,?,?)", row)
        db.execute("INSERT INTO runs VALUES (?, ?, NULL, NULL, NULL)", (workflow["id"], user_id))
    return row[-1]


@dataclass(slots=True)
class Run:
    """A workflow under way: the runner that has it, when it got it, when it began and ended (seconds since 1970)."""

    tags: frozenset[str]
    runner: str | None = None
    given_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """As the API has it."""
        if self.ended_at is not None:
            return COMPLETED
        return QUEUED if self.started_at is None else RUNNING


class Schedule:
    """Which runner has which workflow.

    Args:
        duration_s: how long each workflow takes.
        pick: takes one of the ids of the matching runners.
    """

    def __init__(self, duration_s: float, pick: Callable[[Sequence[str]], str] = random.choice) -> None:
        self._duration_s = duration_s
        self._pick = pick

    def advance(self, runs: Sequence[Run], fleet: Mapping[str, frozenset[str]], now: float) -> None:
        """Bring all runs to `now`; `runs` are in the order in which they came, `fleet` has what active runners carry.

        The fleet has been this one since the last call.
        """
        free_at: dict[str, float] = {}
        given = [run for run in runs if run.runner is not None]
        for run in sorted(given, key=lambda run: (run.started_at is None, run.given_at)):
            self._step(run, fleet, now, free_at)
        for run in runs:
            if run.runner is None:
                matching = sorted(key for key, carried in fleet.items() if not carried or run.tags <= carried)
                if matching:
                    run.runner, run.given_at = self._pick(matching), now
                    self._step(run, fleet, now, free_at)

    def _step(self, run: Run, fleet: Mapping[str, frozenset[str]], now: float, free_at: dict[str, float]) -> None:
        runner = run.runner
        if runner is None or run.given_at is None:
            return
        if run.started_at is None:
            start = max(run.given_at, free_at.get(runner, 0.0))
            if start > now:
                carried = fleet.get(runner)
                if carried is None or (carried and not run.tags <= carried):
                    run.runner = run.given_at = None
                return
            run.started_at = start
        end = run.started_at + self._duration_s
        free_at[runner] = max(free_at.get(runner, 0.0), end)
        run.ended_at = end if end <= now else None


def advance(store: Store, schedule: Schedule, user: Mapping[str, Any], *, managed: str, now: float) -> None:
    """Bring the account's workflows to `now`. `managed` is the kind of its managed runners, "" where it has none."""
    user_id = user["id"]
    with store.transaction("DEFERRED") as db:
        if db.execute("SELECT 1 FROM runs WHERE user_id = ? LIMIT 1", (user_id,)).fetchone() is None:
            return
    with store.transaction() as db:
        runs = [_run(*row) for row in db.execute(_UNDER_WAY, (user_id,))]
        fleet = {
            key: frozenset(json.loads(text)["tags"]) for key, text in db.execute(_FLEET, (user_id, RUNNER, managed))
        }
        schedule.advance(runs, fleet, now)
        _save(db, runs, user_id, now)


def _run(document: str, runner: str | None, given_at: float | None, started_at: float | None) -> Run:
    whole = json.loads(document)
    return Run(frozenset(whole["tags"]), runner, given_at, started_at, document=whole)


def _save(db: sqlite3.Connection, runs: Iterable[Run], user_id: str, now: float) -> None:
    for run in runs:
        workflow = run.document
        if workflow["status"] != run.status:
            times = {"started_at": _stamp(run.started_at), "completed_at": _stamp(run.ended_at)}
            workflow |= {**times, "status": run.status, "updated_at": _stamp(run.ended_at or run.started_at or now)}
            db.execute(
                "UPDATE entities SET status = ?, document = ? WHERE kind = ? AND id = ?",
                (run.status, encode(workflow), WORKFLOW, workflow["id"]),
            )
        if run.ended_at is not None:
            db.execute("DELETE FROM runs WHERE workflow_id = ?", (workflow["id"],))
        else:
            row = (workflow["id"], user_id, run.runner, run.given_at, run.started_at)
            db.execute("REPLACE INTO runs VALUES (?, ?, ?, ?, ?)", row)


def _stamp(seconds: float | None) -> str | None:
    return None if seconds is None else stamp(dt.datetime.fromtimestamp(seconds, dt.UTC))


def _parts(request: Request) -> dict[str, str]:
    """The texts of the parts `name` and `tags` of a multipart form (RFC 7578)."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    boundary = _BOUNDARY.search(parameters)
    if kind.strip().lower() != "multipart/form-data" or boundary is None:
        raise bad_request("the Content-Type must be multipart/form-data with a boundary")
    if len(request.body) > MAX_BODY:
        raise bad_request(f"the request body is over {MAX_BODY} bytes")
    _preamble, *sections = (b"\r\n" + request.body).split(b"\r\n--" + boundary[1].encode())
    if not sections[:-1] or not sections[-1].startswith(b"--"):
        raise bad_request("invalid multipart form: it has no part, or no end")
    found: dict[str, str] = {}
    for section in sections[:-1]:
        head, _, content = section.partition(b"\r\n\r\n")
        named = _PART.search(head)
        name = named[1].decode() if named else ""
        if not name:
            continue
        if name in found:
            raise bad_request(f"{name} must be given once")
        try:
            found[name] = content.decode()
        except UnicodeDecodeError as exc:
            raise bad_request(f"{name} must be UTF-8") from exc
    return found
