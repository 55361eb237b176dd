"""Where results go: stdout in one format, and any number of report files."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from reconciler.cli.color import color
from reconciler.cli.pipes import write
from reconciler.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.plan import Plan
    from reconciler.model.report import Report

SUFFIXES: Final = {".txt": "text", ".json": "json", ".md": "markdown", ".html": "html"}


def check_reports(options: Mapping[str, Any]) -> None:
    """Refuse a report whose suffix names no format, before anything is read. Raises UsageProblem."""
    for path in options["reports"]:
        if Path(path).suffix not in SUFFIXES:
            raise UsageProblem(f"--report {path!r}: the suffix must be one of {', '.join(SUFFIXES)}")


class Render(Protocol):
    """Gives one result in a format; `color` and `width` (None: do not wrap) matter to text only."""

    def __call__(self, form: str, /, *, color: bool = False, width: int | None = None) -> Iterable[str]:
        """The text, whole or in pieces."""


def put(options: Mapping[str, Any], render: Render) -> None:
    """Render to stdout in the format asked for, and to every report in the format of its suffix."""
    for path in options["reports"]:
        _write_report(Path(path), render(SUFFIXES[Path(path).suffix]))
    _to_stdout(render(options["format_"], color=color(options), width=terminal_width()))


def terminal_width() -> int | None:
    """The columns of the terminal that stdout is; None when it is none, and nothing is wrapped."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _to_stdout(rendered: str | Iterable[str]) -> None:
    chunks = (rendered,) if isinstance(rendered, str) else rendered
    last = "\n"

    def counted() -> Iterable[str]:
        nonlocal last
        for chunk in chunks:
            last = chunk[-1:] or last
            yield chunk
        if last != "\n":
            yield "\n"

    write(sys.stdout, counted())


def _write_report(path: Path, rendered: str | Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.writelines((rendered,) if isinstance(rendered, str) else rendered)


def put_plan(options: Mapping[str, Any], plan: Plan) -> None:
    """A plan to stdout and every report."""
    from reconciler.render.plans import render_plan

    put(options, lambda form, **layout: render_plan(plan, form, **layout))


def put_report(options: Mapping[str, Any], report: Report, plan: Plan) -> None:
    """What an apply did, to stdout and every report."""
    from reconciler.render.reports import render_report

    put(options, lambda form, **layout: render_report(report, plan, form, **layout))


def put_refusal(options: Mapping[str, Any], plan: Plan | None) -> None:
    """The plan that was refused, to every report, and to stdout where neither text nor the error document shows it."""
    from reconciler.render.plans import render_plan

    if plan is None:
        return
    for path in options["reports"]:
        _write_report(Path(path), render_plan(plan, SUFFIXES[Path(path).suffix]))
    if options["format_"] in ("markdown", "html"):
        _to_stdout(render_plan(plan, options["format_"]))
