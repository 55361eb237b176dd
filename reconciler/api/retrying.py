"""Attempt after attempt: paced by the limiter, counted, and repeated where that is safe."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from reconciler.api import failures, retry
from reconciler.api.failures import Delivery, FailedAttempt
from reconciler.api.limiter import limiter_for
from reconciler.api.transport import Sender
from reconciler.errors import ApiError, ConcurrentEdit, Interrupted, Unverified
from reconciler.model.report import RequestCount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import httpx

    from reconciler.api.transport import Call
    from reconciler.model.secret import Scrubber
    from reconciler.ports import Clock, Progress, Stop
    from reconciler.settings import Settings

T = TypeVar("T")


class Exchange:
    """The connection to the service; any thread may use it. `now` measures what passes on the wire, which is real."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        stop: Stop | None,
        progress: Progress | None,
        transport: httpx.BaseTransport | None,
        scrubber: Scrubber,
        chance: Callable[[], float],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._settings = settings
        self._stop = stop
        self._progress = progress
        self._chance = chance
        self._now = now
        self._host = urlsplit(settings.api_url).netloc.lower()
        self._limiter = limiter_for(self._host, settings.rate_limit, clock)
        self._sender = Sender(settings, clock=clock, transport=transport, scrubber=scrubber)
        self._lock = threading.Lock()
        self._count = RequestCount()
        self._thread = threading.local()

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()

    @property
    def count(self) -> RequestCount:
        """What was sent so far."""
        return self._count

    @contextlib.contextmanager
    def finishing(self) -> Iterator[None]:
        """While in it, this thread's requests are sent although the run was asked to stop."""
        before = self._finishing
        self._thread.finishing = True
        try:
            yield
        finally:
            self._thread.finishing = before

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """In it, this thread's first two requests take their slots at once, so that nothing is waited for between them.

        For a check and the write that it is for. A limit of one request a window has no two slots to take.
        """
        self._thread.pair = self._settings.rate_limit.requests > 1
        try:
            yield
        finally:
            self._thread.pair = False
            if self._reserved:
                self._thread.reserved = False
                self._limiter.give_back()

    def repeat(
        self,
        call: Call[T],
        verdict: Callable[[Sequence[FailedAttempt]], ApiError],
        *,
        again: Callable[[], None] | None = None,
        settle: Callable[[Sequence[FailedAttempt]], T | None] | None = None,
    ) -> T:
        """Send a request until it is answered; raises what `verdict` makes of the failed attempts.

        `again` is called before each repeat, and prevents it by raising an ApiError; what it sends is part of the same
        minute. `settle` is called after each attempt that failed: what it gives is the answer, and what it raises ends
        the matter; what it sends has its own time.
        """
        failed: list[FailedAttempt] = []
        started_s: float | None = getattr(self._thread, "spent_s", None)
        spent_s = started_s or 0.0
        try:
            while True:
                try:
                    recheck = again if failed else None
                    with contextlib.nullcontext() if recheck is None else self.together():
                        if recheck is not None:
                            spent_s = self._recheck(recheck, spent_s)
                            if not retry.may_retry(len(failed), spent_s, 0.0):
                                raise verdict(failed)
                        first = not failed and started_s is None
                        tried = self._attempt(call, None if first else spent_s, repeats=bool(failed))
                    outcome, took_s = tried
                    spent_s += took_s
                    if not isinstance(outcome, FailedAttempt):
                        return outcome
                    failed.append(outcome)
                    settled = None if settle is None else settle(failed)
                    if settled is not None:
                        return settled
                    pause_s = self._pause(outcome, len(failed), spent_s)
                except (ApiError, Interrupted) as exc:
                    raise self._cut_short(call, failed, exc) from exc
                if pause_s is None:
                    raise verdict(failed)
                spent_s += pause_s
        finally:
            if started_s is not None:
                self._thread.spent_s = spent_s

    def _recheck(self, again: Callable[[], None], spent_s: float) -> float:
        """Look before a repeat, in what is left of its minute; what is spent after it."""
        self._thread.spent_s = spent_s
        try:
            again()
            after_s: float = self._thread.spent_s
        finally:
            self._thread.spent_s = None
        return after_s

    def _attempt(self, call: Call[T], spent_s: float | None, *, repeats: bool) -> tuple[T | FailedAttempt, float]:
        """Send a request once, as soon as the limiter lets it; what came, and how many seconds that took on the wire.

        Raises Interrupted, and has not sent it then.

        `spent_s` is what earlier attempts took, None for the first. A repeat gets only what is left of the minute; the
        first has the timeouts of the settings, whatever they are.
        """
        self._go_on()
        self._take_slot()
        try:
            self._go_on()
            self._tally(reads=not call.writes, writes=call.writes, retries=repeats)
            call.sent()
            began = self._now()
            outcome = self._sender.send(call, None if spent_s is None else retry.left_s(spent_s))
            took_s = self._now() - began
            if isinstance(outcome, FailedAttempt) and outcome.delivery is Delivery.THROTTLED:
                return self._cool_down(outcome), took_s
            return outcome, took_s
        finally:
            self._limiter.release(self.clock)

    def _pause(self, attempt: FailedAttempt, attempts: int, spent_s: float) -> float | None:
        """Wait before another attempt, and say for how long; None when there shall be none.

        After a 429 it is the limiter that holds everything back, so nothing is waited for here.
        """
        throttled = attempt.delivery is Delivery.THROTTLED
        pause_s = attempt.cooldown_s if throttled else retry.backoff_s(attempts, attempt.asked_s, self._chance)
        if not attempt.repeatable or not retry.may_retry(attempts, spent_s, pause_s):
            return None
        if not throttled:
            self._show_pause(pause_s, "trying again after a failure")
            self._wait(pause_s)
        return pause_s

    def show_reading(self, done: int, total: int) -> None:
        """Show how far a list is read."""
        if self._progress is not None:
            self._progress.reading(done, total)

    @property
    def _finishing(self) -> bool:
        return getattr(self._thread, "finishing", False)

    @property
    def _reserved(self) -> bool:
        return getattr(self._thread, "reserved", False)

    def _take_slot(self) -> None:
        if self._reserved:
            self._limiter.sit_out(self.clock, self._wait)
            self._thread.reserved = False
            return
        pair = getattr(self._thread, "pair", False)
        self._limiter.acquire(self.clock, self._wait, 2 if pair else 1)
        self._thread.pair, self._thread.reserved = False, pair

    def _go_on(self) -> None:
        if self._stop is not None and self._stop.is_set() and not self._finishing:
            raise Interrupted("interrupted")

    def _wait(self, seconds: float) -> None:
        if self._finishing:
            self.clock.hold(seconds)
        else:
            self.clock.wait(seconds)

    def _tally(
        self, *, reads: bool = False, writes: bool = False, retries: bool = False, limited: bool = False
    ) -> None:
        with self._lock:
            count = self._count
            self._count = replace(
                count,
                reads=count.reads + reads,
                writes=count.writes + writes,
                retries=count.retries + retries,
                rate_limited=count.rate_limited + limited,
            )

    def _show_pause(self, seconds: float, reason: str) -> None:
        if self._progress is not None:
            self._progress.waiting(seconds, reason)

    def _cool_down(self, attempt: FailedAttempt) -> FailedAttempt:
        seconds = retry.cooldown_s(self._settings.rate_limit.seconds, attempt.asked_s, self._chance)
        self._tally(limited=True)
        if self._limiter.cooldown(self.clock, seconds):
            self._show_pause(seconds, "the service's rate limit is used up")
        # A request asked to wait longer than it may gives up now; the cooldown itself is bounded.
        asked_s = max(seconds, attempt.asked_s or 0.0)
        return replace(attempt, cooldown_s=asked_s)

    def _cut_short(self, call: Call[T], failed: Sequence[FailedAttempt], exc: ApiError | Interrupted) -> Exception:
        """Ended between attempts: of a write that may have been done, that must be reported instead."""
        if call.writes and not isinstance(exc, Unverified) and any(attempt.delivery.doubtful for attempt in failed):
            return failures.unverified(exc if isinstance(exc, ConcurrentEdit) else failed[-1].error)
        return exc
