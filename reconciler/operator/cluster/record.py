"""The record in a Lease (coordination.k8s.io/v1), as client-go's leader election writes and reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

API_VERSION: Final = "coordination.k8s.io/v1"
_MICRO_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Who holds a Lease (empty: no one), for how long after each renewal, since when, and how often it changed hands.

    Times are MicroTime, for people: nothing is decided by them. `version` is the resourceVersion it was read at; an
    update succeeds on that version only. `document` is the whole object as read, so that an update drops nothing.
    """

    holder: str
    duration_s: int
    acquired_at: str
    renewed_at: str
    transitions: int
    version: str = ""
    document: Mapping[str, Any] | None = None


def micro_time(moment: dt.datetime) -> str:
    """Return a moment (UTC) as metav1.MicroTime."""
    return moment.strftime(_MICRO_TIME)


def read_record(document: Mapping[str, Any]) -> Record:
    """Return the record of a Lease as the API server has it; what is absent is empty."""
    spec = document.get("spec") or {}
    return Record(
        holder=spec.get("holderIdentity") or "",
        duration_s=int(spec.get("leaseDurationSeconds") or 0),
        acquired_at=spec.get("acquireTime") or "",
        renewed_at=spec.get("renewTime") or "",
        transitions=int(spec.get("leaseTransitions") or 0),
        version=document["metadata"]["resourceVersion"],
        document=document,
    )


def lease_document(record: Record, namespace: str, name: str) -> dict[str, Any]:
    """Return the Lease to send: labels, annotations and fields of others are kept."""
    before = record.document or {}
    metadata = {**before.get("metadata", {}), "namespace": namespace, "name": name}
    metadata.pop("managedFields", None)
    if record.version:
        metadata["resourceVersion"] = record.version
    times = {"acquireTime": record.acquired_at, "renewTime": record.renewed_at}
    spec = {
        **(before.get("spec") or {}),
        "holderIdentity": record.holder,
        "leaseDurationSeconds": record.duration_s,
        **{name: time for name, time in times.items() if time},  # an empty one is no MicroTime
        "leaseTransitions": record.transitions,
    }
    return {"apiVersion": API_VERSION, "kind": "Lease", "metadata": metadata, "spec": spec}
