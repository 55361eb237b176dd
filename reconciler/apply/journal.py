"""The journal of an apply: one JSON line per event, on the disk before the next step is taken.

Events: `start` (the plan's digest, where it goes, what was accepted), `intent` (a write is about to be sent), `outcome`
(what came of that write, under the same `write` number), `action` (what became of one runner), `verify` (the closing
list was read, and which outcomes it changed) and `end` (the counts).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import json
import os
import threading
from typing import TYPE_CHECKING, Final

from reconciler.errors import ReconcilerError
from reconciler.files import open_for_append
from reconciler.text.cause import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.ports import Journal


_NO_DISK: Final = (errno.EINVAL, errno.ENOTSUP)
"""What fsync answers for a pipe or a terminal, which need none."""


class JournalError(ReconcilerError):
    """The journal can't be written."""

    code = "journal"


class NullJournal:
    """Keeps nothing. Implements ports.Journal."""

    def record(self, event: str, **facts: object) -> None:
        """Drop the event."""


class FileJournal:
    """Appends to an open file. Implements ports.Journal; any thread may record."""

    def __init__(self, path: str, handle: int, now: Callable[[], str]) -> None:
        self._path = path
        self._handle = handle
        self._now = now
        self._lock = threading.Lock()
        self._torn = False

    def record(self, event: str, **facts: object) -> None:
        """Write one line, on the disk when this returns. Raises JournalError."""
        try:
            with self._lock:
                line = json.dumps({"event": event, "time": self._now(), **facts}, ensure_ascii=True) + "\n"
                # What was left of a line that did not fit must not swallow this one.
                rest = memoryview((b"\n" if self._torn else b"") + line.encode())
                while rest:
                    written = os.write(self._handle, rest)
                    rest = rest[written:]
                    self._torn = bool(rest)
                self._sync()
        except OSError as exc:
            raise JournalError(f"the journal {self._path} can't be written: {reason_of(exc)}") from exc

    def _sync(self) -> None:
        try:
            os.fsync(self._handle)
        except OSError as exc:
            if exc.errno not in _NO_DISK:
                raise


@contextlib.contextmanager
def open_journal(path: str | None, now: Callable[[], str] | None = None) -> Iterator[Journal]:
    """Append to the journal at `path`, new as 0600; None keeps nothing. Raises JournalError before anything is sent.

    `now` gives the time of each line, ISO 8601 UTC.
    """
    if path is None:
        yield NullJournal()
        return
    handle = open_for_append(path, error=JournalError)
    try:
        yield FileJournal(path, handle, now or _utc_now)
    finally:
        os.close(handle)


def _utc_now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
