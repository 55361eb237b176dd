"""Where results go: stdout in one format, and any number of report files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from reconciler.cli.color import color
from reconciler.cli.pipes import Unwritable, note, write
from reconciler.errors import FileError, UsageProblem
from reconciler.files import write_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TextIO

    from reconciler.model.plan import Plan
    from reconciler.model.report import Report

SUFFIXES: Final = {".txt": "text", ".json": "json", ".md": "markdown", ".html": "html"}


def check_reports(options: Mapping[str, Any]) -> None:
    """Refuse a report that has no format or no place, before anything is read or written.

    Raises UsageProblem for a suffix that names no format, Unwritable for a file that can't be written.
    """
    for path in options["reports"]:
        report = Path(path)
        if report.suffix not in SUFFIXES:
            raise UsageProblem(f"--report {path!r}: the suffix must be one of {', '.join(SUFFIXES)}")
        if report.is_dir() or not report.parent.is_dir():
            what = "it is a folder" if report.is_dir() else f"there is no folder {report.parent}"
            raise Unwritable(f"--report {path!r}: {what}")
        written = [report.parent, *([report] if report.is_file() and not report.is_symlink() else [])]
        if not all(os.access(each, os.W_OK) for each in written):
            raise Unwritable(f"--report {path!r}: it can't be written; check the rights of the file and its folder")


class Render(Protocol):
    """Gives one result in a format; `color` and `width` (None: do not wrap) matter to text only."""

    def __call__(self, form: str, /, *, color: bool = False, width: int | None = None) -> Iterable[str]:
        """The text, whole or in pieces."""


def put(options: Mapping[str, Any], render: Render) -> None:
    """Render to stdout in the format asked for, and to every report in the format of its suffix."""
    _to_reports(options, render)
    _whole_stdout(options, render)


def terminal_width(stream: TextIO | None = None) -> int | None:
    """The columns of the terminal that stdout, or another stream, is; None when it is none: then nothing is wrapped."""
    out = sys.stdout if stream is None else stream
    if not out.isatty():
        return None
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(out.fileno()).columns or None
    except (OSError, ValueError):
        return None


def _to_reports(options: Mapping[str, Any], render: Render) -> None:
    for path in options["reports"]:
        try:
            write_file(path, render(SUFFIXES[Path(path).suffix]), encoding_errors="backslashreplace")
        except FileError as exc:
            raise Unwritable(f"--report {exc}") from exc


def _whole_stdout(options: Mapping[str, Any], render: Render) -> None:
    _to_stdout(render(options["format_"], color=color(options), width=terminal_width()))


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


def put_plan(options: Mapping[str, Any], plan: Plan) -> None:
    """A plan to stdout and every report."""
    from reconciler.render.views.plan import render_plan

    put(options, lambda form, **layout: render_plan(plan, form, **layout))


def put_report(options: Mapping[str, Any], report: Report, plan: Plan) -> None:
    """What an apply did, to stdout and then every report.

    It is done, whether this can be written or not: what can't is told on stderr, and changes no exit code.
    """
    from reconciler.render.views.report import render_report

    def render(form: str, *, color: bool = False, width: int | None = None) -> Iterable[str]:
        return render_report(report, plan, form, color=color, width=width)

    for write_it in (_whole_stdout, _to_reports):
        try:
            write_it(options, render)
        except Unwritable as error:
            note(f"warning: the run is over, its result is lost: {error}")


def put_refusal(options: Mapping[str, Any], plan: Plan | None) -> None:
    """The plan that was refused, to every report, and to stdout where neither text nor the error document shows it.

    What can't be written is a warning: the refusal, with its exit code, is the result.
    """
    from reconciler.render.views.plan import render_plan

    if plan is None:
        return
    try:
        _to_reports(options, lambda form, **layout: render_plan(plan, form, **layout))
    except Unwritable as error:
        note(f"warning: {error}")
    if options["format_"] in ("markdown", "html"):
        _to_stdout(render_plan(plan, options["format_"]))
