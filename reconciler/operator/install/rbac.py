"""What the operator may do: no more than it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.operator.install.choice import LABELS, NAME, SecretAccess
from reconciler.operator.resources.resource import ACCOUNTS, GROUP, RUNNERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.operator.install.choice import Choice

_API: Final = "rbac.authorization.k8s.io"
_LEASE_ROLE: Final = f"{NAME}-lease"
_SECRET_VERBS: Final = {SecretAccess.GET: ["get"], SecretAccess.LIST: ["get", "list", "watch"]}


def rbac(choice: Choice) -> Iterator[dict[str, Any]]:
    """The account that it runs as, and its roles: in each watched namespace, or in all, and for its lease."""
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": choice.metadata()}
    rules = _rules(choice)
    if not choice.namespaces:
        metadata = {"name": NAME, "labels": LABELS}
        yield {"apiVersion": f"{_API}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": rules}
        yield _binding("ClusterRole", NAME, metadata, choice)
    for namespace in choice.namespaces:
        metadata = choice.metadata(namespace=namespace)
        yield {"apiVersion": f"{_API}/v1", "kind": "Role", "metadata": metadata, "rules": rules}
        yield _binding("Role", NAME, metadata, choice)
    metadata = choice.metadata(_LEASE_ROLE)
    yield {"apiVersion": f"{_API}/v1", "kind": "Role", "metadata": metadata, "rules": _LEASE_RULES}
    yield _binding("Role", _LEASE_ROLE, metadata, choice)


def _rules(choice: Choice) -> list[dict[str, Any]]:
    statuses = [f"{ACCOUNTS}/status", f"{RUNNERS}/status"]
    return [
        {"apiGroups": [GROUP], "resources": [ACCOUNTS, RUNNERS], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [GROUP], "resources": statuses, "verbs": ["patch"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": _SECRET_VERBS[choice.secrets]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
    ]


def _binding(kind: str, role: str, metadata: dict[str, Any], choice: Choice) -> dict[str, Any]:
    return {
        "apiVersion": f"{_API}/v1",
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _API, "kind": kind, "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": choice.namespace}],
    }


_LEASES: Final = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]}
_LEASE_RULES: Final = [
    {**_LEASES, "verbs": ["create"]},  # which can't be limited to a name
    {**_LEASES, "resourceNames": [NAME], "verbs": ["get", "update"]},
]
