"""httpx's transport over httpcore, with sockets under a deadline and the proxy that was chosen."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import httpcore
import httpx

from reconciler.api.connection.deadline import Deadline, DeadlineBackend

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator


class DeadlineTransport(httpx.BaseTransport):
    """Sends requests through one pool; `deadline` bounds those of the thread that sets it."""

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        proxy: str | None,
        proxy_context: Callable[[], ssl.SSLContext],
        max_connections: int,
        keepalive_s: float,
    ) -> None:
        self.context = context
        self.proxy = proxy
        self.deadline = Deadline()
        common: dict[str, Any] = {
            "ssl_context": context,
            "max_connections": max_connections,
            "max_keepalive_connections": max_connections,
            "keepalive_expiry": keepalive_s,
            "network_backend": DeadlineBackend(self.deadline),
        }
        self._pool: httpcore.ConnectionPool
        if proxy is None:
            self._pool = httpcore.ConnectionPool(**common)
        else:
            parts = urlsplit(proxy)
            user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
            address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
            trust = proxy_context() if parts.scheme == "https" else None
            self._pool = httpcore.HTTPProxy(address, proxy_auth=user, proxy_ssl_context=trust, **common)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises httpx's errors."""
        url = request.url
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            answer = self._pool.handle_request(sent)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The body of an answer."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        stream: Iterable[bytes] = self._answer.stream  # type: ignore[assignment]  # of a pool that is not async
        with _as_httpx():
            yield from stream

    def close(self) -> None:
        self._answer.close()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise httpcore's errors as httpx's, which bear the same names."""
    try:
        yield
    except Exception as exc:
        for kind in type(exc).__mro__:
            same = getattr(httpx, kind.__name__, None)
            if kind.__module__.startswith("httpcore") and isinstance(same, type) and issubclass(same, httpx.HTTPError):
                raise same(str(exc)) from exc
        raise
