"""Text from outside, made harmless: names, tags, header names, messages of the service, lines of a pull request.

Every format has its own danger. In a terminal: control characters, escape sequences, marks that turn the reading
direction, invisible letters. In a CI log: a line that is a workflow command. In JSON: the same, for whoever prints it.
Markdown is in `reconciler.render.inline`; HTML is escaped by its templates and takes its characters from here.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_UNSEEN: Final = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners, fillers, Arabic letter mark
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line and paragraph separators, direction marks
    "\u3164\ufeff\uffa0\ufff0-\uffff"  # fillers, byte order mark, annotations, non-characters
    "\ud800-\udfff"  # lone surrogates: no output encoding can take them
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # musical controls, tag characters, variation selectors
)
_HIDDEN: Final = re.compile(f"[{_UNSEEN}]")
_HASH_COMMAND: Final = re.compile(r"##(?=\w*\[)")  # ##[error] (GitHub, Azure), ##vso[…] (Azure), ##teamcity[…]
_COLON_COMMAND: Final = re.compile(r"^(\s*)::")  # GitHub trims a line before it looks for `::`
_PLAIN: Final = re.compile(r"[\w./:@%+~=*#?&-]+")
_WIDE: Final = ("W", "F")


def text(raw: str) -> str:
    r"""One line without anything that acts: hidden characters as `\x1b` or `\u202e`, commands broken by a backslash.

    Safe at any place of a line, also at its start. What is harmless stays as it is; doing it twice changes nothing.
    """
    if not (raw.isascii() and raw.isprintable()):
        raw = _HIDDEN.sub(_escape, raw)
    return line(raw)


def line(composed: str) -> str:
    """A line put together from safe pieces, so that it is no workflow command as a whole either."""
    if "##" in composed:
        composed = _HASH_COMMAND.sub(r"#\\#", composed)
    if "::" in composed:
        composed = _COLON_COMMAND.sub(r"\1:\\:", composed)
    return composed


def value(raw: str) -> str:
    """A value as `text`, in double quotes where it would otherwise run into its surroundings."""
    shown = text(raw)
    if _PLAIN.fullmatch(shown):
        return shown
    return '"' + shown.replace('"', '\\"') + '"'


def json_text(encoded: str) -> str:
    """Encoded JSON of the same data, with hidden characters and `##[` as escapes of JSON's own."""
    if not (encoded.isascii() and "\x7f" not in encoded):
        encoded = _HIDDEN.sub(_escape_json, encoded)
    return _HASH_COMMAND.sub(r"#\\u0023", encoded) if "##" in encoded else encoded


def visible(raw: str) -> str:
    """The text with its hidden characters shown; for HTML, where commands mean nothing and markup is escaped later."""
    return raw if raw.isascii() and raw.isprintable() else _HIDDEN.sub(_escape, raw)


def columns(shown: str) -> int:
    """How many columns of a terminal a safe text takes."""
    if shown.isascii():
        return len(shown)
    wide = sum(unicodedata.east_asian_width(character) in _WIDE for character in shown)
    return len(shown) + wide - sum(map(bool, map(unicodedata.combining, shown)))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    short = {9: "\\t", 10: "\\n", 13: "\\r"}.get(code)
    return short or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")  # noqa: PLR2004 - the widths of Python's own escapes


def _escape_json(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code == 10:  # noqa: PLR2004 - a line end between values; inside a string JSON has escaped it already
        return "\n"
    if code < 0x10000:  # noqa: PLR2004 - the basic plane
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
