"""What went wrong with one attempt: our error, and what it says about whether the service did what was asked.

NOT_SENT    no connection: no byte of the request can have reached the service
THROTTLED   429: the service processed nothing
REFUSED     any other answer below 500 that is no success: the service says no, and would say it again
LOST        the connection broke, or 5xx: it may have been done; nothing of it is under way any more
OPEN        no answer in time, or a success that can't be read: it may have been done, or may still be

The difference between the last two decides whether a create may be sent again once it was not found.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from reconciler.api.connection.refusals import chain_of, final_reason, proxy_refused
from reconciler.errors import (
    ApiError,
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
    Unverified,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.errors import BadAnswer

_REPEATED: Final = frozenset({500, 502, 503, 504, 520, 521, 522, 523, 524})
"""What may pass; from 520 on they are Cloudflare's, which sits before the service, for what it met behind."""

_GATEWAY_TIMEOUTS: Final = frozenset({504, 522, 524})
"""A gateway gave up waiting: behind it the request may still be processed."""


class Delivery(Enum):
    """What an attempt that failed says about what was asked; see the top of this module."""

    NOT_SENT = "not sent"
    THROTTLED = "throttled"
    REFUSED = "refused"
    LOST = "lost"
    OPEN = "open"

    @property
    def doubtful(self) -> bool:
        """Whether the service may have done what was asked."""
        return self in (Delivery.LOST, Delivery.OPEN)


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """An attempt that failed. `repeatable`: another one could fare better; `asked_s`: the Retry-After, in seconds.

    `cooldown_s` is how long nothing is sent after a 429.
    """

    delivery: Delivery
    error: ApiError
    repeatable: bool = True
    asked_s: float | None = None
    cooldown_s: float = 0.0


def from_exception(error: Exception, what: str, host: str, detail: str) -> FailedAttempt:
    """Classify what httpx raises. `what` is the request, as `GET /v1/runner`; `detail` its cause in our words."""
    import httpx

    match error:
        case httpx.ReadTimeout() | httpx.WriteTimeout():
            return FailedAttempt(
                Delivery.OPEN, Unreachable(f"{what}: {host} gave no answer in time; --timeout sets how long to wait")
            )
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return FailedAttempt(
                Delivery.NOT_SENT, Unreachable(f"{what}: no connection to {host} in time; check the network")
            )
        case httpx.ConnectError() | httpx.ProxyError():
            return _no_connection(error, what, host, detail)
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol() | httpx.InvalidURL():
            unfit = Unreachable(f"{what}: the request could not be sent: {detail}")
            return FailedAttempt(Delivery.NOT_SENT, unfit, repeatable=False)
        case _:
            return FailedAttempt(Delivery.LOST, Unreachable(f"{what}: the connection to {host} broke: {detail}"))


def _no_connection(error: Exception, what: str, host: str, detail: str) -> FailedAttempt:
    chain = chain_of(error)
    final = next((found for each in chain if (found := final_reason(each, error, what, host))), None)
    if final is not None:
        return FailedAttempt(Delivery.NOT_SENT, Unreachable(final), repeatable=False)
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in chain):
        untrusted = Unreachable(
            f"{what}: the certificate of {host} is not trusted: {detail}; SSL_CERT_FILE adds a certificate authority"
        )
        return FailedAttempt(Delivery.NOT_SENT, untrusted, repeatable=False)
    away = Unreachable(f"{what}: no connection to {host}: {detail}; check the address, the network and the proxy")
    return FailedAttempt(Delivery.NOT_SENT, away)


def from_status(status: int, what: str, message: str | None, asked_s: float | None = None) -> FailedAttempt:
    """Classify an answer that is no success.

    `message` is the service's own, sanitized, empty where it gave none; None where the answer is not in its form.
    """
    said = f"{what}: {status} {message or ''}".rstrip()
    if status == 429:  # noqa: PLR2004 - RFC 6585, 4
        wait = "" if asked_s is None else f"; it asks to wait {asked_s:.0f} s"
        busy = (
            f"{said}: the service's rate limit is used up{wait}; others behind this address share it, try again later"
        )
        return FailedAttempt(Delivery.THROTTLED, RateLimited(busy, status=status), asked_s=asked_s)
    if status >= 500:  # noqa: PLR2004 - RFC 9110, 15.6
        delivery = Delivery.OPEN if status in _GATEWAY_TIMEOUTS else Delivery.LOST
        failed = Unreachable(f"{said}: the service failed; try again later", status=status)
        return FailedAttempt(delivery, failed, repeatable=status in _REPEATED, asked_s=asked_s)
    return FailedAttempt(Delivery.REFUSED, _refusal(status, said, foreign=message is None), repeatable=False)


def _refusal(status: int, said: str, *, foreign: bool) -> ApiError:
    """The error for one status; `foreign` where the answer is a page, which only what lies before the service sends."""
    match status, foreign:
        case 401, _:
            error: ApiError = Unauthorized(
                f"{said}: the token is missing, invalid, expired or revoked; make a new one", status=401
            )
        case 403, True:
            error = Forbidden(
                f"{said}: a page and not the service's answer: a proxy, a firewall or a challenge before the service "
                "refused it; ask whoever runs it, or try from another network",
                status=403,
            )
        case 403, False:
            error = Forbidden(f"{said}: the tier's limit is reached, or the token lacks the right", status=403)
        case 404, True:
            error = NotFound(f"{said}: a page and not the service's answer; check the API address", status=404)
        case 404, False:
            error = NotFound(f"{said}: it is not there, or belongs to another account", status=404)
        case 407, _:
            error = Unreachable(f"{said}: {proxy_refused(407)}", status=407)
        case _:
            error = Rejected(said, status=status)
    return error


def from_redirect(status: int, what: str, target: str) -> FailedAttempt:
    """Classify a 3xx: it is never followed, for the token would travel along."""
    where = f" to {target}" if target else ""
    reason = f"{what}: {status}, a redirect{where}; redirects are never followed, check the API address"
    return FailedAttempt(Delivery.REFUSED, Rejected(reason, status=status), repeatable=False)


def from_unreadable(error: BadAnswer) -> FailedAttempt:
    """Classify a success whose content is truncated, no JSON, or of a wrong shape."""
    return FailedAttempt(Delivery.OPEN, error)


def read_verdict(failed: Sequence[FailedAttempt]) -> ApiError:
    """Return what all attempts of a read or a create come to: the last one's error."""
    return failed[-1].error


def replace_verdict(failed: Sequence[FailedAttempt]) -> ApiError:
    """Return what all attempts of a PUT come to.

    Without a doubtful attempt the last one's error is the whole truth. With one, a 400 still is: the same body was
    refused before as well; so is a 404: nothing is there that could hold the change. Anything else leaves it open.
    """
    last = failed[-1].error
    if not any(attempt.delivery.doubtful for attempt in failed) or last.status in (400, 404):
        return last
    return unverified(last)


def unverified(error: BaseException) -> Unverified:
    """Return a write whose outcome is unknown, and why."""
    return Unverified(f"it may have been written, or not; plan again to see: {error}")
