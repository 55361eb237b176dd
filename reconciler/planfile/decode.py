"""A plan back from its parsed document, for `show` and to compare a saved plan with what would be planned now.

`models` has checked every type and filled in every default; here what is left is the shape: tuples, places, secrets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.demand import Asked, Demand
from reconciler.model.enums import ActionKind, ChangeOrigin, MatchedBy, Purpose, Severity
from reconciler.model.fields.change import HeadersChange, ScalarChange, TagsChange
from reconciler.model.fields.kinds import HeaderMap, Tags
from reconciler.model.fields.table import FIELD, read_body
from reconciler.model.finding import Finding
from reconciler.model.plan import (
    Action,
    Budget,
    Capacity,
    Fingerprints,
    Gate,
    Pin,
    Plan,
    Request,
    UnmanagedRunner,
    Wait,
)
from reconciler.model.position import Position
from reconciler.model.secret import REDACTED, Unresolved

if TYPE_CHECKING:
    from reconciler.model.fields.change import Change
    from reconciler.model.secret import HeaderValue
    from reconciler.planfile import models


def plan_from(document: models.PlanModel) -> Plan:
    """Make the plan of a document. Its actions have no `live` and no `desired`.

    A secret header value is `Unresolved("(sensitive)")`.
    """
    budget = document.budget
    return Plan(
        created_at=document.created_at,
        api_url=document.api_url,
        account=document.account,
        environment=document.environment,
        sandbox=document.sandbox,
        live_as_of=document.live_as_of,
        targets=tuple(document.targets),
        manifest_digest=document.manifest_digest,
        complete=document.complete,
        actions=tuple(map(_action, document.actions)),
        unchanged=document.summary.unchanged,
        unmanaged=tuple(UnmanagedRunner(each.id, each.name) for each in document.unmanaged),
        demand=None if document.demand is None else _demand(document.demand),
        managed=document.managed_runners,
        findings=tuple(map(_finding, document.findings)),
        gates=tuple(Gate(tuple(each.tags), tuple(each.keys), each.wildcard) for each in document.gates),
        capacity=tuple(Capacity(tuple(each.tags), each.before, each.after) for each in document.capacity),
        budget=Budget(budget.reads, budget.writes, budget.checks, budget.seconds, budget.verify),
    )


def fingerprints_from(document: models.FingerprintsModel) -> Fingerprints:
    """Read the fingerprints of a parsed document."""
    pins = (
        Pin(each.key, None if each.live is None else dict(each.live), tuple(each.requests)) for each in document.runners
    )
    return Fingerprints(document.nonce, tuple(pins))


def _action(document: models.ActionModel) -> Action:
    return Action(
        action=ActionKind(document.action),
        key=document.key,
        id=document.id,
        name=document.name,
        matched_by=MatchedBy(document.matched_by),
        at=_place(document),
        live_updated_at=document.live_updated_at,
        changes=tuple(map(_change, document.changes)),
        requests=tuple(map(_request, document.requests)),
        unmanaged=tuple(document.unmanaged),
        turns_off=document.turns_off,
    )


def _change(document: models.ChangeModel) -> Change:
    before, after = document.before, document.after
    origin = None if document.origin is None else ChangeOrigin(document.origin)
    added, removed = tuple(document.added), tuple(document.removed)
    match FIELD[document.field]:
        case HeaderMap():
            return HeadersChange(
                field=document.field,
                added=added,
                removed=removed,
                changed=tuple(document.changed),
                unknown=tuple(document.unknown),
                public={name: (each.before, each.after) for name, each in document.public.items()} or None,
                origin=origin,
            )
        case Tags():
            return TagsChange(
                field=document.field,
                before=tuple(before or ()),
                after=tuple(after or ()),
                added=added,
                removed=removed,
                origin=origin,
            )
        case _:
            return ScalarChange(
                field=document.field,
                before=None if before is None else str(before),
                after="" if after is None else str(after),
                origin=origin,
            )


def _request(document: models.RequestModel) -> Request:
    return Request(
        method=document.method,
        path=document.path,
        body=read_body(dict(document.body), _value),
        purpose=Purpose(document.purpose),
        waits=tuple(Wait(each.gate, each.at_least) for each in document.waits),
    )


def _value(_name: str, text: str) -> HeaderValue:
    return Unresolved(text) if text == REDACTED else text


def _finding(document: models.FindingModel) -> Finding:
    return Finding(
        code=document.code,
        severity=Severity(document.severity),
        key=document.key,
        message=document.message,
        at=_place(document),
        accepted=document.accepted,
        accepted_by=document.accepted_by,
        asked=document.asked,
    )


def _demand(document: models.DemandModel) -> Demand:
    asked = (
        Asked(tuple(each.tags), each.under_way, each.recent, each.since, each.before, each.after)
        for each in document.asked
    )
    return Demand(tuple(asked), document.recent)


def _place(document: models.Place) -> Position | None:
    if document.file is None:
        return None
    return Position(document.file, document.line or 0, document.column or 0)
