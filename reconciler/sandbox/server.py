"""The door over HTTP: the service behind starlette and uvicorn, in a background thread or until a signal."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any, Final, Self

from reconciler.sandbox.exchange import Request
from reconciler.sandbox.failures import ListenError
from reconciler.sandbox.rules import MAX_BODY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import FrameType

    from starlette.requests import Request as HttpRequest
    from starlette.types import ASGIApp, Receive, Scope, Send

    from reconciler.sandbox.service import Service

_GRACE_S: Final = 30
_KEEP_ALIVE_S: Final = 75
_BACKLOG: Final = 1024
_JOIN_S: Final = 0.2


class SandboxServer:
    """The service on a socket, served by a background thread between enter and exit.

    It listens from the moment it is made, so that `url` holds the port that the system chose for port 0. Exit waits for
    the requests under way. Raises ListenError.
    """

    def __init__(self, service: Service, host: str = "127.0.0.1", port: int = 0) -> None:
        import uvicorn

        self._socket = _listen(host, port)
        named = f"[{host}]" if ":" in host else host
        self.url = f"http://{named}:{self._socket.getsockname()[1]}"
        # Without a handler of their own, uvicorn's warnings would go to stderr.
        logging.getLogger("uvicorn").addHandler(logging.NullHandler())
        self._server = uvicorn.Server(
            uvicorn.Config(
                asgi_app(service),
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True, name="sandbox")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.join()

    def stop(self) -> None:
        """Take no new connection and finish the requests under way; asked a second time, finish nothing."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True

    def join(self) -> None:
        """Wait until it has stopped."""
        while self._thread.is_alive():  # in steps, for signals to be handled in between on every system
            self._thread.join(_JOIN_S)
        self._socket.close()


def serve_forever(
    service: Service,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests under way; a second signal drops them.

    For the main thread of a process. `ready` gets the address once it listens. Raises ListenError.
    """
    server = SandboxServer(service, host, port)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with server:
            ready(server.url)
            server.join()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def asgi_app(service: Service) -> ASGIApp:
    """Return the service as an ASGI application; each request is answered in a thread of its own."""
    from starlette.requests import ClientDisconnect
    from starlette.requests import Request as HttpRequest
    from starlette.responses import Response as HttpResponse

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            request = await _read(HttpRequest(scope, receive))
        except ClientDisconnect:
            return
        await _wait(service)
        response = await asyncio.to_thread(service.handle, request)
        await _wait(service)
        await HttpResponse(response.body, response.status, dict(response.headers))(scope, receive, send)

    return app


def _listen(host: str, port: int) -> socket.socket:
    # asyncio turns Nagle's delay off only on a socket that names TCP; the delay costs 40 ms an answer.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as exc:
        listener.close()
        reason = exc.strerror or str(exc)
        raise ListenError(f"cannot listen on {host} port {port}: {reason}; choose another --host or --port") from exc
    return listener


async def _read(request: HttpRequest) -> Request:
    body = bytearray()
    async for chunk in request.stream():
        if len(body) <= MAX_BODY:  # the rest of a body that is refused anyway is read, so that the answer arrives
            body += chunk
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(
        method=request.method,
        path=request.scope["path"],
        query=request.scope["query_string"].decode("latin-1"),
        headers=headers,
        body=bytes(body),
        address=request.client.host if request.client else "",
    )


def _wait(service: Service) -> Awaitable[Any]:
    return asyncio.sleep(service.latency_s / 2)
