"""Where results go: stdout in one format, and any number of report files."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.color import color
from reconciler.cli.pipes import Unwritable, note, write
from reconciler.errors import FileError, ManifestError, UsageProblem
from reconciler.files import folder_below, write_file
from reconciler.model.enums import Format
from reconciler.render.formats.layout import Layout
from reconciler.render.formats.registry import FORMATS, SUFFIXES, format_of, render, view_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

    from reconciler.cli.groups import Output
    from reconciler.model.plan import Plan
    from reconciler.model.results import Applied, Result


def check_reports(output: Output, *kinds: type) -> None:
    """Refuse a report that has no format or no place, before anything is read or written.

    `kinds` are the types of result that the command may give. Raises UsageProblem for a suffix that names no format,
    or one that shows none of them; Unwritable for a file that can't be written.
    """
    for path in output.reports:
        report = Path(path)
        form = format_of(path)
        if form is None:
            raise UsageProblem(f"--report {path!r}: the suffix must be one of {', '.join(SUFFIXES)}")
        if not any(view_of(kind, form) for kind in kinds):
            raise UsageProblem(f"--report {path!r}: a {FORMATS[form].suffix} report can't show what this command gives")
        if report.is_dir() or not report.parent.is_dir():
            what = "it is a folder" if report.is_dir() else f"there is no folder {report.parent}"
            raise Unwritable(f"--report {path!r}: {what}")
        written = [report.parent, *([report] if report.is_file() and not report.is_symlink() else [])]
        if not all(os.access(each, os.W_OK) for each in written):
            raise Unwritable(f"--report {path!r}: it can't be written; check the rights of the file and its folder")


@contextmanager
def reporting_problems(output: Output) -> Iterator[None]:
    """Wrong manifests go to the reports that a CI shows problems from; what can't be written is a warning."""
    try:
        yield
    except ManifestError as error:
        try:
            _to_reports(output, error, machines=True)
        except Unwritable as lost:
            note(f"warning: {lost}")
        raise


def put(output: Output, result: Result) -> None:
    """Render to stdout in the format asked for, and to every report in the format of its suffix."""
    _to_reports(output, result)
    _whole_stdout(output, result)


def put_as(output: Output, result: Result, text: str) -> None:
    """Write every report in the format of its suffix, and `text` to stdout."""
    _to_reports(output, result)
    _to_stdout((text,))


def layout_of(output: Output, stream: TextIO | None = None) -> Layout:
    """How the options and the stream (stdout unless given) lay text out."""
    coloured = color(stream, no_color=output.no_color)
    return Layout(coloured, terminal_width(stream), terminal_height(stream), output.expand)


def terminal_width(stream: TextIO | None = None) -> int | None:
    """The columns of the terminal that stdout, or another stream, is; None when it is none: then nothing is wrapped."""
    return _measure(stream, "COLUMNS", 0)


def terminal_height(stream: TextIO | None = None) -> int | None:
    """The lines of that terminal; None when it is none: then nothing has to fit on a screen."""
    return _measure(stream, "LINES", 1)


def _measure(stream: TextIO | None, variable: str, side: int) -> int | None:
    """What the variable says, else the terminal itself."""
    out = sys.stdout if stream is None else stream
    if not out.isatty():
        return None
    given = os.environ.get(variable, "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(out.fileno())[side] or None
    except (OSError, ValueError):
        return None


def _to_reports(output: Output, result: Result, *, machines: bool = False) -> None:
    """To every report that can show it; with `machines` to those alone that only a CI reads."""
    layout = Layout(expand=output.expand, folder=folder_below(_checkout()))
    for path in output.reports:
        form = format_of(path)
        if form is None or view_of(type(result), form) is None or (machines and FORMATS[form].printed):
            continue
        try:
            write_file(
                path,
                render(result, form, layout),
                encoding_errors="backslashreplace",
            )
        except FileError as exc:
            raise Unwritable(f"--report {exc}") from exc


def _checkout() -> str | None:
    """The repository's folder, where the CI says it."""
    return os.environ.get("CI_PROJECT_DIR") or os.environ.get("GITHUB_WORKSPACE")


def _whole_stdout(output: Output, result: Result) -> None:
    _to_stdout(render(result, Format(output.format_), layout_of(output)))


def _to_stdout(chunks: Iterable[str]) -> None:
    last = "\n"

    def counted() -> Iterable[str]:
        nonlocal last
        for chunk in chunks:
            last = chunk[-1:] or last
            yield chunk
        if last != "\n":
            yield "\n"

    write(sys.stdout, counted())


def put_report(output: Output, done: Applied) -> None:
    """What an apply did, to stdout and then every report.

    It is done, whether this can be written or not: what can't is reported on stderr, and changes no exit code.
    """
    below_its_plan = replace(done, shown=output.format_ == Format.TEXT)
    for write_it, result in ((_whole_stdout, below_its_plan), (_to_reports, done)):
        try:
            write_it(output, result)
        except Unwritable as error:
            note(f"warning: the run is over, its result is lost: {error}")


def put_refusal(output: Output, plan: Plan | None) -> None:
    """The plan that was refused, to every report, and to stdout where neither text nor the error document shows it.

    What can't be written is a warning: the refusal, with its exit code, is the result.
    """
    if plan is None:
        return
    try:
        _to_reports(output, plan)
    except Unwritable as error:
        note(f"warning: {error}")
    if output.format_ not in (Format.TEXT, Format.JSON):
        _whole_stdout(output, plan)
