"""A progress bar on a terminal, by rich, which is imported when there is something to show."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, TextIO

from reconciler.adapters.progress_rules import FEW_PAGES, SAME_LINES, SHORT_WAIT_S, time_left, worth_a_line
from reconciler.render import escape
from reconciler.render.views.report_text import outcome_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console
    from rich.progress import Progress, TaskID

    from reconciler.model.plan import Plan
    from reconciler.model.report import Outcome


class ProgressBar:
    """One bar at a time: pages read, then actions done. It redraws only when something happened, and has no thread."""

    def __init__(self, stream: TextIO, *, color: bool) -> None:
        self._stream = stream
        self._color = color
        self._lock = threading.Lock()
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._broken = False
        self._least_s = 0.0
        self._alike: Counter[tuple[str, str]] = Counter()

    def reading(self, done: int, total: int) -> None:
        """Move the bar of pages; a list of a few pages has none."""
        if total > FEW_PAGES:
            self._guarded(lambda: self._move("Reading", done, total))

    def applying(self, plan: Plan) -> None:
        """Begin the bar of actions."""
        self._least_s = plan.budget.seconds
        self._guarded(lambda: self._move("Applying", 0, len(plan.actions)))

    def done(self, outcome: Outcome) -> None:
        """Move on by one; what is not applied stays above the bar."""
        self._guarded(lambda: self._advance(outcome))

    def waiting(self, seconds: float, reason: str) -> None:
        """Say above the bar why it does not move."""
        if seconds >= SHORT_WAIT_S:
            self._guarded(lambda: self._print(f"waiting {seconds:.0f} s: {escape.text(reason)}"))

    def close(self) -> None:
        """Take the bar away, whatever it stood at."""
        self._guarded(self._stop)

    def _guarded(self, show: Callable[[], None]) -> None:
        with self._lock:
            if self._broken:
                return
            try:
                show()
            except (OSError, ValueError):  # stderr has no reader any more, or is closed
                self._broken = True

    def _move(self, label: str, done: int, total: int) -> None:
        bar = self._bar
        if bar is None or self._task is None:
            bar = self._bar = self._start()
            self._task = bar.add_task(label, total=total, left="")
        bar.update(self._task, description=label, completed=done, total=total)
        self._redraw(bar, self._task)
        if done >= total:
            self._stop()

    def _advance(self, outcome: Outcome) -> None:
        if worth_a_line(outcome):
            self._keep(outcome)
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task)
            self._redraw(self._bar, self._task)
            if self._bar.finished:
                self._stop()

    def _keep(self, outcome: Outcome) -> None:
        kind = outcome.status, outcome.error.code if outcome.error else ""
        self._alike[kind] += 1
        if self._alike[kind] <= SAME_LINES:
            self._print(outcome_line(outcome))
        if self._alike[kind] == SAME_LINES:
            self._print("more like it are in the report only")

    def _redraw(self, bar: Progress, task_id: TaskID) -> None:
        """Draw the bar with the time that it has to go."""
        task = next(each for each in bar.tasks if each.id == task_id)
        left = time_left(int(task.completed), int(task.total or 0), task.elapsed or 0.0, self._least_s)
        bar.update(task_id, left=left)
        bar.refresh()

    def _print(self, line: str) -> None:
        from rich.text import Text

        console = self._bar.console if self._bar is not None else self._console()
        console.print(Text(line), soft_wrap=True)

    def _start(self) -> Progress:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=self._console(),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        bar.start()
        bar.console.show_cursor()  # if the process is killed, the terminal is left as it was
        return bar

    def _stop(self) -> None:
        if self._bar is not None:
            bar, self._bar, self._task = self._bar, None, None
            bar.stop()

    def _console(self) -> Console:
        from rich.console import Console

        class QuietConsole(Console):
            def on_broken_pipe(self) -> None:
                """Rich would end the process here."""
                self.quiet = True

        return QuietConsole(file=self._stream, force_terminal=True, no_color=not self._color, highlight=False)
