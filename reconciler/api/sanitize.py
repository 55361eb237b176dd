"""Text that comes from outside: without known secrets, without control characters, and not endless."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reconciler.model.secret import Scrubber

LONGEST: Final = 300


def tame(text: str, scrubber: Scrubber, *, longest: int = LONGEST) -> str:
    """The text scrubbed, with everything unprintable escaped, and cut to `longest` characters.

    It is scrubbed before it is cut: half a secret would not be known any more.
    """
    clean = escape(scrubber.scrub(text))
    return clean if len(clean) <= longest else f"{clean[: longest - 1]}…"


def escape(text: str) -> str:
    """Control characters, line ends, bidirectional overrides and lone surrogates as backslash escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
