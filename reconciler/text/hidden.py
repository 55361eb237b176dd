"""Which characters of a foreign text a reader can't see, and how they are shown instead: by their codes.

One rule for outputs, logs, messages and manifests. Hidden is what Python calls unprintable (controls,
line and paragraph separators, direction marks, invisible operators, tags, surrogates, unassigned and private code
points, every space but U+0020) and what is printable by its category and yet draws nothing: the rest of Unicode's
Default_Ignorable_Code_Point (DerivedCoreProperties.txt), and letters and symbols that are blank by design.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_BLANK: Final = re.compile(
    "["
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # grapheme joiner, Hangul fillers, Khmer inherent vowels, Mongolian
    "\u2800\u3164\uffa0"  # blank Braille pattern, Hangul fillers
    "\ufe00-\ufe0f\U000e0100-\U000e01ef"  # variation selectors
    "\ufffc\ufffd"  # stand-ins for an object, and for what could not be decoded
    "\U00013441\U00013442\U00016fe4\U0001d159"  # Egyptian blanks, Khitan filler, null notehead
    "\U000e0000-\U000e0fff"  # the rest of the ignorable range, unassigned or not
    "]"
)


def is_hidden(text: str) -> bool:
    """Whether any character of the text is hidden."""
    return not text.isprintable() or (not text.isascii() and _BLANK.search(text) is not None)


def code_of(character: str) -> str:
    r"""Return the code of one character, as Python escapes it: `\n`, `\x1b`, `\u202e`, `\U000e0100`."""
    code = ord(character)
    short = {9: "\\t", 10: "\\n", 13: "\\r"}.get(code)
    return short or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")  # noqa: PLR2004 - the widths of Python's own escapes


def show_hidden(text: str, code: Callable[[str], str] = code_of) -> str:
    """Replace each hidden character by its `code`. What is visible stays; twice is the same as once."""
    if not is_hidden(text):
        return text
    return text.translate({ord(each): code(each) for each in set(text) if is_hidden(each)})
