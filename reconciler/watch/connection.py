"""The one connection of a watch, kept from cycle to cycle: with a verb that writes only while writing is allowed."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from reconciler.model.report import RequestCount

if TYPE_CHECKING:
    from reconciler.ports import RunnerApi, RunnerReader
    from reconciler.settings import Settings
    from reconciler.workflow.run import Ports


class Connection:
    """Opens a reader or a writer, and opens it anew when the settings change, such as the token."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._opened_for: tuple[Settings, bool] | None = None
        self._reader: RunnerReader | None = None
        self._writer: RunnerApi | None = None
        self._before = RequestCount()

    def reader(self, settings: Settings, ports: Ports, *, writes: bool) -> RunnerReader:
        """Return what reads; with `writes` it is the writer too."""
        if self._opened_for != (settings, writes) or self._reader is None:
            self.close()
            if writes:
                self._reader = self._writer = self._stack.enter_context(ports.client(settings))
            else:
                self._reader = self._stack.enter_context(ports.reader(settings))
            self._opened_for = settings, writes
        return self._reader

    @property
    def writer(self) -> RunnerApi | None:
        """What writes; None while nothing may be written."""
        return self._writer

    @property
    def requests(self) -> RequestCount:
        """What was sent since the start."""
        now = self._reader.requests if self._reader is not None else RequestCount()
        was = self._before
        return RequestCount(
            reads=was.reads + now.reads,
            writes=was.writes + now.writes,
            retries=was.retries + now.retries,
            rate_limited=was.rate_limited + now.rate_limited,
        )

    def scrub(self, text: str) -> str:
        """Return the text without any secret that was seen."""
        return self._reader.scrubber.scrub(text) if self._reader is not None else text

    def close(self) -> None:
        """Close the connection; the counts stay."""
        self._before = self.requests
        self._reader = self._writer = self._opened_for = None
        self._stack.close()
