"""An Account with Runners, and what a cycle came to, for the statuses that follow from it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.enums import ActionKind, OutcomeStatus, Severity
from reconciler.model.finding import Finding
from reconciler.model.report import Failure, Outcome, Report, RequestCount
from reconciler.model.watching import Mode
from reconciler.operator.resources.resource import ACCOUNTS, RUNNERS, Snapshot
from reconciler.operator.statuses.observed import Observed
from reconciler.operator.statuses.updates import updates
from reconciler.watch.happened import Happened
from reconciler.watch.status import CycleResult, Drifted, Status
from tests.fakes.resources import account, runner
from tests.fakes.small_plans import plan

NOW = "2026-01-31T10:00:00Z"
LATER = "2026-01-31T10:01:00Z"
ONE, TWO = "fleet.one", "fleet.two"
ID = "550e8400-e29b-41d4-a716-000000000001"
STATUS = Status(environment=None, api_url="https://api.example", mode=Mode.APPLY)
PLAN = plan([], [])


def observed(result=CycleResult.IN_STEP, *, runners=None, of=None, drifted=(), planned=True, findings=(), **more):
    """A cycle over an Account and two Runners. `drifted` has pairs of key and fields, `findings` of key and text."""
    snapshot = Snapshot(of or account(), tuple(runners if runners is not None else (runner("one"), runner("two"))))
    status = replace(STATUS, drifted=tuple(Drifted(*each) for each in drifted), **more.pop("status", {}))
    found = tuple(
        Finding(code="stranded-tags", severity=Severity.ERROR, message=text, key=key) for key, text in findings
    )
    made = replace(PLAN, findings=found) if planned else None
    facts = {key: more.pop(key) for key in ("report", "waits", "error") if key in more}
    reason = more.pop("reason", "in words")
    known = {"snapshot": snapshot, "in_force": snapshot, "status": status, "now": NOW}
    return Observed(**{**known, "happened": Happened(result, reason, made, **facts), **more})


def report(**outcomes):
    """What became of writes: a status for each key, or a status and an error."""
    made = []
    for name, outcome in outcomes.items():
        status, error = outcome if isinstance(outcome, tuple) else (outcome, None)
        failure = Failure("api", error) if error else None
        made.append(
            Outcome(key=f"fleet.{name}", action=ActionKind.CREATE, id=ID, status=OutcomeStatus(status), error=failure)
        )
    return Report(tuple(made), RequestCount())


def after(seen):
    """Every status after a cycle by the resource's name, the Account's under `default`: those that stay, too."""
    found = {(RUNNERS, each.ref): seen.before(each) for each in seen.snapshot.runners}
    found[ACCOUNTS, seen.snapshot.account.ref] = seen.before(seen.snapshot.account)
    found |= {(each.plural, each.resource.ref): each.status for each in updates(seen)}
    return {ref.name: status for (_, ref), status in found.items()}


def condition(seen, name, of):
    """Status and reason of one condition after a cycle."""
    (found,) = (each for each in after(seen)[name]["conditions"] if each["type"] == of)
    return found["status"], found["reason"]


def message(seen, name, of="Synced"):
    """The message of one condition."""
    (found,) = (each for each in after(seen)[name]["conditions"] if each["type"] == of)
    return found["message"]


def events(seen):
    """The events of a cycle: kind and name of the resource, type and reason."""
    found = (each for update in updates(seen) for each in update.events)
    return [(each["involvedObject"]["name"], each["type"], each["reason"]) for each in found]


def again(seen, following, *, now=LATER):
    """The next cycle, on the statuses that the one before has written."""
    written = {each.uid: after(seen)[each.ref.name] for each in (seen.snapshot.account, *seen.snapshot.runners)}
    return replace(following, written=written, now=now)
