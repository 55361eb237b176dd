"""Where something is in a file, and what is wrong there."""

from __future__ import annotations

from typing import NamedTuple


class Position(NamedTuple):
    """A place in a manifest or project file; `line` and `column` count from 1. Sorts by file, line, column."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Problem(NamedTuple):
    """One thing that is wrong at one place: what, and what to do. Sorts by place."""

    at: Position
    message: str

    def __str__(self) -> str:
        return f"{self.at}: {self.message}"
