"""Lines for a terminal: colour, and words wrapped to a width. Pieces come in safe; lines go out safe."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.render import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "bold red": "1;31",
    "bold green": "1;32",
    "bold yellow": "1;33",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How lines are laid out: with ANSI `color` or without, wrapped to `width` columns or, with None, not at all.

    `height` is that of the screen; None where there is none. With `expand` nothing that is equal is shown once for all.
    `folder` is the working folder as seen from the repository's, for formats that name files to a CI.
    """

    color: bool = False
    width: int | None = None
    height: int | None = None
    expand: bool = False
    folder: str = ""

    def paint(self, shown: str, style: str) -> str:
        """Return a safe piece in one of the styles, or as it is when there is no colour."""
        return f"\x1b[{_CODES[style]}m{shown}\x1b[0m" if self.color and shown else shown

    def wrap(
        self, shown: str, *, indent: str = "", hanging: str | None = None, style: str | None = None
    ) -> Iterator[str]:
        """Yield the words of a safe text as lines that start with `indent`, the later ones with `hanging`.

        A word longer than the width stays whole, so that an address can be copied.
        """
        for row in self._rows(shown, indent, indent if hanging is None else hanging):
            body = row.lstrip(" ")
            lead = row[: len(row) - len(body)]
            finished = escape.line(row) if style is None else lead + self.paint(escape.line(body), style)
            yield finished

    def _rows(self, shown: str, indent: str, hanging: str) -> Iterator[str]:
        if self.width is None or len(indent) + escape.columns(shown) <= self.width:
            yield indent + shown
            return
        row, used, started = indent, len(indent), False
        for word in shown.split(" "):
            wide = escape.columns(word)
            if started and used + 1 + wide > self.width:
                yield row
                row, used, started = hanging, len(hanging), False
            if started:
                row += " "
                used += 1
            row += word
            used += wide
            started = True
        yield row


def seen_from(folder: str, file: str) -> str:
    """Return a file's path from the repository's folder, with slashes; `folder` is the working folder there."""
    return posixpath.normpath(posixpath.join(folder.replace("\\", "/"), file))
