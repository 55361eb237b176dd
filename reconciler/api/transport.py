"""One request on the wire: its answer read to the end, or its failure told apart. Nothing is repeated here."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Generic, TypeVar
from urllib.parse import urlsplit

from reconciler.api import failures, retry
from reconciler.api.failures import Setback
from reconciler.api.http import connect, timeouts
from reconciler.api.sanitize import tame
from reconciler.api.wire import decode_message
from reconciler.errors import BadAnswer
from reconciler.model.cause import cause_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

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
    """One request, and how its answer is read; `read` raises BadAnswer. `sent` is told of every attempt."""

    method: str
    path: str
    read: Callable[[Answer], T]
    params: Mapping[str, int] | None = None
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
        self, settings: Settings, *, clock: Clock, transport: httpx.BaseTransport | None, scrubber: Scrubber
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._scrubber = scrubber
        self._host = urlsplit(settings.api_url).netloc.lower()
        self._http = connect(settings, transport)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, call: Call[T], limit_s: float | None) -> T | Setback:
        """Send a request once; `limit_s` bounds the timeouts of the settings.

        What passes on the wire is real time, as the timeouts are, whatever the clock.
        """
        began = time.monotonic()
        outcome = self._send(call, began, timeouts(self._settings, limit_s))
        if isinstance(outcome, Setback):
            _LOG.debug("%s", outcome.error)
            return replace(outcome, took_s=time.monotonic() - began)
        return outcome

    def _send(self, call: Call[T], began: float, timeout: httpx.Timeout) -> T | Setback:
        import httpx

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
                status = response.status_code
                headers = response.headers
                content = self._read_body(response, began)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, BadAnswer) as exc:
            detail = str(exc) if isinstance(exc, BadAnswer) else cause_of(exc)
            if status is None:
                return failures.from_exception(exc, str(call), self._host, detail)
            if _is(status, 2):
                return failures.from_unreadable(BadAnswer(f"{call}: the answer broke off: {detail}", status=status))
        _LOG.debug("%s: %d after %.3f s", call, status, time.monotonic() - began)
        if status not in _SUCCESSES:
            return self._no_success(call, status, headers, content)
        try:
            return call.read(Answer(content, headers.get("date", "")))
        except BadAnswer as exc:
            told = tame(str(exc), self._scrubber)
            return failures.from_unreadable(BadAnswer(f"{call}: unexpected answer: {told}", status=status))

    def _read_body(self, response: httpx.Response, began: float) -> bytes:
        """The whole body. An answer that trickles is given up like one that does not come."""
        import httpx

        deadline = began + self._settings.connect_timeout_s + self._settings.read_timeout_s
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

    def _no_success(self, call: Call[T], status: int, headers: httpx.Headers, content: bytes) -> Setback:
        if _is(status, 3):
            return failures.from_redirect(status, str(call), tame(headers.get("location", ""), self._scrubber))
        if _is(status, 2):
            return failures.from_unreadable(BadAnswer(f"{call}: an unexpected success, {status}", status=status))
        told = tame(decode_message(content), self._scrubber)
        return failures.from_status(
            status, str(call), told, retry.retry_after_s(headers.get("retry-after"), self._now(headers))
        )

    def _now(self, headers: httpx.Headers) -> dt.datetime:
        return retry.http_date(headers.get("date")) or self._clock.utc_now()


def _is(status: int, hundreds: int) -> bool:
    return status // 100 == hundreds
