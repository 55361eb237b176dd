"""What in a header's value is a credential, and which values look like one."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)[ \t]+(\S.*)", re.DOTALL)
"""A scheme and its credentials (RFC 9110, 11.4); schemes are the same in any case."""


def credentials_in(value: str, *, passwords: bool = False) -> frozenset[str]:
    """The value itself and what of it is a credential by itself: without its scheme or quotes, Basic also decoded.

    With `passwords` that of a Basic credential alone is one too.
    """
    bare = value.strip()
    found = {value, bare}
    if scheme := _SCHEME.fullmatch(bare):
        rest = scheme[2].strip()
        found |= {rest, rest.strip("\"'")}
        if scheme[1].lower() == "basic" and (pair := _decode(rest)) is not None:
            found |= {pair, pair.partition(":")[2]} if passwords else {pair}
    return frozenset(each for each in found if each)


def _decode(text: str) -> str | None:
    """User and password of a Basic credential (RFC 7617); None where it is none."""
    try:
        pair = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return pair if ":" in pair else None
