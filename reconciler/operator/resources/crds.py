"""The CustomResourceDefinitions of Account and Runner (apiextensions.k8s.io/v1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.model.fields.spec import MAX_NAME
from reconciler.operator.resources.resource import ACCOUNTS, GROUP, RUNNERS, VERSION
from reconciler.operator.resources.schema import account_spec, runner_spec
from reconciler.operator.resources.schema_parts import Schema, rule
from reconciler.operator.resources.schema_words import DESCRIPTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

CATEGORY: Final = "comfycontrol"
_COUNTS: Final = ("runners", "inSync", "drifted", "unmanaged", "unhealthy")
_TIMES: Final = ("driftSince", "lastSuccessTime")
_DIGESTS: Final = ("appliedDigest", "attemptedDigest")
_READY: Final = "Ready"


def crds() -> list[dict[str, Any]]:
    """Both definitions."""
    times = {name: _leaf(name, "string", format="date-time") for name in _TIMES}
    account = {name: _leaf(name, "integer", format="int64", minimum=0) for name in _COUNTS} | times
    account |= {name: _leaf(name, "string") for name in _DIGESTS}
    fields = {"type": "string", "maxLength": 64}
    runner = {
        "id": _leaf("id", "string"),
        "differs": {**_leaf("differs", "array"), "items": fields, "x-kubernetes-list-type": "set"},
    }
    long = rule(
        f"has(self.spec.name) || self.metadata.name.size() <= {MAX_NAME}",
        f"a runner's name may have at most {MAX_NAME} characters; give it a shorter one in spec.name",
    )
    return [
        _crd("Account", ACCOUNTS, "cca", account_spec(), account, _ACCOUNT_COLUMNS),
        _crd("Runner", RUNNERS, "ccr", runner_spec(), runner, _RUNNER_COLUMNS, long),
    ]


def _crd(
    kind: str,
    plural: str,
    short: str,
    spec: Schema,
    status: Mapping[str, Schema],
    columns: list[dict[str, Any]],
    *rules: Schema,
) -> dict[str, Any]:
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    schema = {
        "type": "object",
        "description": DESCRIPTIONS[kind],
        "properties": {
            "apiVersion": _leaf("apiVersion", "string"),
            "kind": _leaf("kind", "string"),
            "metadata": {"type": "object"},
            "spec": spec,
            "status": _status(status),
        },
        "required": ["spec"],
        **({"x-kubernetes-validations": list(rules)} if rules else {}),
    }
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
        "additionalPrinterColumns": columns,
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {**names, "shortNames": [short], "categories": [CATEGORY]},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def _status(properties: Mapping[str, Schema]) -> Schema:
    generation = _leaf("observedGeneration", "integer", format="int64", minimum=0)
    conditions = {
        **_leaf("conditions", "array"),
        "items": _CONDITION,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    }
    return {
        **_leaf("status", "object"),
        "properties": {"conditions": conditions, **properties, "observedGeneration": generation},
    }


def _leaf(name: str, kind: str, **bounds: Any) -> Schema:
    return {"type": kind, "description": DESCRIPTIONS[name], **bounds}


def _column(name: str, kind: str, path: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "jsonPath": path, **more}


def _condition(name: str, field: str = "status") -> str:
    return f'.status.conditions[?(@.type=="{name}")].{field}'


_CONDITION: Final[Schema] = {
    "type": "object",
    "properties": {
        "type": _leaf("condition.type", "string", maxLength=316, pattern="^[A-Z][A-Za-z]*$"),
        "status": _leaf("condition.status", "string", enum=["True", "False", "Unknown"]),
        "observedGeneration": _leaf("condition.observedGeneration", "integer", format="int64", minimum=0),
        "lastTransitionTime": _leaf("condition.lastTransitionTime", "string", format="date-time"),
        "reason": _leaf(
            "condition.reason",
            "string",
            minLength=1,
            maxLength=1024,
            pattern="^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
        ),
        "message": _leaf("condition.message", "string", maxLength=32768),
    },
    "required": ["type", "status", "lastTransitionTime", "reason", "message"],
}
"""A metav1.Condition."""
_AGE: Final = _column("Age", "date", ".metadata.creationTimestamp")
_ACCOUNT_COLUMNS: Final = [
    _column("Mode", "string", ".spec.mode"),
    _column("Ready", "string", _condition(_READY)),
    _column("Runners", "integer", ".status.runners"),
    _column("In sync", "integer", ".status.inSync"),
    _column("Drifted", "integer", ".status.drifted"),
    _column("Unmanaged", "integer", ".status.unmanaged", priority=1),
    _column("Unhealthy", "integer", ".status.unhealthy", priority=1),
    _column("Suspended", "string", _condition("Suspended"), priority=1),
    _column("Last success", "date", ".status.lastSuccessTime"),
    _column("Reason", "string", _condition(_READY, "reason"), priority=1),
    _AGE,
]
_RUNNER_COLUMNS: Final = [
    _column("Account", "string", ".spec.account"),
    _column("State", "string", ".spec.state"),
    _column("Ready", "string", _condition(_READY)),
    _column("Synced", "string", _condition("Synced")),
    _column("Healthy", "string", _condition("Healthy")),
    _column("Contested", "string", _condition("Contested"), priority=1),
    _column("Id", "string", ".status.id", priority=1),
    _column("Endpoint", "string", ".spec.endpoint", priority=1),
    _column("Reason", "string", _condition(_READY, "reason"), priority=1),
    _AGE,
]
