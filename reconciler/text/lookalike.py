"""Names of runners that look alike."""

from __future__ import annotations

import unicodedata
from typing import Final

from reconciler.text.hidden import is_hidden

NAME_STEPS: Final = ("Unicode form", "an invisible character", "case", "outer blanks")
"""What `look` leaves out of account."""


def look(text: str, *, leave_out: str | None = None) -> str:
    """Return the form in which names that look alike are equal strings; `leave_out` is one of NAME_STEPS not to take.

    Compatibility form (NFKC), without hidden characters, case folded, without outer blanks (Unicode, 3.13 D145-D147).
    """
    form, hidden, case, blanks = (step != leave_out for step in NAME_STEPS)
    if form:
        text = unicodedata.normalize("NFKC", text)
    if hidden and is_hidden(text):
        text = "".join(each for each in text if not is_hidden(each))
    if case:
        text = text.casefold()
    if form:
        text = unicodedata.normalize("NFKC", text)
    return text.strip() if blanks else text
