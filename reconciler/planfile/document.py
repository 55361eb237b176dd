"""A plan, a report and an error as the JSON documents that the product prints.

Readers ignore unknown keys; a new major `format_version` breaks them. No document holds a secret: a header value is
`(sensitive)`, unless the project file calls its header public, or it is not known and shows as its references.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler import __version__
from reconciler.errors import GuardRefused, ManifestError, ReconcilerError, StalePlan
from reconciler.model.enums import ActionKind, OutcomeStatus
from reconciler.model.fields.change import HeadersChange, ScalarChange, TagsChange
from reconciler.model.fields.table import body_document
from reconciler.model.secret import REDACTED, Unresolved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.demand import Demand
    from reconciler.model.fields.change import Change
    from reconciler.model.fields.spec import RunnerBody
    from reconciler.model.finding import Finding
    from reconciler.model.plan import Action, Plan, Request
    from reconciler.model.position import Position, Problem
    from reconciler.model.report import Outcome, Report
    from reconciler.model.secret import HeaderValue

FORMAT_VERSION: Final = "1.0"


def plan_document(plan: Plan) -> dict[str, Any]:
    """Make the plan as JSON data: what `plan --format json` prints, and what a saved plan holds besides its proofs."""
    return {
        "format_version": FORMAT_VERSION,
        "reconciler_version": __version__,
        "created_at": plan.created_at,
        "api_url": plan.api_url,
        "account": plan.account,
        "environment": plan.environment,
        "sandbox": plan.sandbox,
        "live_as_of": plan.live_as_of,
        "targets": list(plan.targets),
        "manifest_digest": plan.manifest_digest,
        "complete": plan.complete,
        "applyable": plan.applyable,
        "summary": _summary(plan),
        "budget": {
            "reads": plan.budget.reads,
            "writes": plan.budget.writes,
            "checks": plan.budget.checks,
            "verify": plan.budget.verify,
            "seconds": plan.budget.seconds,
        },
        "capacity": [{"tags": list(each.tags), "before": each.before, "after": each.after} for each in plan.capacity],
        "actions": [_action(each) for each in plan.actions],
        "unmanaged": [{"id": each.id, "name": each.name} for each in plan.unmanaged],
        **_demand(plan),
        "findings": [finding_document(each) for each in plan.findings],
        "gates": [{"tags": list(each.tags), "wildcard": each.wildcard, "keys": list(each.keys)} for each in plan.gates],
    }


def report_document(report: Report) -> dict[str, Any]:
    """Return what an apply did, as `apply --format json` prints it at exit 0, 3 and 130."""
    return {
        "format_version": FORMAT_VERSION,
        "interrupted": report.interrupted,
        "outcomes": [outcome_document(each) for each in report.outcomes],
        "summary": _count_by((each.status for each in report.outcomes), OutcomeStatus),
        "requests": {
            "reads": report.requests.reads,
            "writes": report.requests.writes,
            "retries": report.requests.retries,
            "rate_limited": report.requests.rate_limited,
        },
    }


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """Return what became of one action; `error` is null when it was applied."""
    error = outcome.error
    return {
        "key": outcome.key,
        "action": outcome.action,
        "id": outcome.id,
        "status": outcome.status,
        "error": None if error is None else {"code": error.code, "message": error.message},
    }


def error_document(error: ReconcilerError) -> dict[str, Any]:
    """Return an error as `--format json` prints it; at exit 4 and 5 with the plan as it is now."""
    problems = error.problems if isinstance(error, ManifestError) else ()
    document = failure_document(error.code, str(error), problems)
    if isinstance(error, StalePlan):
        document["error"]["moved"] = list(error.differences)
    if isinstance(error, StalePlan | GuardRefused) and error.plan is not None:
        document["plan"] = plan_document(error.plan)
    return document


def failure_document(code: str, message: str, problems: Iterable[Problem] = ()) -> dict[str, Any]:
    """Return the error document of anything that went wrong, also of what is no ReconcilerError."""
    places = [{"file": at.file, "line": at.line, "column": at.column, "message": what} for at, what in problems]
    return {"format_version": FORMAT_VERSION, "error": {"code": code, "message": message, "problems": places}}


def shown_body(body: RunnerBody) -> dict[str, Any]:
    """Return the body of a POST or PUT, secrets redacted; a field that is not sent is not in it."""
    return body_document(body, _shown)


def _shown(_name: str, value: HeaderValue) -> str:
    if isinstance(value, str):
        return value
    return value.text if isinstance(value, Unresolved) else REDACTED


def _summary(plan: Plan) -> dict[str, int]:
    return {
        "create": plan.count(ActionKind.CREATE),
        "update": plan.count(ActionKind.UPDATE),
        "disable": plan.count(ActionKind.DISABLE),
        "turned_off": plan.turned_off,
        "unchanged": plan.unchanged,
        "unmanaged": len(plan.unmanaged),
    }


def _demand(plan: Plan) -> dict[str, Any]:
    """What was read of workflows and managed runners; nothing where neither was."""
    found: dict[str, Any] = {}
    if plan.demand is not None:
        found["demand"] = demand_document(plan.demand)
    if plan.managed is not None:
        found["managed_runners"] = plan.managed
    return found


def demand_document(demand: Demand) -> dict[str, Any]:
    """Return what workflows ask for, by tag set, and how many active runners serve each before and after."""
    return {
        "recent": demand.recent,
        "asked": [
            {
                "tags": list(each.tags),
                "under_way": each.under_way,
                "recent": each.recent,
                "since": each.since,
                "before": each.before,
                "after": each.after,
            }
            for each in demand.asked
        ],
    }


def _count_by(values: Iterable[str], names: Iterable[str]) -> dict[str, int]:
    counts = dict.fromkeys(names, 0)
    for value in values:
        counts[value] += 1
    return counts


def _place(at: Position | None) -> dict[str, Any]:
    if at is None:
        return {"file": None, "line": None, "column": None}
    return {"file": at.file, "line": at.line, "column": at.column}


def _action(action: Action) -> dict[str, Any]:
    return {
        "action": action.action,
        "key": action.key,
        "id": action.id,
        "name": action.name,
        "matched_by": action.matched_by,
        **_place(action.at),
        "live_updated_at": action.live_updated_at,
        "turns_off": action.turns_off,
        "unmanaged": list(action.unmanaged),
        "changes": [_change(each) for each in action.changes],
        "requests": [_request(each) for each in action.requests],
    }


def _change(change: Change) -> dict[str, Any]:
    document: dict[str, Any] = {"field": change.field}
    match change:
        case HeadersChange():
            document |= {"added": list(change.added), "removed": list(change.removed), "changed": list(change.changed)}
            if change.unknown:
                document["unknown"] = list(change.unknown)
            if change.public:
                document["public"] = {
                    name: {"before": before, "after": after} for name, (before, after) in change.public.items()
                }
        case TagsChange():
            document |= {"before": list(change.before), "after": list(change.after)}
            document |= {"added": list(change.added), "removed": list(change.removed)}
        case ScalarChange():
            document |= {"before": change.before, "after": change.after}
    if change.origin is not None:
        document["origin"] = change.origin
    return document


def _request(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "path": request.path,
        "body": shown_body(request.body),
        "purpose": request.purpose,
        "waits": [{"gate": each.gate, "at_least": each.at_least} for each in request.waits],
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """Return one finding; its place is null where it has none, and `asked` there where it is known."""
    known = {} if finding.asked is None else {"asked": finding.asked}
    return {
        "code": finding.code,
        "severity": finding.severity,
        "key": finding.key,
        "message": finding.message,
        **_place(finding.at),
        "accepted": finding.accepted,
        "accepted_by": finding.accepted_by,
        **known,
    }
