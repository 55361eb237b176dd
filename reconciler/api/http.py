"""The one HTTP client of a run: kept alive, verified, through the environment's proxies, never redirected."""

from __future__ import annotations

import math
import os
import ssl
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from reconciler import __version__
from reconciler.api.connection.proxies import read_proxies
from reconciler.api.lean import import_lean_httpx, skip_sniffio
from reconciler.api.wire import authorization
from reconciler.errors import Unreachable
from reconciler.settings import is_loopback
from reconciler.text.cause import reason_of
from reconciler.text.hidden import show_hidden

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import httpx

    from reconciler.api.connection.proxies import Proxies
    from reconciler.api.connection.transport import DeadlineTransport
    from reconciler.settings import Settings

MAX_CONNECTIONS: Final = 8
"""One httpx pool slows down steeply past 8."""

_KEEPALIVE_S: Final = 15.0
"""Longer than the documented cooldown, so that a pause costs no new handshake."""


def open_transport(api_url: str) -> DeadlineTransport:
    """Open the way to the service over the network, through the environment's proxy. Raises Unreachable."""
    import_lean_httpx()
    from reconciler.api.connection.transport import DeadlineTransport

    parts = urlsplit(api_url)
    # A proxy's loopback is not ours, and plain http is allowed to loopback because it doesn't leave the machine.
    proxy = None if is_loopback(parts.hostname or "") else read_proxies().url_for(api_url)
    return DeadlineTransport(
        certificates(parts.scheme),
        proxy=proxy,
        proxy_context=lambda: certificates("https"),
        max_connections=MAX_CONNECTIONS,
        keepalive_s=_KEEPALIVE_S,
    )


def connect(settings: Settings, transport: httpx.BaseTransport) -> httpx.Client:
    """Make a client that sends the token with each request. Nothing is connected yet."""
    import_lean_httpx()
    import httpx

    return httpx.Client(
        transport=transport,
        trust_env=False,  # what counts of it was read for the transport
        follow_redirects=False,
        headers={
            "Authorization": authorization(settings.token),
            "Accept": "application/json",
            "User-Agent": f"comfycontrol-reconciler/{__version__}",
        },
        timeout=timeouts(settings, None),
    )


class ProbeClient:
    """Sends probes to runners' endpoints: no token, no cookie, no redirect, one connection each.

    Straight through httpx's transports: its client keeps cookies and a history, which cost as much as the probe itself.
    """

    def __init__(
        self, proxies: Proxies, transports: Mapping[str | None, httpx.AsyncHTTPTransport], timeout: httpx.Timeout
    ) -> None:
        self._proxies = proxies
        self._transports = transports
        self._timeout = timeout.as_dict()

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Return the answer's head; its body is still to be read. A loopback host is reached without a proxy."""
        proxy = None if is_loopback(request.url.host) else self._proxies.url_for(str(request.url))
        request.extensions = {**request.extensions, "timeout": self._timeout}
        return await self._transports[proxy].handle_async_request(request)


@asynccontextmanager
async def probe_client(*, connections: int, timeout_s: float) -> AsyncIterator[ProbeClient]:
    """Open a client for as many probes at a time as `connections`. Raises Unreachable for unusable surroundings."""
    import_lean_httpx()
    import httpx

    skip_sniffio()
    verify = certificates("https")
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=0)
    timeout = httpx.Timeout(timeout_s, pool=None)
    proxies = read_proxies()

    def transport(proxy: str | None) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(verify=verify, limits=limits, trust_env=False, proxy=proxy)

    async with AsyncExitStack() as stack:
        found = {each: await stack.enter_async_context(transport(each)) for each in (None, *proxies.usable())}
        yield ProbeClient(proxies, found, timeout)


def timeouts(settings: Settings, limit_s: float | None) -> httpx.Timeout:
    """Return the settings' timeouts, none over `limit_s`. Whoever holds a connection is bounded, so its pool is not."""
    import httpx

    bound = math.inf if limit_s is None else limit_s
    read = min(settings.read_timeout_s, bound)
    return httpx.Timeout(connect=min(settings.connect_timeout_s, bound), read=read, write=read, pool=None)


def certificates(scheme: str) -> ssl.SSLContext:
    """SSL_CERT_FILE and SSL_CERT_DIR where they are set, else the system's trust store.

    A plain http address gets a context that trusts no one: loading certificates takes longer than a request.
    """
    if scheme != "https":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file, folders = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or folders:
        # Not ssl.create_default_context, which writes the keys of every connection to what SSLKEYLOGFILE names.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if file:
            _load(context, "SSL_CERT_FILE", file, folder=False)
        for folder in (folders or "").split(os.pathsep):
            if folder:
                _load(context, "SSL_CERT_DIR", folder, folder=True)
        return context
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _load(context: ssl.SSLContext, variable: str, path: str, *, folder: bool) -> None:
    """Trust the certificates of a file or folder that a variable names. Raises Unreachable."""
    wanted = "a folder of certificates" if folder else "a file of certificates (PEM)"
    remedy = f"set {variable} to {wanted}, or unset it"
    try:
        if folder:
            next(Path(path).iterdir(), None)  # OpenSSL looks into it only when it needs one, and says nothing then
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ValueError) as exc:
        why = reason_of(exc) if isinstance(exc, OSError) else "it is not a path"
        raise Unreachable(f"{variable}: no certificates can be read from {show_hidden(path)}: {why}; {remedy}") from exc
