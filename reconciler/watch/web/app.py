"""The ASGI application: five paths, GET and HEAD."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from reconciler.render.escape import json_text
from reconciler.settings import is_loopback
from reconciler.watch.status import status_document
from reconciler.watch.web.metrics import render_metrics
from reconciler.watch.web.page import REFRESH_S, render_page

if TYPE_CHECKING:
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
_UNAVAILABLE: Final = 503


def make_app(board: Board, *, loopback: bool) -> ASGIApp:
    """Make the application for one board. On loopback only a Host that names this machine is answered.

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
        html, policy = render_page(board, refreshes=not still)
        refresh: dict[str, str] = {} if still else {"Refresh": str(REFRESH_S)}
        return answer(html, "text/html; charset=utf-8", **{"Content-Security-Policy": policy}, **refresh)

    async def status(_request: Request) -> Response:
        document = status_document(board.status, board.counts)
        return answer(json_text(json.dumps(document, indent=2)) + "\n", "application/json")

    async def metrics(_request: Request) -> Response:
        content, kind = render_metrics(board)
        return answer(content, kind)

    async def healthz(_request: Request) -> Response:
        return word("ok") if board.alive else word("the loop gives no sign of life", _UNAVAILABLE)

    async def readyz(_request: Request) -> Response:
        return word("ok") if board.ready else word("nothing has been read yet", _UNAVAILABLE)

    paths: dict[str, Any] = {
        "/": page,
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
