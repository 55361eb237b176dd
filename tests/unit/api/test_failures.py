from __future__ import annotations

import socket
import ssl

import httpx
import pytest

from reconciler.api.failures import (
    Delivery,
    FailedAttempt,
    from_exception,
    from_redirect,
    from_status,
    read_verdict,
    replace_verdict,
)
from reconciler.errors import (
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
    Unverified,
)


def caused(error, cause):
    """An error with what it came from."""
    error.__cause__ = cause
    return error


EXCEPTIONS = [
    # what httpx raises, what it says about the request, whether another attempt could fare better
    (httpx.ConnectError("[Errno 111] Connection refused"), Delivery.NOT_SENT, True),
    (httpx.ConnectError("[Errno -2] Name or service not known"), Delivery.NOT_SENT, True),
    (caused(httpx.ConnectError("tls"), ssl.SSLCertVerificationError("expired")), Delivery.NOT_SENT, False),
    (caused(httpx.ConnectError("tls"), ssl.SSLEOFError("eof")), Delivery.NOT_SENT, True),
    (caused(httpx.ConnectError("tls"), ssl.SSLError(1, "no shared cipher")), Delivery.NOT_SENT, False),
    (caused(httpx.ConnectError("dns"), socket.gaierror(socket.EAI_NONAME, "unknown")), Delivery.NOT_SENT, False),
    (caused(httpx.ConnectError("dns"), socket.gaierror(socket.EAI_AGAIN, "again")), Delivery.NOT_SENT, True),
    (httpx.ConnectTimeout("timed out"), Delivery.NOT_SENT, True),
    (httpx.PoolTimeout("timed out"), Delivery.NOT_SENT, True),
    (httpx.ProxyError("407 Proxy Authentication Required"), Delivery.NOT_SENT, False),
    (httpx.ProxyError("403"), Delivery.NOT_SENT, False),
    (httpx.ProxyError("503 Busy"), Delivery.NOT_SENT, True),
    (httpx.LocalProtocolError("Illegal header value"), Delivery.NOT_SENT, False),
    (httpx.UnsupportedProtocol("unsupported"), Delivery.NOT_SENT, False),
    (httpx.InvalidURL("Invalid port"), Delivery.NOT_SENT, False),
    (httpx.ReadTimeout("timed out"), Delivery.OPEN, True),
    (httpx.WriteTimeout("timed out"), Delivery.OPEN, True),
    (httpx.ReadError("[Errno 104] Connection reset by peer"), Delivery.LOST, True),
    (httpx.WriteError("[Errno 32] Broken pipe"), Delivery.LOST, True),
    (httpx.CloseError("closed"), Delivery.LOST, True),
    (httpx.RemoteProtocolError("Server disconnected without sending a response."), Delivery.LOST, True),
    (OSError("something of the system's"), Delivery.LOST, True),
]


@pytest.mark.parametrize(("error", "delivery", "repeatable"), EXCEPTIONS, ids=[repr(row[0]) for row in EXCEPTIONS])
def test_what_an_exception_says_about_the_request(error, delivery, repeatable):
    """What was certainly never sent is told from what may have been done, and from what may still be."""
    attempt = from_exception(error, "PUT /v1/runner/a", "api.example.com", str(error))
    assert (attempt.delivery, attempt.repeatable) == (delivery, repeatable)
    assert isinstance(attempt.error, Unreachable)
    assert str(attempt.error).startswith("PUT /v1/runner/a: ")


STATUSES = [
    (400, Rejected, Delivery.REFUSED, False),
    (401, Unauthorized, Delivery.REFUSED, False),
    (403, Forbidden, Delivery.REFUSED, False),
    (404, NotFound, Delivery.REFUSED, False),
    (409, Rejected, Delivery.REFUSED, False),
    (418, Rejected, Delivery.REFUSED, False),
    (422, Rejected, Delivery.REFUSED, False),
    (428, Rejected, Delivery.REFUSED, False),
    (429, RateLimited, Delivery.THROTTLED, True),
    (430, Rejected, Delivery.REFUSED, False),
    (499, Rejected, Delivery.REFUSED, False),
    (500, Unreachable, Delivery.LOST, True),
    (501, Unreachable, Delivery.LOST, False),
    (502, Unreachable, Delivery.LOST, True),
    (503, Unreachable, Delivery.LOST, True),
    (504, Unreachable, Delivery.OPEN, True),
    (505, Unreachable, Delivery.LOST, False),
    (520, Unreachable, Delivery.LOST, True),
    (522, Unreachable, Delivery.OPEN, True),
    (524, Unreachable, Delivery.OPEN, True),
]


@pytest.mark.parametrize(("status", "error", "delivery", "repeatable"), STATUSES)
def test_what_a_status_says_about_the_request(status, error, delivery, repeatable):
    """Each status is one error, with the service's message, and says whether it may have been done."""
    attempt = from_status(status, "GET /v1/user", "told", 7.0)
    assert type(attempt.error) is error
    assert attempt.error.status == status
    assert (attempt.delivery, attempt.repeatable) == (delivery, repeatable)
    assert str(attempt.error).startswith(f"GET /v1/user: {status} told")


def test_a_429_tells_how_long_it_asks_to_wait():
    """Where the service says so, the message does."""
    assert "asks to wait 30 s" in str(from_status(429, "GET /v1/user", "", 30.0).error)
    assert "asks to wait" not in str(from_status(429, "GET /v1/user", "", None).error)


def test_a_redirect_names_where_it_leads():
    """And is never repeated; one without a target is an error all the same."""
    attempt = from_redirect(307, "GET /v1/user", "https://elsewhere.example.com")
    assert "to https://elsewhere.example.com" in str(attempt.error)
    assert not attempt.repeatable
    assert from_redirect(304, "GET /v1/user", "").error.status == 304


def attempt(delivery, status=None):
    """An attempt that ended so."""
    kind = {400: Rejected, 401: Unauthorized, 403: Forbidden, 404: NotFound, 429: RateLimited}.get(status, Unreachable)
    return FailedAttempt(delivery, kind("why", status=status))


NOT_SENT, THROTTLED = attempt(Delivery.NOT_SENT), attempt(Delivery.THROTTLED, 429)
LOST, OPEN = attempt(Delivery.LOST, 502), attempt(Delivery.OPEN)
REFUSED = {status: attempt(Delivery.REFUSED, status) for status in (400, 401, 403, 404)}

VERDICTS = [
    ([NOT_SENT] * 5, Unreachable),
    ([THROTTLED] * 5, RateLimited),
    ([NOT_SENT, THROTTLED], RateLimited),
    ([THROTTLED, NOT_SENT], Unreachable),
    ([LOST], Unverified),
    ([OPEN], Unverified),
    ([LOST, NOT_SENT, NOT_SENT], Unverified),
    ([OPEN, THROTTLED], Unverified),
    *(([each], type(each.error)) for each in REFUSED.values()),
    *(([NOT_SENT, THROTTLED, each], type(each.error)) for each in REFUSED.values()),
    ([LOST, REFUSED[400]], Rejected),
    ([OPEN, REFUSED[404]], NotFound),
    ([LOST, REFUSED[401]], Unverified),
    ([OPEN, REFUSED[403]], Unverified),
]


@pytest.mark.parametrize(("failed", "error"), VERDICTS)
def test_the_verdict_over_all_attempts_of_a_replacement(failed, error):
    """Unverified as soon as one attempt may have been done, unless the last answer settles it."""
    verdict = replace_verdict(failed)
    assert type(verdict) is error
    assert "why" in str(verdict)


def test_the_verdict_over_a_read_is_its_last_error():
    """A read changes nothing: only the last attempt matters."""
    assert read_verdict([LOST, NOT_SENT]) is NOT_SENT.error
