"""Every error as the user sees it: text on stderr, with `--format json` the one document on stdout."""

from __future__ import annotations

import os
import re
import sys
import traceback
from typing import TYPE_CHECKING

import click

from reconciler.cli.actions import current_step
from reconciler.cli.pipes import StreamLost, close_quietly, echo, note
from reconciler.errors import Interrupted, ManifestError, ReconcilerError, UsageProblem
from reconciler.text.cause import reason_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def report_failure(error: BaseException, arguments: Sequence[str]) -> int:
    """Print one error in the format that the arguments ask for; returns its exit code."""
    if isinstance(error, BrokenPipeError):
        close_quietly()
        return 0
    from reconciler.model.enums import Format
    from reconciler.render.formats.registry import render

    known = _known(error)
    if _wants_json(arguments) and not isinstance(error, StreamLost):
        try:
            echo("".join(render(known, Format.JSON)))
        except StreamLost:
            note(str(known))
    else:
        note("".join(render(known, Format.TEXT)).rstrip("\n"))
        if isinstance(error, click.UsageError) and error.ctx is not None:
            note(f"Try '{error.ctx.command_path} --help' for help.")
    _tell_actions(known)
    if known is not error and not isinstance(error, (click.ClickException, click.Abort, KeyboardInterrupt)):
        _explain_unexpected(error, arguments)
    return known.exit_code


def _tell_actions(error: ReconcilerError) -> None:
    step = current_step()
    if step is None:
        return
    if isinstance(error, ManifestError):
        step.invalid(error)
    else:
        step.failed(error)


def _known(error: BaseException) -> ReconcilerError:
    if isinstance(error, ReconcilerError):
        return error
    if isinstance(error, click.ClickException):
        return UsageProblem(_message(error))
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return Interrupted("interrupted")
    sandbox = sys.modules.get("reconciler.sandbox.failures")
    if sandbox is not None and isinstance(error, sandbox.SandboxError):
        return ReconcilerError(str(error))
    if isinstance(error, OSError):
        return ReconcilerError(_refused(error))
    return ReconcilerError(f"unexpected error: {type(error).__name__}; run again with -v to see where, and report it")


def _refused(error: OSError) -> str:
    """What the operating system refused, and what to do where its own words don't say it."""
    if error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {reason_of(error)}"
    if isinstance(error, FileNotFoundError) and not _has_folder():
        return "the working folder was deleted or moved; change to a folder that exists and run again"
    return f"the operating system refused: {reason_of(error)}"


def _has_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - pathlib loads slowly
    except OSError:
        return False
    return True


def _message(error: click.ClickException) -> str:
    """What is wrong, on one line: where an argument is missing, click lists the choices one a line."""
    return re.sub(r"\s*\n\s*", " ", error.format_message())


def _explain_unexpected(error: BaseException, arguments: Sequence[str]) -> None:
    """With -v, where an unexpected error came from: frames only, for a message may hold what must not be shown."""
    asked = any(word == "--verbose" or re.fullmatch(r"-[a-z]*v[a-z]*", word) for word in arguments)
    if not asked and os.environ.get("RECONCILER_VERBOSE", "") in ("", "0"):
        return
    for frame in traceback.extract_tb(error.__traceback__):
        note(f"  {frame.filename}:{frame.lineno} in {frame.name}")


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether `--format json` was asked for, also when the command line could not be parsed."""
    asked = os.environ.get("RECONCILER_FORMAT", "")
    words = list(arguments)
    for index, word in enumerate(words):
        if word == "--":
            break
        if word == "--format" and index + 1 < len(words):
            asked = words[index + 1]
        elif word.startswith("--format="):
            asked = word.removeprefix("--format=")
    return asked == "json"
