"""Keeps the Lease: competes for it, renews it, and says when to begin and when to stop."""

from __future__ import annotations

import logging
import socket
import uuid
from typing import TYPE_CHECKING, Final

from reconciler.errors import Interrupted
from reconciler.operator.cluster import lease
from reconciler.operator.cluster.errors import ClusterError, Conflict
from reconciler.operator.cluster.record import micro_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.operator.cluster.client import Cluster
    from reconciler.operator.cluster.record import Record
    from reconciler.operator.resources.resource import Ref
    from reconciler.ports import Clock

_LOG: Final = logging.getLogger("reconciler.operator")


def identity() -> str:
    """Make a name for this process that no other has: the host's name and a UUID, as client-go makes it."""
    return f"{socket.gethostname()}_{uuid.uuid4()}"


class Keeper:
    """One candidate for the Lease `ref`.

    `on_started` is called when it holds the Lease, and returns at once. `on_stopped` is called when it does not any
    more, and returns when nothing is written any more: only then it competes again, or releases the Lease.
    """

    def __init__(
        self,
        cluster: Cluster,
        ref: Ref,
        clock: Clock,
        *,
        me: str,
        on_started: Callable[[], None],
        on_stopped: Callable[[], None],
    ) -> None:
        self._cluster = cluster
        self._ref = ref
        self._clock = clock
        self._on_started = on_started
        self._on_stopped = on_stopped
        self._state = lease.Candidacy(me)
        self._leads = False
        self.problem: str | None = None
        """Why the last request failed; None: it did not."""

    @property
    def holds(self) -> bool:
        """Say whether this process may act now, by its own clock; from any thread, before each write."""
        return self._state.holds(self._clock.monotonic())

    @property
    def holder(self) -> str:
        """Say who holds the Lease, as far as is known; empty: no one."""
        return self._state.holder

    def run(self) -> None:
        """Compete and hold until the clock's wait is interrupted; then stop, and release the Lease."""
        try:
            while True:
                self.turn()
                self._clock.wait(lease.pause_s(self._state, self._clock.monotonic()))
        except Interrupted:
            return
        finally:
            self._leave()

    def turn(self) -> None:
        """Send one request, and begin or stop as it turns out."""
        if self._leads and not self.holds:  # while it waited: the process was suspended, or the machine is too slow
            self._stop("it was not renewed in time")
        started = self._clock.monotonic()
        asked = lease.ask(self._state, started, micro_time(self._clock.utc_now()))
        before = self.holder
        try:
            found = self._send(asked)
        except ClusterError as error:
            self._state = lease.failed(self._state)
            self._report(None if isinstance(error, Conflict) else str(error))
        else:
            ended = self._clock.monotonic()
            self._state = lease.answered(self._state, asked, found, started, ended)
            if isinstance(asked, lease.Put) or isinstance(lease.ask(self._state, ended, ""), lease.Look):
                self._report(None)  # else the write is still to come, which may fail as it did before
        if self.holds and not self._leads:
            _LOG.info("this process holds Lease %s as %s", self._ref, self._state.me)
            self._leads = True
            self._on_started()
        elif self._leads and not self.holds:
            self._stop(self.problem or f"it is held by {self.holder or 'no one'}")
        elif not self._leads and self.holder not in (before, self._state.me):
            _LOG.info("Lease %s is held by %s", self._ref, self.holder or "no one")

    def _send(self, asked: lease.Ask) -> Record | None:
        if isinstance(asked, lease.Look):
            return self._cluster.get_lease(self._ref)
        if asked.record.version:
            return self._cluster.update_lease(self._ref, asked.record)
        return self._cluster.create_lease(self._ref, asked.record)

    def _stop(self, why: str) -> None:
        _LOG.warning("this process does not hold Lease %s any more: %s", self._ref, why)
        self._leads = False
        self._on_stopped()

    def _leave(self) -> None:
        """Stop, and release the Lease, so that the next one need not wait until it expires."""
        if self._leads:
            self._leads = False
            self._on_stopped()
        record = lease.released(self._state, micro_time(self._clock.utc_now()))
        if record is None:
            return
        self._state = lease.Candidacy(self._state.me)
        try:
            self._cluster.update_lease(self._ref, record)
        except ClusterError as error:
            _LOG.warning("Lease %s is not released, and expires: %s", self._ref, error)
        else:
            _LOG.info("Lease %s is released", self._ref)

    def _report(self, problem: str | None) -> None:
        if problem is not None and problem != self.problem:
            _LOG.warning("Lease %s: %s", self._ref, problem)
        self.problem = problem
