"""Writing to streams whose reader may have gone: output to a closed pipe ends quietly and stops nothing.

A stream that can't take the output for another reason, a full disk say, is an error for results and nothing for notes.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from reconciler.errors import ReconcilerError
from reconciler.text.cause import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterable


class Unwritable(ReconcilerError):
    """Output that could not be written: a full disk, a folder that is not there."""

    code = "output"


class StreamLost(Unwritable):
    """It was stdout or stderr that could not be written; what else is written to it goes nowhere."""


def escape_unencodable() -> None:
    """Let a character that the terminal's encoding lacks be written as an escape instead of failing.

    A stream that was closed before the start (`>&-`) goes nowhere, as a pipe does whose reader has gone.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115, PTH123 - stays open; pathlib loads slowly
            setattr(sys, name, nowhere)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write(stream: TextIO, chunks: Iterable[str]) -> None:
    """Write and flush the chunks; once the reader has gone, the stream goes nowhere and the rest is dropped.

    Raises StreamLost where the stream takes no more for another reason.
    """
    try:
        stream.writelines(chunks)
        stream.flush()
    except BrokenPipeError:
        _discard(stream)
    except OSError as exc:
        _discard(stream)
        raise StreamLost(f"the output can't be written: {reason_of(exc)}") from exc


def echo(text: str) -> None:
    """One text to stdout, its line ended."""
    write(sys.stdout, (text, "" if text.endswith("\n") else "\n"))


def note(text: str) -> None:
    """One line to stderr, if that takes it."""
    with contextlib.suppress(StreamLost):
        write(sys.stderr, (text, "\n"))


def close_quietly() -> None:
    """Flush both streams, so that nothing is left for the interpreter's own, louder, shutdown."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _discard(stream)


def _discard(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
