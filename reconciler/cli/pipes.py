"""Writing to streams whose reader may have gone: output to a closed pipe ends quietly and stops nothing."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable


def escape_unencodable() -> None:
    """Let a character that the terminal's encoding lacks be written as an escape instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write(stream: TextIO, chunks: Iterable[str]) -> None:
    """Write and flush the chunks; once the reader has gone, the stream goes nowhere and the rest is dropped."""
    try:
        stream.writelines(chunks)
        stream.flush()
    except BrokenPipeError:
        _discard(stream)


def echo(text: str) -> None:
    """One text to stdout, its line ended."""
    write(sys.stdout, (text, "" if text.endswith("\n") else "\n"))


def note(text: str) -> None:
    """One line to stderr."""
    write(sys.stderr, (text, "\n"))


def close_quietly() -> None:
    """Flush both streams, so that nothing is left for the interpreter's own, louder, shutdown."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):
            _discard(stream)


def _discard(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
