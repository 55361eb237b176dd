"""The ASGI application: a few paths, GET and HEAD, of whatever View is given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Protocol

from reconciler.render.escape import json_text
from reconciler.settings import is_loopback
from reconciler.watch.status import status_document
from reconciler.watch.web.metrics import render_metrics
from reconciler.watch.web.page import REFRESH_S, render_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from reconciler.watch.board import Board

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_MISDIRECTED: Final = 421  # RFC 9110, 15.5.20
_NOT_FOUND: Final = 404
_UNAVAILABLE: Final = 503


class View(Protocol):
    """What the paths show."""

    def page(self, part: str | None, *, refreshes: bool) -> tuple[str, str] | None:
        """Return the page, or that of a part, and its Content-Security-Policy; None where there is no such part."""

    def document(self) -> Mapping[str, Any]:
        """Return the status as data."""

    def metrics(self) -> tuple[bytes, str]:
        """Return the metrics and their media type."""

    def not_alive(self) -> str | None:
        """Say why not; None: it is alive."""

    def not_ready(self) -> str | None:
        """Say why not; None: it is ready."""


class BoardView:
    """Implements View for one board."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def page(self, part: str | None, *, refreshes: bool) -> tuple[str, str] | None:
        """See View: it has no parts."""
        return render_page(self._board, refreshes=refreshes) if part is None else None

    def document(self) -> Mapping[str, Any]:
        """See View."""
        return status_document(self._board.status, self._board.counts)

    def metrics(self) -> tuple[bytes, str]:
        """See View."""
        return render_metrics([self._board])

    def not_alive(self) -> str | None:
        """See View."""
        return None if self._board.alive else "the loop gives no sign of life"

    def not_ready(self) -> str | None:
        """See View."""
        return None if self._board.ready else "nothing has been read yet"


def make_app(view: View, *, loopback: bool) -> ASGIApp:
    """Make the application of a view. On loopback only a Host that names this machine is answered.

    Else a page of any site could read the status through a name of its own that resolves to 127.0.0.1 (DNS rebinding).
    """
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route

    def answer(content: bytes | str, kind: str, **headers: str) -> Response:
        return Response(content, media_type=kind, headers={**_HEADERS, **headers})

    def word(text: str, status: int = 200) -> Response:
        return PlainTextResponse(f"{text}\n", status, headers=_HEADERS)

    async def page(request: Request) -> Response:
        still = request.query_params.get("refresh") == "off"
        found = view.page(request.path_params.get("part"), refreshes=not still)
        if found is None:
            return word("Not Found", _NOT_FOUND)
        html, policy = found
        refresh: dict[str, str] = {} if still else {"Refresh": str(REFRESH_S)}
        return answer(html, "text/html; charset=utf-8", **{"Content-Security-Policy": policy}, **refresh)

    async def status(_request: Request) -> Response:
        return answer(json_text(json.dumps(view.document(), indent=2)) + "\n", "application/json")

    async def metrics(_request: Request) -> Response:
        content, kind = view.metrics()
        return answer(content, kind)

    async def healthz(_request: Request) -> Response:
        why = view.not_alive()
        return word("ok") if why is None else word(why, _UNAVAILABLE)

    async def readyz(_request: Request) -> Response:
        why = view.not_ready()
        return word("ok") if why is None else word(why, _UNAVAILABLE)

    paths: dict[str, Any] = {
        "/": page,
        "/accounts/{part:path}": page,
        "/status.json": status,
        "/metrics": metrics,
        "/healthz": healthz,
        "/readyz": readyz,
    }
    app = Starlette(routes=[Route(path, each, methods=["GET"]) for path, each in paths.items()])
    return _only_named_here(app) if loopback else app


def _only_named_here(app: ASGIApp) -> ASGIApp:
    from starlette.responses import PlainTextResponse

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _names_this_machine(scope):
            refusal = PlainTextResponse("this address is for a Host that names this machine\n", _MISDIRECTED)
            await refusal(scope, receive, send)
        else:
            await app(scope, receive, send)

    return guarded


def _names_this_machine(scope: Scope) -> bool:
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1:
        return False
    host = hosts[0].rpartition("]")[0].removeprefix("[") if hosts[0].startswith("[") else hosts[0].partition(":")[0]
    return is_loopback(host.lower().removesuffix("."))
