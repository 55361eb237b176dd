"""Requests and responses: all that a door and the service know of one another, and the answers that are no runner.

Those are errors in the API's own shape, and the 429 page in front of it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

# Documented wording (API: Error Handling, Create Runner, List Managed Runners).
NOT_FOUND: Final = "requested entity not found"
NAME_EMPTY: Final = "name cannot be empty"
ENDPOINT_INVALID: Final = "invalid endpoint URL format"
TOKEN_INVALID: Final = "Invalid token"  # noqa: S105 - a message
TOKEN_EXPIRED: Final = "Token has expired"  # noqa: S105 - a message
RUNNER_LIMIT: Final = "Runner limit exceeded for your tier"
MANAGED_TIER: Final = "Managed runners require Pro or Plus tier"
# Every other message of the emulator is its own: the documentation gives the cause, not the words.

_JSON: Final = {"content-type": "application/json"}

_TOO_MANY: Final = b"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Too many requests</title></head>
<body><h1>429 Too Many Requests</h1><p>This address has sent too many requests. Try again later.</p></body></html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request. `path` is decoded, `query` is not; header names are lower-case; `address` is the sender's."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    address: str = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response; header names are lower-case, content-length is left to the door."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange(NamedTuple):
    """A request that was answered: `at` is its arrival on the service's monotonic clock, in seconds."""

    method: str
    path: str
    status: int
    at: float
    query: str = ""
    body: bytes = b""


class Refusal(Exception):
    """A request that is answered with an error of the API's shape."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        self.status = int(status)
        self.message = message
        self.headers = headers or {}
        super().__init__(message)

    def response(self) -> Response:
        """`{"status": 404, "message": "…"}` (API: Error Handling)."""
        body = encode({"status": self.status, "message": self.message})
        return Response(status=self.status, headers={**_JSON, **self.headers}, body=body)


def bad_request(message: str) -> Refusal:
    """400: validation."""
    return Refusal(HTTPStatus.BAD_REQUEST, message)


def not_found() -> Refusal:
    """404: no such path, no such runner, or another account's."""
    return Refusal(HTTPStatus.NOT_FOUND, NOT_FOUND)


def unauthorized(message: str) -> Refusal:
    """401: the token is missing, invalid, expired or revoked."""
    return Refusal(HTTPStatus.UNAUTHORIZED, message, {"www-authenticate": "Bearer"})


def found(document: str, status: int = HTTPStatus.OK) -> Response:
    """Return a JSON document that is encoded already."""
    return Response(status=int(status), headers=_JSON, body=document.encode())


def too_many_requests(wait_s: float) -> Response:
    """429 as the proxy in front of the service sends it: HTML, with Retry-After in whole seconds.

    The documentation names Cloudflare and the cooldown but shows no body, so a client must not count on JSON.
    """
    headers = {
        "content-type": "text/html; charset=UTF-8",
        "retry-after": str(math.ceil(wait_s)),
        "server": "cloudflare",
    }
    return Response(status=int(HTTPStatus.TOO_MANY_REQUESTS), headers=headers, body=_TOO_MANY)


def encode(document: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
