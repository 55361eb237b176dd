"""Runs one command line in this process, as a shell would: own environment, folder, streams, pace and exit code."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.api import limiter
from reconciler.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """What one command line left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


class Screen(io.TextIOWrapper):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def run_cli(
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    screen: tuple[int, int] | None = None,
) -> Ran:
    """Run `reconciler` with these arguments in `cwd`, with no other environment than `env`; stdin is no terminal.

    With `screen`, its columns and lines, stdout is one.
    """
    out, err, given = (io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="") for data in (b"", b"", stdin))
    if screen is not None:
        out = Screen(io.BytesIO(), encoding="utf-8", newline="")
        env = {"COLUMNS": str(screen[0]), "LINES": str(screen[1]), **(env or {})}
    before, environ, real_stdin = os.getcwd(), dict(os.environ), sys.stdin  # noqa: PTH109 - paired with chdir
    os.environ.clear()
    os.environ.update({"HOME": str(cwd), "XDG_STATE_HOME": str(cwd / ".state"), "COLUMNS": "100", **(env or {})})
    os.chdir(cwd)
    sys.stdin = given
    limiter._limiters.clear()  # a process of its own knows of no request of another one
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(arguments)
    finally:
        sys.stdin = real_stdin
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environ)
    return Ran(code, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8")
