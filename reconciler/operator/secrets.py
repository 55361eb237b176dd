"""Values of the cluster's secrets: for headers, and the API token of an account.

Each secret is read once a plan, by its name. Its values are in memory until the next plan begins, and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.errors import ReconcilerError
from reconciler.manifests.secrets.allowed import MAX_SECRET_BYTES
from reconciler.manifests.secrets.references import BadReference
from reconciler.model.secret import Secret
from reconciler.operator.resources.resource import SecretRef
from reconciler.settings import MissingToken, check_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.operator.cluster.client import Cluster

_CRLF: Final = "\r\n"


class NoToken(ReconcilerError):
    """There is no API token yet; it may come, so that this is no reason to end."""

    code = "no-token"


class Secrets:
    """Implements ports.ClusterSecrets for one account."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._read: dict[tuple[str, str], Mapping[str, bytes] | None] = {}

    def refresh(self) -> None:
        """Forget what was read: the next plan reads anew."""
        self._read.clear()

    def is_given(self, _name: str) -> bool:
        """See SecretSource: nothing is handed over."""
        return False

    def env(self, _name: str) -> None:
        """See SecretSource: no resource reads the operator's environment."""

    def file(self, _path: str) -> None:
        """See SecretSource: no resource reads the operator's disk."""

    def secret(self, ref: str) -> Secret | None:
        """See ClusterSecrets."""
        namespace, name, key = ref.split("/")
        try:
            text = self._text(SecretRef(namespace, name, key))
        except ReconcilerError as exc:
            raise BadReference(str(exc)) from exc
        return None if text is None else Secret(text)

    def token(self, ref: SecretRef | None) -> Secret:
        """Return the API token. Raises NoToken, which says what to do, and ClusterError."""
        if ref is None:
            raise NoToken("spec.tokenSecretRef names no secret: give it the name of one, and a key")
        where = f"key {ref.key} of secret {ref.namespace}/{ref.name}"
        text = self._text(ref)
        if text is None:
            raise NoToken(f"no API token: there is no {where}; create it")
        try:
            return check_token(text.strip(), where)
        except MissingToken as exc:
            raise NoToken(str(exc)) from exc

    def _text(self, ref: SecretRef) -> str | None:
        """Return the value of a key, one trailing newline cut; None where there is none. Raises ReconcilerError."""
        place = ref.namespace, ref.name
        if place not in self._read:
            self._read[place] = self._cluster.get_secret(*place)
        content = (self._read[place] or {}).get(ref.key)
        if content is None:
            return None
        if len(content) > MAX_SECRET_BYTES:
            raise ReconcilerError(f"key {ref.key} of secret {ref.namespace}/{ref.name} is over 64 KiB")
        text = content.decode(errors="surrogateescape")
        if any("\udc80" <= each <= "\udcff" for each in text):  # a UnicodeDecodeError would carry the content along
            raise ReconcilerError(f"key {ref.key} of secret {ref.namespace}/{ref.name} is not UTF-8")
        return text.removesuffix(_CRLF) if text.endswith(_CRLF) else text.removesuffix("\n")
