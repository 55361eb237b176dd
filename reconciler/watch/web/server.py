"""Serves the status in a thread of its own."""

from __future__ import annotations

import logging
import os
import socket
import threading
from typing import TYPE_CHECKING, Final, Self

from reconciler.errors import ReconcilerError, UsageProblem
from reconciler.settings import is_loopback
from reconciler.text.cause import reason_of

if TYPE_CHECKING:
    from reconciler.watch.web.app import View

DEFAULT_LISTEN: Final = "127.0.0.1:9090"
OFF: Final = "off"
_GRACE_S: Final = 2
_BACKLOG: Final = 64
_MAX_PORT: Final = 65535
_MAX_AT_ONCE: Final = 32


class ListenProblem(ReconcilerError):
    """The status can't be served there."""

    code = "listen"


def parse_listen(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; `[…]` around an IPv6 address. Raises UsageProblem."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > _MAX_PORT:
        raise UsageProblem(f"--listen {text!r}: write it as HOST:PORT, such as {DEFAULT_LISTEN}, or {OFF}")
    return host, int(port)


class StatusServer:
    """The status of a view on a socket. It listens from the moment it is made, so that `url` has the port of port 0.

    Raises ListenProblem.
    """

    def __init__(self, view: View, host: str, port: int) -> None:
        import uvicorn

        from reconciler.watch.web.app import make_app

        self._socket = _listen(host, port)
        address, bound = self._socket.getsockname()[:2]
        self.url = f"http://{f'[{address}]' if ':' in address else address}:{bound}"
        self.is_local = is_loopback(address)
        logging.getLogger("uvicorn").addHandler(logging.NullHandler())
        self._server = uvicorn.Server(
            uvicorn.Config(
                make_app(view, loopback=self.is_local),
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                limit_concurrency=_MAX_AT_ONCE,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._thread = threading.Thread(target=self._serve, daemon=True, name="reconciler-status")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(_GRACE_S + 1)
        self._socket.close()

    def _serve(self) -> None:
        self._server.run([self._socket])


def _listen(host: str, port: int) -> socket.socket:
    listener: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as exc:
        if listener is not None:
            listener.close()
        raise ListenProblem(
            f"the status can't be served on {host} port {port}: {reason_of(exc)}; choose another --listen HOST:PORT, "
            f"or --listen {OFF}"
        ) from exc
    return listener
