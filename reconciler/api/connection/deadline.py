"""Sockets under a deadline: connection, headers and body of one request together, whatever the other side does.

A timeout of a socket bounds one read; a service that dribbles, or that sends 1xx answers without end, keeps every read
short and the request endless. The deadline is the thread's, for a request is sent and read in one thread.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import httpcore

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

_TLS_ALERT: Final = b"\x15\x03"
"""How a TLS server answers what is no TLS (RFC 8446, 5.1 and 6)."""


class SpeaksTls(httpcore.ConnectError):
    """An http address at which TLS is spoken."""


class Deadline:
    """Until when this thread's request must be over; each thread has its own."""

    def __init__(self) -> None:
        self._thread = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Bound what this thread does on the sockets."""
        self._thread.until = time.monotonic() + seconds
        try:
            yield
        finally:
            self._thread.until = None

    def left_s(self, timeout_s: float | None, late: type[httpcore.TimeoutException]) -> float | None:
        """Return the timeout of the next operation. Raises `late` when no time is left."""
        until: float | None = getattr(self._thread, "until", None)
        if until is None:
            return timeout_s
        left = until - time.monotonic()
        if left <= 0:
            raise late("the time for the whole request is over")
        return left if timeout_s is None else min(timeout_s, left)


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections whose every operation ends at the deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that answers."""
        failure: Exception | None = None
        for address in self._resolve(host, port, timeout):
            left = self._deadline.left_s(timeout, httpcore.ConnectTimeout)
            try:
                stream = self._inner.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
            else:
                return DeadlineStream(stream, self._deadline)
        raise failure or httpcore.ConnectError("the host has no address")

    def _resolve(self, host: str, port: int, timeout: float | None) -> list[str]:
        """The host's addresses. Nothing bounds a resolver, so it works in a thread that is not waited for for ever."""
        found: list[str] = []
        failed: list[OSError] = []

        def resolve() -> None:
            try:
                entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as exc:
                failed.append(exc if isinstance(exc, OSError) else socket.gaierror(socket.EAI_NONAME, "no name"))
            else:
                found.extend(dict.fromkeys(str(entry[4][0]) for entry in entries))

        if _is_address(host):
            return [host]
        thread = threading.Thread(target=resolve, name="resolve", daemon=True)
        thread.start()
        thread.join(self._deadline.left_s(timeout, httpcore.ConnectTimeout))
        if failed:
            unresolved = httpcore.ConnectError("the host's name could not be resolved")
            unresolved.__context__ = failed[0]  # the pool raises it again `from None`, which drops a cause
            raise unresolved
        if thread.is_alive():
            raise httpcore.ConnectTimeout("the host's name was not resolved in time")
        return found


class DeadlineStream(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline, *, plain: bool = True) -> None:
        self._inner = inner
        self._deadline = deadline
        self._untouched = plain

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        data = self._inner.read(max_bytes, self._deadline.left_s(timeout, httpcore.ReadTimeout))
        if self._untouched and data.startswith(_TLS_ALERT):
            raise SpeaksTls("TLS is spoken here")
        self._untouched = False
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all."""
        self._inner.write(buffer, self._deadline.left_s(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Shake hands."""
        left = self._deadline.left_s(timeout, httpcore.ConnectTimeout)
        inner = self._inner.start_tls(ssl_context, server_hostname, left)
        return DeadlineStream(inner, self._deadline, plain=False)

    def get_extra_info(self, info: str) -> object:
        """Get what the connection knows of itself."""
        return self._inner.get_extra_info(info)


def _is_address(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return False
    return True
