"""Two replicas of the operator, of which one acts, and how to reach their status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.operator.install.choice import LABELS, NAME, PORT, PORT_NAME, USER

if TYPE_CHECKING:
    from reconciler.operator.install.choice import Choice

_REPLICAS: Final = 2
_GRACE_S: Final = 60
"""More than one whole request takes: a write that is in flight is finished."""


def deployment(choice: Choice) -> dict[str, Any]:
    """The Deployment: neither root nor a capability, a root file system that can't be written."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": choice.metadata(),
        "spec": {
            "replicas": _REPLICAS,
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": _pod(choice)},
        },
    }


def service(choice: Choice) -> dict[str, Any]:
    """The Service in front of the status: health, metrics, a page for people."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": choice.metadata(),
        "spec": {"selector": LABELS, "ports": [{"name": PORT_NAME, "port": PORT, "targetPort": PORT_NAME}]},
    }


def pod_monitor(choice: Choice) -> dict[str, Any]:
    """What the operator of Prometheus scrapes: every replica."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": choice.metadata(),
        "spec": {"selector": {"matchLabels": LABELS}, "podMetricsEndpoints": [{"port": PORT_NAME, "path": "/metrics"}]},
    }


def _pod(choice: Choice) -> dict[str, Any]:
    return {
        "serviceAccountName": NAME,
        "terminationGracePeriodSeconds": _GRACE_S,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": LABELS},
            }
        ],
        "containers": [_container(choice)],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
    }


def _container(choice: Choice) -> dict[str, Any]:
    return {
        "name": "operator",
        "image": choice.image,
        "command": ["reconciler"],
        "args": _arguments(choice),
        "env": [
            {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 - an empty folder of the pod's own
        ],
        "ports": [{"name": PORT_NAME, "containerPort": PORT}],
        "livenessProbe": _probe("/healthz", periodSeconds=10, timeoutSeconds=5, failureThreshold=6),
        "readinessProbe": _probe("/readyz", periodSeconds=5, timeoutSeconds=5),
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - an empty folder of the pod's own
    }


def _arguments(choice: Choice) -> list[str]:
    """The operator's options; an option's value follows `=`, so that each is one line."""
    return [
        "operator",
        f"--listen=0.0.0.0:{PORT}",
        "--lease-namespace=$(POD_NAMESPACE)",
        f"--lease-name={NAME}",
        f"--secrets={choice.secrets}",
        *(f"--namespace={namespace}" for namespace in choice.namespaces),
    ]


def _probe(path: str, **bounds: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": PORT_NAME}, **bounds}
