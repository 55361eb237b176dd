"""Logs on stderr for -v. Every line is scrubbed; of a library's record only the event is shown.

httpx and httpcore log lines of answers and texts of exceptions, header values among them that are not known yet.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from reconciler.text.cause import cause_of
from reconciler.text.hidden import show_hidden

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.secret import Scrubber

_LOUDEST_LIBRARIES: Final = 2
"""From -vv on, what the libraries log is shown too."""


_EVENT: Final = re.compile(r"[a-z_]+(?:\.[a-z_]+)+(?= |$)")
"""How httpcore begins a record: `receive_response_headers.failed`."""


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]  # generic in the stubs only
    """Writes to what stderr is at that time."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class SafeLines(logging.Formatter):
    """One line a record, as text or JSON: scrubbed, hidden characters by their codes, and no traceback.

    It is the formatter that cleans, so that no record reaches the stream around it, whatever its logger.
    """

    def __init__(self, scrubber: Scrubber, *, as_json: bool) -> None:
        super().__init__()
        self._scrubber = scrubber
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """Format the line, without its end."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        level = record.levelname.lower()
        message = show_hidden(self._scrubber.scrub(_text(record)))
        if self._as_json:
            return json.dumps({"time": moment, "level": level, "logger": record.name, "message": message})
        return f"{moment} {level} {record.name}: {message}"


@contextmanager
def log_to_stderr(verbosity: int, *, as_json: bool, scrubber: Scrubber, cycles: bool = False) -> Iterator[None]:
    """Log one line a record: our own requests from -v (1) on, the libraries' from -vv (2) on; without -v, nothing.

    With `cycles` a watch's own lines are there in any case.

    At the end the loggers are as they were before, so that the next command in this process logs as it was asked to.
    """
    if not verbosity and not cycles:
        yield
        return
    root, ours = logging.getLogger(), logging.getLogger("reconciler")
    levels = root.level, ours.level
    handler = _Handler()
    handler.setFormatter(SafeLines(scrubber, as_json=as_json))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbosity >= _LOUDEST_LIBRARIES else logging.WARNING)
    ours.setLevel(logging.DEBUG if verbosity else logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(levels[0])
        ours.setLevel(levels[1])


def _text(record: logging.LogRecord) -> str:
    """Our own messages as they are; of a library's only which event it is: the rest may quote what came."""
    try:
        text = record.getMessage()
    except (TypeError, ValueError):  # a message that does not fit its arguments: neither is worth showing
        text = "(a log message that can't be formatted)"
    if record.name.partition(".")[0] != "reconciler":
        event = _EVENT.match(text)
        text = event[0] if event else f"{record.module}.{record.funcName}"
    if record.exc_info and record.exc_info[1] is not None:
        text = f"{text}: {cause_of(record.exc_info[1])}"
    return text
