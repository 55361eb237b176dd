"""A plan back from its JSON document, for `show` and to compare a saved plan with what would be planned now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.finding import Finding
from reconciler.model.plan import Action, Budget, Capacity, Change, Gate, Plan, Request, UnmanagedRunner, Wait
from reconciler.model.position import Position
from reconciler.model.runner import RunnerBody
from reconciler.model.secret import REDACTED, Unresolved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.secret import HeaderValue


def plan_from_document(document: Mapping[str, Any]) -> Plan:
    """The plan that a document of the right shape (see `schema`) tells of.

    Its actions have no `live` and no `desired`; a secret header value is `Unresolved("(sensitive)")`.
    """
    budget = document["budget"]
    return Plan(
        created_at=document["created_at"],
        api_url=document["api_url"],
        account=document.get("account"),
        environment=document["environment"],
        sandbox=document.get("sandbox"),
        live_as_of=document.get("live_as_of"),
        targets=tuple(document.get("targets", ())),
        manifest_digest=document["manifest_digest"],
        complete=document["complete"],
        actions=tuple(_read_action(each) for each in document["actions"]),
        unchanged=document["summary"]["unchanged"],
        unmanaged=tuple(UnmanagedRunner(each["id"], each["name"]) for each in document["unmanaged"]),
        findings=tuple(_read_finding(each) for each in document["findings"]),
        gates=tuple(
            Gate(tuple(each["tags"]), tuple(each["keys"]), each.get("wildcard", False))
            for each in document.get("gates", ())
        ),
        capacity=tuple(
            Capacity(tuple(each["tags"]), each["before"], each["after"]) for each in document.get("capacity", ())
        ),
        budget=Budget(budget["reads"], budget["writes"], budget["checks"], budget["seconds"], budget.get("verify", 0)),
    )


def _read_action(document: Mapping[str, Any]) -> Action:
    return Action(
        action=document["action"],
        key=document["key"],
        id=document["id"],
        name=document["name"],
        matched_by=document["matched_by"],
        at=_read_place(document),
        live_updated_at=document["live_updated_at"],
        changes=tuple(_read_change(each) for each in document["changes"]),
        requests=tuple(_read_request(each) for each in document["requests"]),
        unmanaged=tuple(document.get("unmanaged", ())),
        turns_off=document.get("turns_off", False),
    )


def _read_change(document: Mapping[str, Any]) -> Change:
    before, after = document.get("before"), document.get("after")
    return Change(
        field=document["field"],
        before=tuple(before) if isinstance(before, list) else before,
        after=tuple(after) if isinstance(after, list) else after,
        added=tuple(document.get("added", ())),
        removed=tuple(document.get("removed", ())),
        changed=tuple(document.get("changed", ())),
        unknown=tuple(document.get("unknown", ())),
        public={name: (each["before"], each["after"]) for name, each in document.get("public", {}).items()} or None,
        origin=document.get("origin"),
    )


def _read_request(document: Mapping[str, Any]) -> Request:
    body = document["body"]
    headers, tags = body.get("headers"), body.get("tags")
    return Request(
        method=document["method"],
        path=document["path"],
        body=RunnerBody(
            name=body["name"],
            endpoint=body["endpoint"],
            headers=None if headers is None else {name: _read_value(value) for name, value in headers.items()},
            tags=None if tags is None else tuple(tags),
            status=body.get("status"),
        ),
        purpose=document.get("purpose", "replace"),
        waits=tuple(Wait(each["gate"], each["at_least"]) for each in document.get("waits", ())),
    )


def _read_value(text: str) -> HeaderValue:
    return Unresolved(text) if text == REDACTED else text


def _read_finding(document: Mapping[str, Any]) -> Finding:
    return Finding(
        code=document["code"],
        severity=document["severity"],
        key=document["key"],
        message=document["message"],
        at=_read_place(document),
        accepted=document["accepted"],
        accepted_by=document.get("accepted_by"),
    )


def _read_place(document: Mapping[str, Any]) -> Position | None:
    if document["file"] is None:
        return None
    return Position(document["file"], document["line"] or 0, document.get("column") or 0)
