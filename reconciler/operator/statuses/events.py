"""Events (core/v1): what became different with a status, said once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reconciler.operator.resources.resource import GROUP, VERSION
from reconciler.operator.statuses.conditions import (
    FALSE,
    HEALTHY,
    IN_SYNC,
    SUSPENDED,
    SYNCED,
    TRUE,
    UNKNOWN,
    by_type,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.operator.resources.resource import Resource

COMPONENT: Final = "reconciler"
MAX_MESSAGE: Final = 1024
"""Bytes of an event's message."""
_LONGEST_NAME: Final = 253 - 17
_NORMAL: Final = "Normal"
_WARNING: Final = "Warning"
_FAILURES: Final = frozenset({"ReadsFailed", "SettingsFailed", "NoPlan"})


class Notice(NamedTuple):
    """What an event says."""

    type: str
    reason: str
    message: str


def notices(before: Mapping[str, Any], after: Mapping[str, Any], written: str | None, *, account: bool) -> list[Notice]:
    """Return what is new in a status. `written` is what this cycle wrote, in words."""
    return list(_notices(by_type(before), by_type(after), written, account=account))


def _notices(
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    written: str | None,
    *,
    account: bool,
) -> Iterator[Notice]:
    was, synced = before.get(SYNCED, {}), after[SYNCED]
    fails = synced["status"] == FALSE or (account and synced["status"] == UNKNOWN and synced["reason"] in _FAILURES)
    if written is not None:
        yield Notice(_NORMAL, "Applied", written)
    if fails and (was.get("status"), was.get("reason")) != (synced["status"], synced["reason"]):
        yield Notice(_WARNING, synced["reason"], synced["message"])
    failed = was.get("status") == FALSE or (account and was.get("reason") in _FAILURES)
    if failed and synced["status"] == TRUE and written is None:
        yield Notice(_NORMAL, IN_SYNC, synced["message"])
    if account:
        yield from _suspended(before.get(SUSPENDED, {}), after[SUSPENDED])
    was, healthy = before.get(HEALTHY, {}), after[HEALTHY]
    if healthy["status"] == FALSE and was.get("status") != FALSE:
        yield Notice(_WARNING, "Unhealthy", healthy["message"])
    if healthy["status"] == TRUE and was.get("status") == FALSE:
        yield Notice(_NORMAL, "HealthyAgain", healthy["message"])


def _suspended(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Notice]:
    if now["status"] == TRUE and was.get("status") != TRUE:
        yield Notice(_NORMAL, SUSPENDED, now["message"])
    if now["status"] == FALSE and was.get("status") == TRUE:
        yield Notice(_NORMAL, "Resumed", now["message"])


def event(kind: str, resource: Resource, notice: Notice, *, now: str) -> dict[str, Any]:
    """Return the event to create. Its name follows from what it says: it is created once, however often sent."""
    namespace, name = resource.ref
    message = _bounded(notice.message)
    said = "\0".join((resource.uid, *notice, now))
    suffix = hashlib.sha256(said.encode(errors="replace")).hexdigest()[:16]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "namespace": namespace,
            "name": f"{name[: _LONGEST_NAME - len(suffix) - 1].rstrip('.-')}.{suffix}",
        },
        "involvedObject": {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": kind,
            "namespace": namespace,
            "name": name,
            "uid": resource.uid,
        },
        "type": notice.type,
        "reason": notice.reason,
        "message": message,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": COMPONENT,
    }


def _bounded(message: str) -> str:
    """Return a message of at most MAX_MESSAGE bytes, cut between two characters."""
    text = message.encode(errors="replace")
    if len(text) <= MAX_MESSAGE:
        return text.decode()
    return text[: MAX_MESSAGE - len("…".encode())].decode(errors="ignore") + "…"
