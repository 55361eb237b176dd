"""What a step of GitHub Actions gets: annotations in its log, its summary, its outputs.

They appear beside the result. What can't be written is a warning in the log and changes neither result nor exit code.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.files import folder_below
from reconciler.forge.github.commands import command, finding_annotations, problem_annotations
from reconciler.planfile.document import plan_document
from reconciler.render.views.plan_markdown import render_plan
from reconciler.render.views.report_markdown import render_error, render_report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.errors import ManifestError, ReconcilerError
    from reconciler.model.plan import Plan
    from reconciler.model.report import Report

MAX_SUMMARY: Final = 1024 * 1024
"""Bytes of a step's summary; over it GitHub drops the whole of it."""


@dataclass(frozen=True, slots=True)
class Step:
    """The step this process runs in: where its summary and outputs go, and `say`, which prints a line to its log.

    `folder` is the working folder as seen from the repository's: GitHub takes annotations' files from there.
    """

    summary: Path | None
    output: Path | None
    say: Callable[[str], None]
    folder: str = ""

    @classmethod
    def of(cls, environ: Mapping[str, str], say: Callable[[str], None]) -> Step | None:
        """From the environment; None outside of GitHub Actions."""
        if environ.get("GITHUB_ACTIONS") != "true":
            return None
        summary, output = environ.get("GITHUB_STEP_SUMMARY"), environ.get("GITHUB_OUTPUT")
        folder = folder_below(environ.get("GITHUB_WORKSPACE"))
        return cls(Path(summary) if summary else None, Path(output) if output else None, say, folder)

    def planned(self, plan: Plan, exit_code: int) -> None:
        """Report a plan: its findings as annotations, its Markdown as summary, its counts as outputs."""
        for line in finding_annotations(plan.findings, self.folder):
            self.say(line)
        self.summarise(lambda limit: render_plan(plan, max_size=limit))
        summary = plan_document(plan)["summary"]
        self._put(
            {
                "has-changes": json.dumps(plan.has_changes),
                "exit-code": str(exit_code),
                "summary-json": json.dumps(summary),
            }
        )

    def applied(self, report: Report, plan: Plan) -> None:
        """Report what an apply did, as summary and outputs."""
        self.summarise(lambda limit: render_report(report, plan, max_size=limit))
        self._put({"has-changes": json.dumps(plan.has_changes), "exit-code": str(report.exit_code)})

    def invalid(self, error: ManifestError) -> None:
        """Manifests that are wrong: an annotation at each place."""
        for line in problem_annotations(error.problems, self.folder):
            self.say(line)
        self.failed(error)

    def failed(self, error: ReconcilerError) -> None:
        """Any error, as summary and outputs."""
        self.summarise(lambda limit: render_error(error, max_size=limit))
        self._put({"exit-code": str(error.exit_code)})

    def notice(self, message: str) -> None:
        """Put a notice in the log."""
        self.say(command("notice", message))

    def summarise(self, render: Callable[[int], str]) -> None:
        """Append to the summary what `render` makes of the characters left; one may take four bytes."""
        if self.summary is None:
            return

        def fit(used: int) -> str:
            left = (MAX_SUMMARY - used) // 4 - 2
            return render(left) + "\n" if left > 0 else ""

        self._append("GITHUB_STEP_SUMMARY", self.summary, fit)

    def _put(self, outputs: Mapping[str, str]) -> None:
        if self.output is None:
            return
        fence = f"end-{secrets.token_hex(16)}"
        lines = "".join(f"{name}<<{fence}\n{value}\n{fence}\n" for name, value in outputs.items())
        self._append("GITHUB_OUTPUT", self.output, lambda _used: lines)

    def _append(self, variable: str, path: Path, render: Callable[[int], str]) -> None:
        """Append what `render` makes of the bytes already there; a warning where the file can't be written."""
        try:
            _append(path, render)
        except OSError as exc:
            why = exc.strerror or type(exc).__name__
            self.say(command("warning", f"{variable}: {path} can't be written ({why}); the result is not affected"))


def _append(path: Path, render: Callable[[int], str]) -> None:
    """Append to a regular file, which is made where there is none: all of it, or nothing.

    A link is not followed, a pipe not waited for.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, flags, 0o644), "ab", buffering=0) as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(0, "not a regular file")
        left = memoryview(render(facts.st_size).encode("utf-8", "backslashreplace"))
        try:
            while left:
                left = left[file.write(left) or 0 :]
        except OSError:  # half an output would fail the step
            file.truncate(facts.st_size)
            raise
