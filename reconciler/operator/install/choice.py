"""What is chosen of an installation, and what all of its parts are called."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

NAME: Final = "comfycontrol-reconciler"
NAMESPACE: Final = "comfycontrol"
PORT: Final = 9090
PORT_NAME: Final = "status"
USER: Final = 65532
LABELS: Final = {"app.kubernetes.io/name": NAME}


class SecretAccess(StrEnum):
    """How the operator reads secrets: each by its name when it is needed, or all of them, to see changes at once."""

    GET = "get"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`namespaces` are those that are watched; none: all of them. `namespace` is where the operator itself runs."""

    image: str
    namespaces: tuple[str, ...] = ()
    secrets: SecretAccess = SecretAccess.GET
    pod_monitor: bool = False
    namespace: str = NAMESPACE

    def metadata(self, name: str = NAME, namespace: str | None = None) -> dict[str, Any]:
        """The metadata of a part that is in the operator's own namespace, unless another one is given."""
        return {"name": name, "namespace": namespace or self.namespace, "labels": LABELS}
