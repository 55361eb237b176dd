"""Text that comes from outside: without known secrets, without hidden characters, and not endless."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.text.hidden import show_hidden

if TYPE_CHECKING:
    from reconciler.model.secret import Scrubber

LONGEST: Final = 300
_SCRUBBED: Final = 16 * 1024
"""Characters that are scrubbed; a page of an error is far below."""


def sanitize(text: str, scrubber: Scrubber) -> str:
    """Return the text scrubbed, with hidden characters by their codes, and cut to LONGEST characters.

    It is scrubbed before it is cut: half a secret would not be known any more. Of a text that is far too long only the
    beginning is scrubbed, and so much of that left out that no half secret can show.
    """
    clean = show_hidden(scrubber.scrub(text[:_SCRUBBED]))
    if len(text) > _SCRUBBED and len(clean) <= LONGEST:
        return f"(a text of {len(text):,} characters)"
    return clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 1]}…"
