"""Names a place inside a document by its keys, such as `runners.prod-a100-1.tags[2]`, and quotes foreign text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from reconciler.text.hidden import show_hidden

if TYPE_CHECKING:
    from collections.abc import Iterable

Trail: TypeAlias = "tuple[Trail, str | int] | None"
"""A linked path, the innermost part last: cheap to extend for every node, spelled out only for a problem."""

MAX_SHOWN: Final = 60
"""Characters of a foreign text that a message repeats."""

MAX_PARTS: Final = 12
"""Parts of a path that are spelled out."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def dotted(parts: Iterable[str | int]) -> str:
    """Join keys by dots, list indices in brackets; an unusual key is in quotes."""
    path = ""
    for count, part in enumerate(parts):
        if count == MAX_PARTS:
            return path + "…"
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += ("." if path else "") + (part if _PLAIN.fullmatch(part) else quoted(part))
    return path


def quoted(text: str) -> str:
    """Foreign text in quotes, on one line, at most MAX_SHOWN characters, hidden ones by their codes."""
    return show_hidden(repr(text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"))
