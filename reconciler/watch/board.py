"""What the loop knows and the web shows: one status, replaced whole, so that a reader never sees half of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.watch.status import Counts

if TYPE_CHECKING:
    from reconciler.ports import Clock
    from reconciler.watch.status import Status

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
