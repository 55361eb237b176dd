"""Progress on stderr: a bar on a terminal, plain lines without one, nothing when quiet.

None of these ever raises: an apply that is writing goes on when its progress can be read no more.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, TextIO

from reconciler.adapters.progress_rules import FEW_PAGES, SHORT_WAIT_S
from reconciler.model.enums import OutcomeStatus
from reconciler.render import escape
from reconciler.render.views.report_text import outcome_line
from reconciler.render.wording import plural

if TYPE_CHECKING:
    from reconciler.model.plan import Plan
    from reconciler.model.report import Outcome
    from reconciler.ports import Progress


def choose_progress(*, quiet: bool, terminal: bool, color: bool, stream: TextIO | None = None) -> Progress:
    """Choose the progress for this run; `stream` is stderr unless given."""
    if quiet:
        return NoProgress()
    out = sys.stderr if stream is None else stream
    if terminal:
        from reconciler.adapters.progress_bar import ProgressBar

        return ProgressBar(out, color=color)
    return PlainProgress(out)


class NoProgress:
    """Shows nothing."""

    def reading(self, done: int, total: int) -> None:
        """Nothing."""

    def applying(self, plan: Plan) -> None:
        """Nothing."""

    def done(self, outcome: Outcome) -> None:
        """Nothing."""

    def waiting(self, seconds: float, reason: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class PlainProgress:
    """One line for each thing worth one: `applied prod-a100-1 (update)`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._told = False

    def reading(self, done: int, total: int) -> None:
        """Write one line for a list of many pages, when it begins."""
        if total > FEW_PAGES and not self._told:
            self._told = True
            self._say(f"reading {total} pages of runners")
        if done >= total:
            self._told = False

    def applying(self, plan: Plan) -> None:
        """Write how many writes begin."""
        self._say(f"applying {plural(sum(len(action.requests) for action in plan.actions), 'write')}")

    def done(self, outcome: Outcome) -> None:
        """Write what became of one action that was begun; the rest, after an interrupt many, is in the report."""
        if outcome.status != OutcomeStatus.NOT_ATTEMPTED:
            self._say(outcome_line(outcome))

    def waiting(self, seconds: float, reason: str) -> None:
        """Write of a pause that is long enough to be shown."""
        if seconds >= SHORT_WAIT_S:
            self._say(f"waiting {seconds:.0f} s: {escape.text(reason)}")

    def close(self) -> None:
        """Nothing is open."""

    def _say(self, line: str) -> None:
        with self._lock:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):  # stderr has no reader any more, or is closed
                return
