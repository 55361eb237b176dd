"""What a name that is not known was probably meant to be: the one "did you mean" of the product."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MAX_COMPARED: Final = 500
"""Names among which the nearest is sought: a hostile file could have as many as wrong ones."""
MAX_LISTED: Final = 20
"""Names that a message lists."""
_MAX_NAME: Final = 100


def meant(name: str, known: Sequence[str], *, seek: bool = True) -> str:
    """`did you mean X?`, or else what is known, in the order given. Without `seek` the nearest is not sought."""
    if seek and (close := nearest(name, known)):
        return f"did you mean {close}?"
    listed = known[:MAX_LISTED]
    more = f" and {len(known) - MAX_LISTED:,} more" if len(known) > MAX_LISTED else ""
    return f"known are {', '.join(listed)}{more}"


def nearest(name: str, known: Collection[str], *, most: int = MAX_COMPARED) -> str | None:
    """Return the known name that is nearest, None when none is near or there are over `most` to compare."""
    if len(known) > most or len(name) > _MAX_NAME:
        return None
    return _nearest(name, frozenset(known))


@lru_cache(maxsize=256)
def _nearest(name: str, known: frozenset[str]) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(name, sorted(known), n=1)), None) or next(
        iter(difflib.get_close_matches(name.lower(), sorted(known), n=1)), None
    )
