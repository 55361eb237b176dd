"""One connection to the API server: credentials that are replaced, attempts, deadlines, and errors in our words."""

from __future__ import annotations

import json
import random
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler.api import retry
from reconciler.operator.cluster.errors import Away, ClusterError, Conflict, NotAllowed, NotThere, rule
from reconciler.text.cause import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx
    import kopf

    from reconciler.api.connection.transport import DeadlineTransport
    from reconciler.operator.resources.resource import Ref
    from reconciler.ports import Clock

ATTEMPTS: Final = 3
RELOGIN_S: Final = 30.0
"""So old credentials may be: the token of a service account is replaced on disk well before the old one expires."""
_CONNECTIONS: Final = 16
_KEEPALIVE_S: Final = 30.0
_LONGEST_PAUSE_S: Final = 10.0
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_TERMINATING: Final = "NamespaceTerminating"
_PATCH: Final = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and what it is to RBAC. `timeout_s` bounds all of it, from the connection to the last byte."""

    method: str
    path: str
    verb: str
    resource: str
    group: str
    ref: Ref
    body: Mapping[str, Any] | None = None
    timeout_s: float = 10.0

    def __str__(self) -> str:
        name = f" {self.ref.name}" if self.ref.name else ""
        return f"{self.verb} {self.resource}{name} in namespace {self.ref.namespace}"

    @property
    def rule(self) -> str:
        """Return the rule of RBAC that allows it."""
        return rule(self.group, self.resource, self.verb)


class _Session:
    """A client for some credentials."""

    def __init__(self, info: kopf.ConnectionInfo) -> None:
        import ssl

        import httpx

        from reconciler import __version__
        from reconciler.api.connection.transport import DeadlineTransport

        if info.proxy_url and not info.proxy_url.startswith(("http://", "https://")):
            raise ValueError("proxy-url must be http or https")
        self.info = info
        self.transport: DeadlineTransport = DeadlineTransport(
            info.as_ssl_context(),
            proxy=info.proxy_url,
            proxy_context=ssl.create_default_context,
            max_connections=_CONNECTIONS,
            keepalive_s=_KEEPALIVE_S,
        )
        headers = {"Accept": "application/json", "User-Agent": f"comfycontrol-reconciler/{__version__}"}
        self.client: httpx.Client = httpx.Client(
            base_url=info.server, headers={**headers, **info.as_http_headers()}, transport=self.transport
        )

    def send(self, request: Request) -> httpx.Response:
        """Send a request once. Raises httpx's errors."""
        kind = _PATCH if request.method == "PATCH" else "application/json"
        body = None if request.body is None else json.dumps(request.body).encode()
        headers = {} if body is None else {"Content-Type": kind}
        with self.transport.deadline.within(request.timeout_s):
            return self.client.request(request.method, request.path, content=body, headers=headers)


class Connection:
    """Sends requests, from any thread."""

    def __init__(self, login: Callable[[], kopf.ConnectionInfo], clock: Clock) -> None:
        self._login = login
        self._clock = clock
        self._lock = threading.Lock()
        self._session: _Session | None = None
        self._retired: _Session | None = None
        self._logged_in_at = 0.0

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            for each in (self._session, self._retired):
                if each is not None:
                    each.client.close()
            self._session = self._retired = None

    def send(self, request: Request, *, attempts: int = ATTEMPTS) -> Any:
        """Send a request; the JSON of a 2xx. Raises ClusterError, and Interrupted between attempts.

        Whatever is sent may be repeated: patches of a status change nothing the second time, events have names, and a
        Lease is written on one version only. After a 401 it logs in anew, once.
        """
        session, refused = self._current(), False
        tried = 0
        while True:
            tried += 1
            answer, problem = self._attempt(session, request)
            if answer is not None and answer.status_code == _UNAUTHORIZED and not refused:
                refused, tried = True, tried - 1
                session = self._current(anew=session)
                continue
            if problem is None:
                assert answer is not None  # noqa: S101 - see _attempt
                return _read(answer, request)
            if tried >= attempts:
                raise problem
            asked_s = retry.asked_s(answer.headers, self._clock.utc_now()) if answer is not None else None
            self._clock.wait(min(_LONGEST_PAUSE_S, retry.backoff_s(tried, asked_s, random.random)))
            session = self._current(anew=session if answer is None else None)

    def _attempt(self, session: _Session, request: Request) -> tuple[httpx.Response | None, Away | None]:
        """Return what came; and the problem, if it is worth another attempt."""
        import httpx

        try:
            answer = session.send(request)
        except (httpx.HTTPError, RuntimeError, OSError) as exc:  # a RuntimeError: another thread has just closed it
            where = session.client.base_url.host
            away = Away(f"{request}: the API server at {where} can't be reached: {cause_of(exc)}; check the network")
            away.__cause__ = exc
            return None, away
        status = answer.status_code
        if status == _TOO_MANY or status >= _SERVER_ERROR:
            return answer, Away(f"{request}: the API server answers {status}; check that it is healthy", status=status)
        return answer, None

    def _current(self, *, anew: _Session | None = None) -> _Session:
        """Return the session with the credentials of now. `anew` is one that failed: it is not used again."""
        with self._lock:
            now = self._clock.monotonic()
            session = self._session
            fresh = now - self._logged_in_at < RELOGIN_S
            if session is not None and fresh and session is not anew:
                return session
            info = self._login()
            self._logged_in_at = now
            if session is not None and session is not anew and session.info == info:
                return session
            if self._retired is not None:
                self._retired.client.close()
            self._retired = session  # requests of other threads may still be under way in it
            try:
                self._session = _Session(info)
            except (ValueError, OSError) as exc:
                self._session = None
                raise ClusterError(
                    f"the certificates or the proxy of the cluster's login can't be used: {cause_of(exc)}"
                ) from exc
            return self._session


def _read(answer: httpx.Response, request: Request) -> Any:
    """Return the JSON of an answer. Raises ClusterError, without what the answer says: it may quote what was sent."""
    status = answer.status_code
    if answer.is_success:
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ClusterError(f"{request}: the answer is no JSON object", status=status)
        return found
    if status == _UNAUTHORIZED:
        raise NotAllowed(
            f"{request}: the API server does not take the credentials (401); check the token or the certificate "
            "(of a kubeconfig, exec and tokenFile are not read)",
            status=status,
        )
    details = _details(answer)
    if status == _FORBIDDEN and any(each.get("reason") == _TERMINATING for each in details.get("causes") or ()):
        raise NotThere(
            f"{request}: the namespace {request.ref.namespace} is being deleted", status=status, of_object=True
        )
    if status == _FORBIDDEN:
        raise NotAllowed(
            f"{request} is forbidden (403); the role of the operator in namespace {request.ref.namespace} lacks "
            f"{request.rule}",
            status=status,
        )
    if status == _NOT_FOUND:
        found = bool(details.get("name"))
        advice = (
            "there is no such object or namespace (404)"
            if found
            else "there is no such kind (404); install it: reconciler operator manifests | kubectl apply -f -"
        )
        raise NotThere(f"{request}: {advice}", status=status, of_object=found)
    if status == _CONFLICT:
        raise Conflict(f"{request}: another writer was faster (409)", status=status)
    raise ClusterError(f"{request}: the API server refuses it ({status}{_reason(answer)})", status=status)


def _details(answer: httpx.Response) -> Mapping[str, Any]:
    """Return the details of a metav1.Status; a 404 of an unknown resource names no object there."""
    try:
        details = answer.json().get("details")
    except (ValueError, AttributeError):
        return {}
    return details if isinstance(details, dict) else {}


def _reason(answer: httpx.Response) -> str:
    """Return the reason of a metav1.Status, which is one word of a fixed set."""
    try:
        reason = answer.json().get("reason")
    except (ValueError, AttributeError):
        return ""
    return f", {reason}" if isinstance(reason, str) and reason.isalpha() else ""
