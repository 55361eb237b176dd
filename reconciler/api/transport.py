"""One request on the wire: its answer read to the end, or its failure classified. Nothing is repeated here."""

from __future__ import annotations

import logging
import math
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar
from urllib.parse import urlsplit

from reconciler.api import failures, retry
from reconciler.api.connection.other_scheme import FIRST_HANDSHAKE_S, reason_for_other_scheme
from reconciler.api.failures import Delivery, FailedAttempt
from reconciler.api.http import connect, open_transport, timeouts
from reconciler.api.sanitize import sanitize
from reconciler.api.wire import decode_message
from reconciler.errors import BadAnswer, Unreachable
from reconciler.text.cause import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    import httpx

    from reconciler.model.secret import Scrubber
    from reconciler.ports import Clock
    from reconciler.settings import Settings

MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
"""A page of 100 runners is far below; an answer that does not end must not fill the memory."""

_SUCCESSES: Final = (200, 201)

_LOG: Final = logging.getLogger("reconciler.api")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A success, read to its end. `date` is the Date header, empty where there was none."""

    content: bytes
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One request, and how its answer is read; `read` raises BadAnswer. `sent` is called at every attempt."""

    method: str
    path: str
    read: Callable[[Answer], T]
    params: Mapping[str, int | str] | None = None
    content: bytes | None = None
    sent: Callable[[], None] = lambda: None

    @property
    def writes(self) -> bool:
        """Whether it may change anything."""
        return self.method != "GET"

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in (self.params or {}).items())
        return f"{self.method} {self.path}{'?' if query else ''}{query}"


class Sender:
    """The connection to the service; any thread may use it."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        transport: httpx.BaseTransport | None,
        scrubber: Scrubber,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._scrubber = scrubber
        self._host = urlsplit(settings.api_url).netloc.lower()
        way = open_transport(settings.api_url) if transport is None else transport
        deadline = getattr(way, "deadline", None)  # another transport than the network's has no sockets to bound
        self._unknown = deadline is not None and getattr(way, "proxy", None) is None
        """Nothing is known of the address yet, and it is reached without a proxy."""
        self._within: Callable[[float], AbstractContextManager[None]] = (
            deadline.within if deadline is not None else lambda _seconds: nullcontext()
        )
        self._http = connect(settings, way)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, call: Call[T], limit_s: float | None) -> T | FailedAttempt:
        """Send a request once; `limit_s` bounds the timeouts of the settings, and each of them the whole request.

        What passes on the wire is real time, as the timeouts are, whatever the clock.
        """
        began = time.monotonic()
        whole_s = min(self._settings.request_timeout_s, math.inf if limit_s is None else limit_s)
        with self._within(whole_s):
            timeout = timeouts(self._settings, limit_s)
            if self._unknown and self._settings.api_url.startswith("https:"):
                timeout.connect = min(timeout.connect or FIRST_HANDSHAKE_S, FIRST_HANDSHAKE_S)
            outcome = self._send(call, began + whole_s, timeout)
        if isinstance(outcome, FailedAttempt):
            _LOG.debug("%s", outcome.error)
        return outcome

    def _send(self, call: Call[T], deadline: float, timeout: httpx.Timeout) -> T | FailedAttempt:
        import httpx

        began = time.monotonic()
        status = None
        content = b""
        try:
            with self._http.stream(
                call.method,
                self._settings.api_url + call.path,
                params=call.params,
                content=call.content,
                timeout=timeout,
                headers=None if call.content is None else {"Content-Type": "application/json"},
            ) as response:
                self._unknown = False
                status = response.status_code
                headers = response.headers
                content = self._read_body(response, deadline)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, BadAnswer) as exc:
            detail = str(exc) if isinstance(exc, BadAnswer) else cause_of(exc)
            if status is None:
                attempt = failures.from_exception(exc, str(call), self._host, detail)
                return self._with_other_scheme(call, attempt)
            if _is(status, 2):
                return failures.from_unreadable(BadAnswer(f"{call}: the answer broke off: {detail}", status=status))
        _LOG.debug("%s: %d after %.3f s", call, status, time.monotonic() - began)
        if status not in _SUCCESSES:
            return self._no_success(call, status, headers, content)
        try:
            return call.read(Answer(content, headers.get("date", "")))
        except BadAnswer as exc:
            clean = sanitize(str(exc), self._scrubber)
            return failures.from_unreadable(BadAnswer(f"{call}: unexpected answer: {clean}", status=status))

    def _with_other_scheme(self, call: Call[T], attempt: FailedAttempt) -> FailedAttempt:
        """The failure of a first connection, or that the address has the wrong scheme."""
        secure = self._settings.api_url.startswith("https:")
        if (
            not self._unknown
            or not attempt.repeatable
            or attempt.delivery is not (Delivery.NOT_SENT if secure else Delivery.LOST)
        ):
            return attempt
        self._unknown = False
        reason = reason_for_other_scheme(self._settings.api_url)
        if reason is None:
            return attempt
        return FailedAttempt(Delivery.NOT_SENT, Unreachable(f"{call}: {reason}"), repeatable=False)

    def _read_body(self, response: httpx.Response, deadline: float) -> bytes:
        """The whole body. An answer that trickles is given up like one that does not come."""
        import httpx

        chunks = []
        size = 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                raise BadAnswer(f"it is larger than {MAX_ANSWER_BYTES // 2**20} MiB")
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout("it took too long")
        return b"".join(chunks)

    def _no_success(self, call: Call[T], status: int, headers: httpx.Headers, content: bytes) -> FailedAttempt:
        if _is(status, 3):
            return failures.from_redirect(status, str(call), sanitize(headers.get("location", ""), self._scrubber))
        if _is(status, 2):
            return failures.from_unreadable(BadAnswer(f"{call}: an unexpected success, {status}", status=status))
        message = decode_message(content)
        clean = None if message is None else sanitize(message, self._scrubber)
        return failures.from_status(status, str(call), clean, retry.asked_s(headers, self._clock.utc_now()))


def _is(status: int, hundreds: int) -> bool:
    return status // 100 == hundreds
