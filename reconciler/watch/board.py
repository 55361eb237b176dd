"""What the loop knows and the web shows: one status, replaced whole, so that a reader never sees half of one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from reconciler.watch.status import Counts, said

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.ports import Clock, Journal
    from reconciler.watch.status import Status

_LOG: Final = logging.getLogger("reconciler.watch")
_MOST_WARNINGS: Final = 1000
ALIVE_S: Final = 600.0
"""A loop that gave no sign for so long hangs: between two signs lies one request, or one call of git."""


class Board:
    """The loop writes, any thread reads. `ready` turns true with the first whole read."""

    def __init__(self, status: Status, clock: Clock) -> None:
        self.status = status
        self.counts = Counts()
        self.ready = False
        self._clock = clock
        self._beat_at = clock.monotonic()
        self._drifts_from: float | None = None

    def beat(self) -> None:
        """Give a sign of life."""
        self._beat_at = self._clock.monotonic()

    @property
    def alive(self) -> bool:
        """Whether the loop turns."""
        return self._clock.monotonic() - self._beat_at < ALIVE_S

    def show(self, status: Status, counts: Counts) -> None:
        """Take over what a cycle led to."""
        if not status.drifted:
            self._drifts_from = None
        elif self._drifts_from is None:
            self._drifts_from = self._clock.monotonic()
        self.status, self.counts = status, counts

    @property
    def drift_s(self) -> float:
        """For how long something has differed from the manifests; 0 where nothing does. Clock changes don't count."""
        since = self._drifts_from
        return 0.0 if since is None else self._clock.monotonic() - since


class Warnings:
    """Logs each warning once: the cycles to come would say it again and again."""

    def __init__(self, board: Board, log: logging.Logger = _LOG) -> None:
        self._board = board
        self._log = log
        self._said: set[str] = set()

    def __call__(self, text: str) -> None:
        """Log it, unless it was."""
        if text not in self._said and len(self._said) < _MOST_WARNINGS:
            self._said.add(text)
            self._log.warning("%s", said(text, self._board.status))


class Beating:
    """A journal that gives a sign of life with every line: a large write takes longer than a loop may be silent."""

    def __init__(self, journal: Journal, beat: Callable[[], None]) -> None:
        self._journal = journal
        self._beat = beat

    def record(self, event: str, **facts: object) -> None:
        """See Journal."""
        self._beat()
        self._journal.record(event, **facts)
