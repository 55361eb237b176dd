"""One resource as the API server has it, and all that one account is planned from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP: Final = "reconciler.comfycontrol.app"
VERSION: Final = "v1alpha1"
ACCOUNTS: Final = "accounts"
RUNNERS: Final = "runners"
DEFAULT_ACCOUNT: Final = "default"
_LONGEST_KEY: Final = 100
_HASH: Final = 16


class Ref(NamedTuple):
    """What a resource is called; its kind is known from where it is."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class SecretRef(NamedTuple):
    """One key of one secret."""

    namespace: str
    name: str
    key: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An Account or a Runner. `spec` and `status` are JSON as the API server has them."""

    ref: Ref
    uid: str
    generation: int
    spec: Mapping[str, Any]
    status: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One account and every runner that belongs to it, at one time."""

    account: Resource
    runners: tuple[Resource, ...]


def key_of(ref: Ref) -> str:
    """The key of a runner in plans: `NAMESPACE.NAME`, cut where it is longer than a key may be.

    A namespace has no dot, so no two runners share one; a hash follows what is cut.
    """
    key = f"{ref.namespace}.{ref.name}"
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{key[: _LONGEST_KEY - _HASH - 1]}-{hashlib.sha256(key.encode()).hexdigest()[:_HASH]}"
