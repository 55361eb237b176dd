"""Faults that a client may meet, and clients of a service that has them."""

from __future__ import annotations

import uuid

from reconciler.api.client import Client
from reconciler.errors import (
    Forbidden,
    NotFound,
    Rejected,
    Unauthorized,
)
from reconciler.model.secret import Secret
from reconciler.settings import RateLimit, Settings
from tests.fakes.clock import VirtualClock
from tests.fakes.faulty import Fault, status
from tests.fakes.runners import make_body
from tests.fakes.sandbox import example

SECRET = "Bearer s3cret-header-value"

BODY = make_body(
    name="gpu-new",
    endpoint="https://GPU.example.com:443/",
    headers={"Authorization": Secret(SECRET)},
    tags=("gpu",),
    status=None,
)

LATE = 0.2

RESET_BEFORE = Fault("reset")

RESET_AFTER = Fault("reset", done=True)

CLOSE_BEFORE = Fault("close")

CLOSE_AFTER = Fault("close", done=True)

TRUNCATED = Fault("truncate", done=True)

GARBAGE_BEFORE = Fault("garbage")

GARBAGE_AFTER = Fault("garbage", done=True)

NO_JSON = Fault(done=True, body=b"<html>welcome</html>")

WRONG_SHAPE = Fault(done=True, body=b'{"id": 7, "runners": {}, "total": "1"}')

SILENT_BEFORE = Fault("silence")

SILENT_AFTER = Fault("silence", done=True)

IN_3_S = "Tue, 16 Jan 2024 14:20:03 GMT"

PASSING = {
    "reset": RESET_BEFORE,
    "reset after": RESET_AFTER,
    "closed": CLOSE_BEFORE,
    "closed after": CLOSE_AFTER,
    "truncated": TRUNCATED,
    "garbage": GARBAGE_BEFORE,
    "no JSON": NO_JSON,
    "wrong shape": WRONG_SHAPE,
    "silent": SILENT_BEFORE,
    "silent after": SILENT_AFTER,
    "500": status(500, "internal"),
    "502 HTML": status(502),
    "503 with seconds": status(503, "later", Retry_After="3"),
    "503 with a date": status(503, "later", Retry_After=IN_3_S),
    "504": status(504),
    "429 JSON": status(429, "Too many requests", Retry_After="3"),
    "429 HTML": status(429),
    "429 with a date": status(429, Retry_After=IN_3_S),
}
"""Faults that may pass: reads and PUTs are repeated after them."""

FINAL = {
    "400": (status(400, "name cannot be empty"), Rejected),
    "401": (status(401, "Token has expired"), Unauthorized),
    "403": (status(403, "Runner limit exceeded for your tier"), Forbidden),
    "404": (status(404, "requested entity not found"), NotFound),
    "409": (status(409, "conflict"), Rejected),
    "401 HTML": (status(401), Unauthorized),
    "redirect": (status(302, Location="https://elsewhere.example.com/"), Rejected),
}


def live(name="gpu-1", **changes):
    """A live runner."""
    return {**example("get_runner"), "id": str(uuid.uuid4()), "name": name} | changes


def settings(up, **changes):
    """The settings for a service, with a timeout that a test can wait for."""
    base = {
        "api_url": up.url,
        "token": Secret(up.token),
        "plan_key": Secret("k"),
        "rate_limit": RateLimit(1000, 10.0),
        "read_timeout_s": LATE,
        "connect_timeout_s": 5.0,
    }
    return Settings(**base | changes)


def client_of(up, *, clock=None, stop=None, transport=None, **changes):
    """A client without jitter."""
    clock = clock or VirtualClock(stop)
    return Client(settings(up, **changes), clock=clock, stop=stop, transport=transport, chance=lambda: 0.5)
