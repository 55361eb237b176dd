"""Text that comes from outside: without known secrets, without hidden characters, and not endless."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.model.hidden import show_hidden

if TYPE_CHECKING:
    from reconciler.model.secret import Scrubber

LONGEST: Final = 300


def tame(text: str, scrubber: Scrubber, *, longest: int = LONGEST) -> str:
    """The text scrubbed, with hidden characters by their codes, and cut to `longest` characters.

    It is scrubbed before it is cut: half a secret would not be known any more.
    """
    clean = show_hidden(scrubber.scrub(text))
    return clean if len(clean) <= longest else f"{clean[: longest - 1]}…"
