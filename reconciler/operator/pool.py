"""The loops of all Accounts: one for each, as long as this process holds the Lease."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from reconciler.operator.account import AccountLoop
from reconciler.operator.cluster.reporter import Reporter
from reconciler.operator.statuses.updates import stray_updates

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.operator.account import Running
    from reconciler.operator.resources.resource import Ref
    from reconciler.watch.board import Board

_LOG: Final = logging.getLogger("reconciler.operator")


class Pool:
    """Begins and ends loops as Accounts come and go, from any thread. `now` gives the time as ISO 8601 UTC."""

    def __init__(self, running: Running, now: Callable[[], str]) -> None:
        self._running = running
        self._now = now
        self._lock = threading.RLock()
        self._leads = False
        self._closed = False
        self._loops: dict[Ref, tuple[str, AccountLoop]] = {}
        self._strays = Reporter(running.cluster, running.may_write)

    def begin(self) -> None:
        """Take the lead: what another replica has written since is not known here."""
        with self._lock:
            self._strays = Reporter(self._running.cluster, self._running.may_write)
            self._leads = not self._closed

    def close(self) -> None:
        """End, for good."""
        self._closed = True
        self.end()

    def end(self) -> None:
        """Stop every loop; returns when nothing is written any more."""
        self._leads = False
        for _uid, loop in list(self._loops.values()):  # without the lock: whoever has it may wait for an answer
            loop.stop()
        with self._lock:
            self._end(set(self._loops))

    @property
    def leads(self) -> bool:
        """Whether it has the lead."""
        return self._leads

    def boards(self) -> list[Board]:
        """Return what each Account's loop shows, in a stable order."""
        with self._lock:
            return [self._loops[ref][1].board for ref in sorted(self._loops)]

    def sync(self) -> None:
        """Begin the loops that are missing, end those whose Account is gone, and say of strays why they are."""
        store = self._running.store
        with self._lock:
            if not self._leads or not store.ready:
                return
            accounts = store.accounts()
            self._end({ref for ref, (uid, loop) in self._loops.items() if accounts.get(ref) != uid or loop.ended})
            for ref in accounts.keys() - self._loops.keys():
                loop = AccountLoop(ref, self._running)
                self._loops[ref] = accounts[ref], loop
                loop.start()
            reporter, strays = self._strays, store.strays()
        reporter.report(stray_updates(strays, now=self._now(), written=reporter.written))
        reporter.keep(runner.uid for runner, _why in strays)

    def _end(self, refs: set[Ref]) -> None:
        ending = [self._loops[ref][1] for ref in refs]
        for loop in ending:
            loop.stop()
        for loop in ending:
            loop.join()
        for ref in refs:
            del self._loops[ref]
