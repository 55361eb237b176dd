"""Cycle after cycle: runs one, shows what it led to, and waits for the next one, for SIGHUP, or for a new revision."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler.errors import Interrupted, ReconcilerError
from reconciler.manifests.git_process import GitProblem
from reconciler.model.enums import OutcomeStatus
from reconciler.text.cause import cause_of
from reconciler.watch import decide
from reconciler.watch.happened import Happened, counted, status_after
from reconciler.watch.state import State, Trouble
from reconciler.watch.status import CycleResult, said
from reconciler.watch.transitions import transitions
from reconciler.workflow.run import TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.watch.board import Board
    from reconciler.watch.cycle import Cycle
    from reconciler.watch.sources.source import Source
    from reconciler.watch.status import Status
    from reconciler.watch.transitions import Transition
    from reconciler.workflow.run import Ports

SLICE_S: Final = 0.5
"""How long it sleeps before it looks whether SIGHUP came."""
_LOCK_AGAIN_S: Final = 1.0
LOG: Final = logging.getLogger("reconciler.watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wakeups:
    """`hangup` says whether SIGHUP came since it was last asked; `reload` gives the ports with what files say now."""

    hangup: Callable[[], bool]
    reload: Callable[[Ports], Ports]
    chance: Callable[[], float]


class Loop:
    """The loop of one watch. `announce` gets every transition once, `observe` what each cycle came to."""

    def __init__(
        self,
        cycle: Cycle,
        source: Source,
        board: Board,
        ports: Ports,
        wakeups: Wakeups,
        announce: Callable[[Transition, Status], None],
        *,
        observe: Callable[[Happened, Status], None] = lambda _happened, _status: None,
        log: logging.Logger = LOG,
    ) -> None:
        self._cycle = cycle
        self._source = source
        self._board = board
        self._ports = ports
        self._wakeups = wakeups
        self._announce = announce
        self._observe = observe
        self._log = log
        self._state = State()
        self._waited_for: str | None = None
        self._announced = replace(board.status, suspended=False)  # to begin suspended is a transition

    def run(self, *, once: bool = False) -> int:
        """Run until it is asked to stop, which is exit 0; with `once` one cycle, and its exit code.

        Raises UsageProblem where there is nothing to begin with; with `once` whatever ended the cycle.
        """
        try:
            while True:
                started = self._ports.clock.monotonic()
                happened = self._turn(started)
                if once and happened.waits is None:
                    if happened.error is not None:
                        raise happened.error
                    return happened.exit_code
                self._rest(started, happened)
        except (Interrupted, KeyboardInterrupt):
            self._log.info("stopped")
            return 0
        finally:
            self._cycle.close()

    def _turn(self, started: float) -> Happened:
        ports, board = self._ports, self._board
        board.beat()
        started_at = ports.now()
        try:
            happened, self._state = self._cycle.run(self._state, ports)
        except (Interrupted, KeyboardInterrupt):
            raise
        except Exception as exc:  # a watch outlives what was not foreseen, and says so
            if isinstance(exc, ReconcilerError) and not self._cycle.has_read:
                raise  # there is nothing to begin with
            happened = self._unexpected(exc)
        self._cycle.begun()  # whatever it lacks, it will be tried again
        self._show(happened, started_at, ports.clock.monotonic() - started)
        if ports.stop.is_set():
            raise Interrupted("interrupted")
        return happened

    def _unexpected(self, exc: Exception) -> Happened:
        known = isinstance(exc, ReconcilerError)
        error = exc if isinstance(exc, ReconcilerError) else ReconcilerError(f"unexpected error: {cause_of(exc)}")
        self._state = decide.failed(self._state, Trouble.READS, self._ports.clock.monotonic())
        self._cycle.troubles[Trouble.READS] = self._cycle.connection.scrub(str(error))
        self._log.debug("cycle", exc_info=None if known else exc)
        return Happened(CycleResult.ERROR, self._cycle.troubles[Trouble.READS], error=error)

    def _show(self, happened: Happened, started_at: str, duration_s: float) -> None:
        cycle, board = self._cycle, self._board
        in_force = cycle.in_force
        after = status_after(
            board.status,
            happened,
            self._state,
            watching=cycle.watching(),
            revision=in_force.revision if in_force else None,
            troubles=cycle.troubles,
            health=cycle.endpoints.known,
            started_at=started_at,
            ended_at=self._ports.now(),
            duration_s=round(duration_s, 3),
        )
        board.show(after, counted(board.counts, happened, cycle.connection.requests))
        board.ready = board.ready or cycle.has_read
        board.beat()
        if happened.waits is None or happened.waits != self._waited_for:
            self._log.log(logging.WARNING if after.troubles else logging.INFO, "%s", _line(after, happened))
        self._waited_for = happened.waits
        before, self._announced = self._announced, after
        for each in () if happened.cut_short else transitions(before, after):
            self._log.warning("%s", said(each.text, after))
            self._announce(each, after)
        self._observe(happened, after)

    def _rest(self, started: float, happened: Happened) -> None:
        """Wait until the next cycle is due, SIGHUP comes, or the source has something new."""
        clock = self._ports.clock
        interval_s = self._cycle.watching().interval_s
        now = clock.monotonic()
        until = decide.next_cycle(self._state, started, now, interval_s=interval_s, chance=self._wakeups.chance())
        if happened.waits is not None:
            until = now + _LOCK_AGAIN_S
        due = self._ports.clock.utc_now() + dt.timedelta(seconds=until - now)
        self._board.status = replace(self._board.status, next_cycle_at=due.strftime(TIMESTAMP))
        look_at = now + self._source.look_every_s
        while True:
            self._board.beat()
            if self._wakeups.hangup():
                self._hurry()
                return
            if (now := clock.monotonic()) >= until:
                return
            if self._cycle.endpoints.ask_again():
                return  # a status that is auto may follow, and who was unhealthy is reported
            if now >= look_at:
                look_at = now + self._source.look_every_s
                if self._look():
                    return
            clock.wait(min(SLICE_S, until - now))

    def _hurry(self) -> None:
        """Read again what SIGHUP asks for; what can't be read stays as it was."""
        self._state = decide.hurry(self._state)
        try:
            self._ports = self._wakeups.reload(self._ports)
        except ReconcilerError as error:
            self._log.warning("SIGHUP: %s", error)

    def _look(self) -> bool:
        """Whether the source has something new since it was opened, or can't be reached any more."""
        now = self._ports.clock.monotonic()
        if not decide.may_look(self._state, now):
            return False
        try:
            return self._source.look() != self._source.mark
        except GitProblem:
            return Trouble.GIT not in self._cycle.troubles  # then the cycle meets it too, and reports it


def _line(status: Status, happened: Happened) -> str:
    """One line for one cycle."""
    parts: list[str] = [happened.result or "waiting"]
    if happened.plan is not None:
        done = happened.report.count(OutcomeStatus.APPLIED) if happened.report else 0
        parts.append(f"{len(status.drifted)} drifted, {happened.plan.unchanged + done} in step")
    if status.contested:
        parts.append(f"{len(status.contested)} contested")
    if happened.reason and happened.result not in (CycleResult.IN_STEP, CycleResult.SUSPENDED):
        parts.append(happened.reason)
    for kind, text in status.troubles.items():
        if text != happened.reason:
            parts.append(f"{kind}: {text}")
    if status.revision is not None:
        parts.append(f"at {status.revision[:20]}")
    if status.cycle is not None and happened.waits is None:
        parts.append(f"{status.cycle.duration_s:g} s")
    return said("; ".join(parts).replace("\n", " | "), status)
