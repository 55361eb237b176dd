"""Writes what `statuses.updates` says, several at a time, and remembers what was written."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from reconciler.operator.cluster.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reconciler.operator.cluster.client import Cluster
    from reconciler.operator.statuses.updates import Update

_AT_ONCE: Final = 8
_LOG: Final = logging.getLogger("reconciler.operator")


class Reporter:
    """Reports of one account. Nothing is written unless `may_write`, which says whether this process holds the Lease.

    `written` are the last statuses by uid, for Observed. A status that could not be written is not among them, so that
    the next cycle comes to it again; an event that could not be created is lost. To be made anew whenever the Lease is
    gained: meanwhile another replica has written.
    """

    def __init__(self, cluster: Cluster, may_write: Callable[[], bool]) -> None:
        self.written: dict[str, Mapping[str, Any]] = {}
        self._cluster = cluster
        self._may_write = may_write
        self._problem: str | None = None

    def report(self, updates: Iterable[Update]) -> None:
        """Write updates. Raises Interrupted."""
        todo = list(updates)
        if not todo:
            return
        with ThreadPoolExecutor(min(_AT_ONCE, len(todo)), thread_name_prefix="reconciler-report") as pool:
            problems = [problem for problem in pool.map(self._write, todo) if problem is not None]
        problem = problems[0] if problems else None
        if problem is not None and problem != self._problem:
            _LOG.warning("%d of %d statuses and their events were not written: %s", len(problems), len(todo), problem)
        self._problem = problem

    def keep(self, uids: Iterable[str]) -> None:
        """Forget the statuses of all other resources: they are gone."""
        present = frozenset(uids)
        self.written = {uid: status for uid, status in self.written.items() if uid in present}

    def _write(self, update: Update) -> str | None:
        """Write one; why not, if it was not."""
        if not self._may_write():
            return None
        try:
            if update.patch:
                self._cluster.patch_status(update.plural, update.resource.ref, update.patch)
            self.written[update.resource.uid] = update.status
            for event in update.events:
                self._cluster.create_event(event)
        except ClusterError as error:
            return str(error)
        return None
