"""The one HTTP client of a run: kept alive, verified, through the environment's proxies, never redirected."""

from __future__ import annotations

import math
import os
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from reconciler import __version__
from reconciler.api.lean import import_lean_httpx
from reconciler.api.wire import authorization
from reconciler.errors import Unreachable
from reconciler.model.cause import reason_of
from reconciler.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from reconciler.settings import Settings

MAX_CONNECTIONS: Final = 8
"""One httpx pool slows down steeply past 8."""

_KEEPALIVE_S: Final = 15.0
"""Longer than the documented cooldown, so that a pause costs no new handshake."""


def connect(settings: Settings, transport: httpx.BaseTransport | None) -> httpx.Client:
    """A client that sends the token with each request. Nothing is connected yet. Raises Unreachable."""
    import_lean_httpx()
    import httpx

    parts = urlsplit(settings.api_url)
    return httpx.Client(
        transport=transport,
        verify=certificates(parts.scheme),
        # A proxy's loopback is not ours, and plain http is allowed to loopback because it doesn't leave the machine.
        trust_env=not is_loopback(parts.hostname or ""),
        follow_redirects=False,
        headers={
            "Authorization": authorization(settings.token),
            "Accept": "application/json",
            "User-Agent": f"comfycontrol-reconciler/{__version__}",
        },
        timeout=timeouts(settings, None),
        limits=httpx.Limits(
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=_KEEPALIVE_S,
        ),
    )


class ProbeClient:
    """Sends probes to runners' endpoints: no token, no cookie, no redirect, one connection each."""

    def __init__(self, proxied: httpx.AsyncClient, direct: httpx.AsyncClient) -> None:
        self._proxied = proxied
        self._direct = direct

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The answer's head; its body is still to be read. A loopback host is reached without a proxy."""
        client = self._direct if is_loopback(request.url.host) else self._proxied
        return await client.send(request, stream=True, follow_redirects=False)


@asynccontextmanager
async def probe_client(*, connections: int, timeout_s: float) -> AsyncIterator[ProbeClient]:
    """A client for as many probes at a time as `connections`. Raises Unreachable for unusable surroundings."""
    import_lean_httpx()
    import httpx

    verify = certificates("https")
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=0)
    timeout = httpx.Timeout(timeout_s, pool=None)
    async with (
        httpx.AsyncClient(verify=verify, limits=limits, timeout=timeout) as proxied,
        httpx.AsyncClient(verify=verify, limits=limits, timeout=timeout, trust_env=False) as direct,
    ):
        yield ProbeClient(proxied, direct)


def timeouts(settings: Settings, limit_s: float | None) -> httpx.Timeout:
    """The settings' timeouts, none over `limit_s`. Whoever holds a connection is bounded, so its pool is not."""
    import httpx

    bound = math.inf if limit_s is None else limit_s
    read = min(settings.read_timeout_s, bound)
    return httpx.Timeout(connect=min(settings.connect_timeout_s, bound), read=read, write=read, pool=None)


def certificates(scheme: str) -> ssl.SSLContext:
    """SSL_CERT_FILE and SSL_CERT_DIR where they are set, else the system's trust store.

    A plain http address gets a context that trusts nobody: loading certificates takes longer than a request.
    """
    if scheme != "https":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or folder:
        try:
            return ssl.create_default_context(cafile=file or None, capath=folder or None)
        except OSError as exc:
            raise Unreachable(
                f"SSL_CERT_FILE or SSL_CERT_DIR: no certificates can be read from there: {reason_of(exc)}"
            ) from exc
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
