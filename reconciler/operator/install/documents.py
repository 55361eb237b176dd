"""All documents of an installation, in the order in which they are applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.manifests.write import write_documents
from reconciler.operator.install.choice import LABELS
from reconciler.operator.install.deployment import deployment, pod_monitor, service
from reconciler.operator.install.rbac import rbac
from reconciler.operator.resources.crds import crds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.operator.install.choice import Choice

_RESTRICTED: Final = {"pod-security.kubernetes.io/enforce": "restricted"}


def installation(choice: Choice) -> str:
    """The documents as YAML."""
    return "".join(f"{line}\n" for line in write_documents(_documents(choice)))


def _documents(choice: Choice) -> Iterator[dict[str, Any]]:
    yield from crds()
    metadata = {"name": choice.namespace, "labels": {**LABELS, **_RESTRICTED}}
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    yield from rbac(choice)
    yield deployment(choice)
    yield service(choice)
    if choice.pod_monitor:
        yield pod_monitor(choice)
