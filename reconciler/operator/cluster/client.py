"""The operator's own requests to the API server.

What they need of RBAC, and `operator manifests` grants:

    ""                             secrets                            get     in watched namespaces
    ""                             events                             create  in watched namespaces
    reconciler.comfycontrol.app    accounts/status, runners/status    patch   in watched namespaces
    coordination.k8s.io            leases                             create  in the namespace of the Lease
    coordination.k8s.io            leases, of the Lease's name        get, update
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

from reconciler.operator.cluster.connection import Connection, Request
from reconciler.operator.cluster.errors import ClusterError, Conflict, NotThere
from reconciler.operator.cluster.record import API_VERSION, lease_document, read_record
from reconciler.operator.resources.resource import GROUP, VERSION, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import kopf

    from reconciler.operator.cluster.record import Record
    from reconciler.ports import Clock

MANAGER: Final = "reconciler"
"""The field manager of everything that is written."""
_LEASE_TIMEOUT_S: Final = 2.0
"""For one whole request: a renewal that hangs must leave time for another before the Lease is given up."""


class Cluster(Protocol):
    """The API server, as much of it as is needed. Every method raises ClusterError."""

    def get_secret(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """Return the data of a secret, by key; None: there is none."""

    def patch_status(self, plural: str, ref: Ref, patch: Mapping[str, Any]) -> None:
        """Merge a patch (RFC 7386) into a status. Nothing happens where the resource is gone."""

    def create_event(self, event: Mapping[str, Any]) -> None:
        """Create an event (core/v1). Nothing happens where it is there already, or its namespace is gone."""

    def get_lease(self, ref: Ref) -> Record | None:
        """Return the Lease; None: there is none."""

    def create_lease(self, ref: Ref, record: Record) -> Record:
        """Create a Lease. Raises Conflict where there is one."""

    def update_lease(self, ref: Ref, record: Record) -> Record:
        """Update a Lease on the version of the record. Raises Conflict where it has changed since."""


class SecretData(Mapping[str, bytes]):
    """The data of a secret, decoded key by key, which no repr shows."""

    def __init__(self, place: str, encoded: Mapping[str, str]) -> None:
        self._place = place
        self._encoded = encoded

    def __getitem__(self, key: str) -> bytes:
        try:
            return base64.b64decode(self._encoded[key], validate=True)
        except (binascii.Error, ValueError):
            raise ClusterError(f"key {key} of secret {self._place} is not base64; write it anew") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)

    def __repr__(self) -> str:
        return f"SecretData({self._place!r}, keys={sorted(self._encoded)!r})"


class KubernetesCluster:
    """Implements Cluster, from any thread. `login` gives the credentials as they are now."""

    def __init__(self, login: Callable[[], kopf.ConnectionInfo], clock: Clock) -> None:
        self._connection = Connection(login, clock)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def get_secret(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """See Cluster."""
        try:
            found = self._connection.send(_request("GET", "get", "secrets", Ref(namespace, name)))
        except NotThere:
            return None
        return SecretData(f"{namespace}/{name}", found.get("data") or {})

    def patch_status(self, plural: str, ref: Ref, patch: Mapping[str, Any]) -> None:
        """See Cluster."""
        request = _request(
            "PATCH", "patch", f"{plural}/status", ref, group=GROUP, version=VERSION, body={"status": patch}
        )
        try:
            self._connection.send(request)
        except NotThere as exc:
            if not exc.of_object:  # the definition is not there, or has no status
                raise

    def create_event(self, event: Mapping[str, Any]) -> None:
        """See Cluster."""
        meta = event["metadata"]
        try:
            self._connection.send(_request("POST", "create", "events", Ref(meta["namespace"], ""), body=event))
        except Conflict:
            return
        except NotThere as exc:
            if not exc.of_object:
                raise

    def get_lease(self, ref: Ref) -> Record | None:
        """See Cluster."""
        try:
            return self._lease("GET", "get", ref)
        except NotThere as exc:
            if not exc.of_object:
                raise
            return None

    def create_lease(self, ref: Ref, record: Record) -> Record:
        """See Cluster."""
        return self._lease("POST", "create", ref, record)

    def update_lease(self, ref: Ref, record: Record) -> Record:
        """See Cluster."""
        return self._lease("PUT", "update", ref, record)

    def _lease(self, method: str, verb: str, ref: Ref, record: Record | None = None) -> Record:
        """Make one attempt, within a short time: whoever keeps the Lease decides what is done after it."""
        group, version = API_VERSION.split("/")
        body = None if record is None else lease_document(record, *ref)
        where = Ref(ref.namespace, "") if method == "POST" else ref
        request = _request(
            method, verb, "leases", where, group=group, version=version, body=body, timeout_s=_LEASE_TIMEOUT_S
        )
        found = self._connection.send(request, attempts=1)
        try:
            return read_record(found)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ClusterError(f"{request}: the answer is no Lease") from None


def _request(
    method: str,
    verb: str,
    resource: str,
    ref: Ref,
    *,
    group: str = "",
    version: str = "v1",
    body: Mapping[str, Any] | None = None,
    timeout_s: float = 10.0,
) -> Request:
    """Make a request for one object; with an empty name, for its collection."""
    plural, _, subresource = resource.partition("/")
    parts = ["apis", group, version] if group else ["api", version]
    parts += ["namespaces", ref.namespace, plural, *filter(None, (ref.name, subresource))]
    path = "/".join(quote(part, safe="") for part in parts)
    query = "" if method == "GET" else f"?fieldManager={MANAGER}"
    return Request(method, f"/{path}{query}", verb, resource, group, ref, body, timeout_s)
