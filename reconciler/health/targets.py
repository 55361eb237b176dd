"""Who may be asked: a `Target` exists only for a runner whose host the policy allows.

A `Prober` takes targets and nothing else, and only `Admission.admit` makes one: a host that `guard.endpoint_hosts`
leaves out can't be asked, and neither can a plan that was read from a file, for it holds no header values.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit, urlunsplit

from reconciler.api.wire import sendable_headers
from reconciler.model.fields.endpoint import host
from reconciler.model.fields.headers import Headers, fold
from reconciler.model.health import Health, Probed
from reconciler.planning.findings.guard import host_is_allowed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.policy import Guard
    from reconciler.model.secret import HeaderValue

_ADMITTED: Final = object()
_HOST: Final = re.compile(r"[\w.-]+|[0-9a-f:.]+(?:%\w+)?")
"""Nothing that another reader of URLs could take for the end of the host."""


class Target:
    """One endpoint that may be asked, with the headers of its runner. Made by `Admission.admit` only."""

    __slots__ = ("headers", "key", "url")

    def __init__(self, key: str, url: str, headers: Mapping[str, HeaderValue], proof: object) -> None:
        if proof is not _ADMITTED:
            raise TypeError("a Target is made by Admission.admit, which checks its host")
        self.key = key
        self.url = url
        self.headers = headers

    def asks_the_same(self, other: Target) -> bool:
        """Whether an answer to the other says the same as one to this: they have one URL and equal headers."""
        return self.url == other.url and Headers(self.headers) == Headers(other.headers)

    def __repr__(self) -> str:
        return f"Target({self.key!r})"


class Prober(Protocol):
    """Asks endpoints. It takes targets only, which exist only for hosts that the policy allows."""

    def ask(self, targets: Sequence[Target], *, timeout_s: float) -> Mapping[str, Probed]:
        """Ask what each target shows, by key, each once, for `timeout_s` at most; what a stop cut short is missing.

        Raises Unreachable where the environment names certificates or a proxy that can't be used.
        """


class Admission:
    """Makes targets of the runners whose host the guard allows (all of them where it limits none)."""

    def __init__(self, guard: Guard, path: str) -> None:
        self._guard = guard
        self._path = path

    def admit(self, key: str, endpoint: str, headers: Mapping[str, HeaderValue]) -> Target | Probed:
        """Return the target, or what keeps it from being asked, as an unknown health.

        A Host header counts as a host: behind a shared address it decides whose server gets the runner's headers.
        """
        url = probe_url(endpoint, self._path)
        if url is None:
            return _unknown("its endpoint is no URL that can be asked")
        sent = sendable_headers(headers)
        if sent is None:
            return _unknown("a header's value is not known here, or can't be sent")
        named = [f"http://{value.strip()}" for name, value in sent if fold(name) == "host"]
        if not all(host_is_allowed(each, self._guard) for each in (url, *named)):
            return _unknown("guard.endpoint_hosts does not allow its host, so it is not asked")
        return Target(key, url, headers, _ADMITTED)


def _unknown(reason: str) -> Probed:
    return Probed(Health.UNKNOWN, reason)


def probe_url(endpoint: str, path: str) -> str | None:
    """Append the path to the endpoint, never as `//`: ComfyUI answers 404 there. None if it is no URL."""
    try:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host(endpoint) or ""):
            return None
        _port = parts.port
    except ValueError:
        return None
    joined = f"{parts.path.rstrip('/')}/{path.lstrip('/')}"
    return urlunsplit((parts.scheme, parts.netloc, joined, parts.query, ""))
