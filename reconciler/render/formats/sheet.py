"""A Markdown text of a bounded size: it takes whole pieces only, so that what is cut is cut between them."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

from reconciler.render import escape, wording
from reconciler.render.keys import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTE: Final = 200
"""Characters kept free for a line that says how much is left out."""
MAX_WORDS: Final = 600
"""Characters of one message from outside."""
MAX_NAME: Final = 120
"""Characters of one name or tag in a place that must stay short."""

MAX_NAMES: Final = 12_000
"""Characters of names that are written out one by one."""


class Sheet:
    """Pieces of Markdown, each with its line ends, up to `max_size` characters (as GitHub counts them)."""

    def __init__(self, max_size: int) -> None:
        self._pieces: list[str] = []
        self._room = max_size

    def put(self, piece: str, *, reserve: int = 0) -> bool:
        """Take the piece if it fits and leaves `reserve` characters; whether it was taken."""
        if len(piece) + reserve > self._room:
            return False
        self._pieces.append(piece)
        self._room -= len(piece)
        return True

    def put_one_of(self, *pieces: str, reserve: int = 0) -> bool:
        """Take the first piece that fits."""
        return any(self.put(piece, reserve=reserve) for piece in pieces)

    @property
    def room(self) -> int:
        """Characters left."""
        return self._room

    def __str__(self) -> str:
        return "".join(self._pieces)


def words(raw: str) -> str:
    """Return a message from outside as Markdown, cut to MAX_WORDS characters."""
    return escape.markdown(shorten(raw, MAX_WORDS))


def code(raw: str) -> str:
    """Return a name as code, cut to MAX_NAME characters."""
    return escape.code_span(shorten(raw, MAX_NAME))


def codes(raw: Sequence[str], *, short: bool = False) -> str:
    """Names as code, one after another; where they are many, those with numbers folded: `gpu-{001..120}`.

    `short`: the first few only, and how many more there are.
    """
    if short:
        return wording.names(raw, code)
    written = ", ".join(map(code, raw))
    return written if len(written) <= MAX_NAMES else ", ".join(map(code, fold(raw)))


def html_code(raw: str) -> str:
    """Return a name as code in a line of HTML, such as a summary, where Markdown is not read."""
    shown = escape.text(shorten(raw, MAX_NAME)).replace("<!--", "<\\!--")
    return f"<code>{html.escape(shown)}</code>"


def shorten(raw: str, limit: int) -> str:
    """At most `limit` characters."""
    return raw if len(raw) <= limit else raw[: limit - 1] + "…"


def folded(summary: str, body: str, *, opened: bool = False) -> str:
    """`body` (Markdown) under a summary (HTML) that unfolds it."""
    return f"<details{' open' if opened else ''}><summary>{summary}</summary>\n\n{body}\n</details>\n\n"
