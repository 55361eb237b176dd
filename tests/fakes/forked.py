"""Runs one command line in a forked child that has a broken environment of its own.

One server imports the product once; each case is a fork of it, with its own variables, folder, streams, limits and
rights, so that a case costs milliseconds and can't harm another one.
"""

from __future__ import annotations

import importlib
import io
import multiprocessing
import os
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NOBODY = 65534
_PATIENCE_S = 60
_PRELOADED = "tests.fakes.preloaded"


@dataclass(frozen=True, kw_only=True)
class Start:
    """How one process starts: its variables, its folder, and what is done to it before its first line.

    `streams` names files in place of stdin, stdout and stderr; None is a stream that is closed.
    """

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    streams: Mapping[int, str | None] = field(default_factory=dict)
    prepare: Callable[[Path], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How it ended; a negative code is the signal that ended it."""

    code: int
    out: str
    err: str


def run_forked(start: Start, kept: Path) -> Ended:
    """Run it to its end; what it printed is kept in two files of `kept`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_PRELOADED])
    process = context.Process(target=_child, args=(start, str(kept)))
    process.start()
    process.join(_PATIENCE_S)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(f"{start.arguments} did not end")
    out, err = (
        (kept / name).read_text(encoding="utf-8", errors="replace") if (kept / name).exists() else ""
        for name in ("stdout", "stderr")
    )
    return Ended(code=process.exitcode, out=out, err=err)


def drop_rights() -> None:
    """Go on as a user whom rights bind; where this is no root, that is so already."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def _child(start: Start, kept: str) -> None:
    """Become the process that the case describes, and run the command in it."""
    importlib.import_module(_PRELOADED)  # nothing to do, unless the server could not
    sys.dont_write_bytecode = True  # a limit on the size of files would leave half a module behind
    os.chdir(start.folder)
    os.environ.clear()
    os.environ.update(start.environment)
    time.tzset()
    for number, default in ((0, "/dev/null"), (1, f"{kept}/stdout"), (2, f"{kept}/stderr")):
        _redirect(number, start.streams.get(number, default))
    if start.prepare is not None:
        start.prepare(start.folder)
    from reconciler.__main__ import main

    sys.argv = ["reconciler", *start.arguments]
    try:
        main()
    except SystemExit as exc:
        os._exit(exc.code if isinstance(exc.code, int) else 0)
    os._exit(0)


def _redirect(number: int, path: str | None) -> None:
    """Put one of the three streams on a file, as a shell does before the interpreter starts; None closes it."""
    name = ("stdin", "stdout", "stderr")[number]
    if path is None:
        os.close(number)
        setattr(sys, name, None)
        return
    flags = os.O_RDONLY if number == 0 else os.O_WRONLY | (0 if path.startswith("/dev/") else os.O_CREAT | os.O_TRUNC)
    opened = os.open(path, flags, 0o666)
    os.dup2(opened, number)
    if opened != number:
        os.close(opened)
    stream = io.TextIOWrapper(
        io.FileIO(number, "r" if number == 0 else "w", closefd=False), encoding="utf-8", line_buffering=number == 2
    )
    setattr(sys, name, stream)
