"""Attempt after attempt: paced by the limiter, counted, and repeated where that is safe."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from reconciler.api import failures, retry
from reconciler.api.failures import Fate, Setback
from reconciler.api.limiter import limiter_for
from reconciler.api.transport import Sender
from reconciler.errors import ApiError, Interrupted, Moved
from reconciler.model.report import RequestCount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import httpx

    from reconciler.api.transport import Call
    from reconciler.model.secret import Scrubber
    from reconciler.ports import Clock, Progress, Stop
    from reconciler.settings import Settings

T = TypeVar("T")


class Tally:
    """Counts what several threads do."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0

    def add(self) -> None:
        """One more."""
        with self._lock:
            self.count += 1


class Exchange:
    """The connection to the service; any thread may use it."""

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
    ) -> None:
        self.clock = clock
        self._settings = settings
        self._stop = stop
        self._progress = progress
        self._chance = chance
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
        verdict: Callable[[Sequence[Setback]], ApiError],
        again: Callable[[], None] | None = None,
    ) -> T:
        """Send a request that may be repeated until it is answered; raises what `verdict` makes of the setbacks.

        `again` is called before each repeat, and prevents it by raising an ApiError.
        """
        setbacks: list[Setback] = []
        spent_s = 0.0
        while True:
            try:
                if setbacks and again is not None:
                    with self.together():
                        again()
                        outcome = self.attempt(call, spent_s=spent_s)
                else:
                    outcome = self.attempt(call, spent_s=spent_s if setbacks else None)
            except (ApiError, Interrupted) as exc:
                raise self._cut_short(call, setbacks, exc) from exc
            if not isinstance(outcome, Setback):
                return outcome
            setbacks.append(outcome)
            spent_s += outcome.took_s
            try:
                pause_s = self.pause(outcome, len(setbacks), spent_s)
            except Interrupted as exc:
                raise self._cut_short(call, setbacks, exc) from exc
            if pause_s is None:
                raise verdict(setbacks)
            spent_s += pause_s

    def attempt(self, call: Call[T], *, spent_s: float | None) -> T | Setback:
        """Send a request once, as soon as the limiter lets it. Raises Interrupted, and has not sent it then.

        `spent_s` is what earlier attempts took, None for the first. A repeat gets only what is left of the minute; the
        first has the timeouts of the settings, whatever they are.
        """
        self._go_on()
        self._take_slot()
        try:
            self._go_on()
            self._tally(reads=not call.writes, writes=call.writes, retries=spent_s is not None)
            call.sent()
            outcome = self._sender.send(call, None if spent_s is None else retry.left_s(spent_s))
            if isinstance(outcome, Setback) and outcome.fate is Fate.THROTTLED:
                return self._cool_down(outcome)
            return outcome
        finally:
            self._limiter.release(self.clock)

    def pause(self, setback: Setback, attempts: int, spent_s: float) -> float | None:
        """Wait before another attempt, and say for how long; None when there shall be none.

        After a 429 it is the limiter that holds everything back, so nothing is waited for here.
        """
        throttled = setback.fate is Fate.THROTTLED
        pause_s = setback.cooldown_s if throttled else retry.backoff_s(attempts, setback.asked_s, self._chance)
        if not setback.repeatable or not retry.may_retry(attempts, spent_s, pause_s):
            return None
        if not throttled:
            self._tell(pause_s, "trying again after a failure")
            self._wait(pause_s)
        return pause_s

    def tell_reading(self, done: int, total: int) -> None:
        """Pass on how far a list is read."""
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

    def _tell(self, seconds: float, reason: str) -> None:
        if self._progress is not None:
            self._progress.waiting(seconds, reason)

    def _cool_down(self, setback: Setback) -> Setback:
        seconds = retry.cooldown_s(self._settings.rate_limit.seconds, setback.asked_s, self._chance)
        self._tally(limited=True)
        if self._limiter.cooldown(self.clock, seconds):
            self._tell(seconds, "the service's rate limit is used up")
        # A request asked to wait longer than it may gives up now; the cooldown itself is bounded.
        asked_s = max(seconds, setback.asked_s or 0.0)
        return replace(setback, cooldown_s=asked_s)

    def _cut_short(self, call: Call[T], setbacks: Sequence[Setback], exc: ApiError | Interrupted) -> Exception:
        """Ended between attempts: of a write that may have been done, that must be told instead."""
        if call.writes and any(setback.fate.doubtful for setback in setbacks):
            return failures.unverified(exc if isinstance(exc, Moved) else setbacks[-1].error)
        return exc
