"""Text from outside, made harmless: names, tags, header names, messages of the service, lines of a pull request.

Every format has its own danger. In a terminal: control characters, escape sequences, marks that turn the reading
direction, invisible letters. In a CI log: a line that is a workflow command. In JSON: the same, for whoever prints it.
In Markdown: mentions, links, references, images, HTML, and whatever breaks the layout; there, everything that is not
plain words becomes code, where GitHub and GitLab look for nothing. HTML is escaped by its templates, besides.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from reconciler.text.hidden import show_hidden

if TYPE_CHECKING:
    from collections.abc import Iterable

_HASH_COMMAND: Final = re.compile(r"##(?=\w*\[)")  # ##[error] (GitHub, Azure), ##vso[…] (Azure), ##teamcity[…]
_COLON_COMMAND: Final = re.compile(r"^(\s*)::")  # GitHub trims a line before it looks for `::`
_PLAIN: Final = re.compile(r"[\w./:@%+~=*#?&-]+")
_ACTIVE: Final = re.compile(
    r"""[^\w\s,.;:'"()/+=%!?-]|_"""  # markup, mentions, issue numbers, HTML, emphasis, mathematics
    r"|//|www\.|\w\.[^\W\d]"  # addresses, and what looks like one
    r"|:[\w+-]+:"  # :emoji:
    r"|[!%](?=[\w\"])|^/(?=[A-Za-z])"  # references and quick actions on GitLab
    r"|[0-9a-fA-F]{7,}|\b[A-Za-z]+-\d"  # commits, GH-12
    r"|^[-+=]+$|^\d+[.)]$"  # what begins a list or underlines a heading
)
_OPENING: Final = "('\""
_CLOSING: Final = ")'\".,;:!?"
_QUOTED: Final = re.compile(r"""(?:^|(?<= ))([('"]*)`([^`]+)`([)'".,;:!?]*)(?= |$)""")
_TICKS: Final = re.compile("`+")
_WIDE: Final = ("W", "F")


def text(raw: str) -> str:
    r"""Make one line harmless: hidden characters as `\x1b` or `\u202e`, commands broken by a backslash.

    Safe at any place of a line, also at its start. What is harmless stays as it is; doing it twice changes nothing.
    """
    return line(show_hidden(raw))


def line(composed: str) -> str:
    """Return a line put together from safe pieces, so that it is no workflow command as a whole either."""
    if "##" in composed:
        composed = _HASH_COMMAND.sub(r"#\\#", composed)
    if "::" in composed:
        composed = _COLON_COMMAND.sub(r"\1:\\:", composed)
    return composed


def value(raw: str) -> str:
    """Return a value as `text`, in double quotes where it would otherwise run into its surroundings."""
    shown = text(raw)
    if _PLAIN.fullmatch(shown):
        return shown
    return '"' + shown.replace('"', '\\"') + '"'


def json_text(encoded: str) -> str:
    """Encoded JSON of the same data, with hidden characters and `##[` as escapes of JSON's own."""
    if not (encoded.isascii() and "\x7f" not in encoded):
        encoded = show_hidden(encoded, _json_code)
    return _HASH_COMMAND.sub(r"#\\u0023", encoded) if "##" in encoded else encoded


def markdown(raw: str) -> str:
    """Return a sentence for Markdown: plain words as they are, every other word as code, and what is in backticks.

    A backslash would not do: GitHub looks for mentions and references in what comes out, not in what was written.
    """
    shown = text(raw)
    parts: list[str] = []
    done = 0
    for quoted in _QUOTED.finditer(shown):
        parts += (_word(word) for word in shown[done : quoted.start()].split(" ") if word)
        parts.append(f"{quoted[1]}{_span(quoted[2])}{quoted[3]}")
        done = quoted.end()
    parts += (_word(word) for word in shown[done:].split(" ") if word)
    return " ".join(parts)


def code_span(raw: str, *, cell: bool = False) -> str:
    """Return the text as inline code, in as many backticks as it needs."""
    return _span(text(raw), cell=cell)


def fence(lines: Iterable[str], language: str = "") -> str:
    """Lines as a fenced block, its fence longer than any run of backticks inside; with a line end after it."""
    shown = [_unmarked(text(each)) for each in lines]
    longest = max((len(run) for each in shown for run in _TICKS.findall(each)), default=0)
    ticks = "`" * max(3, longest + 1)
    return "\n".join((ticks + language, *shown, ticks, ""))


def columns(shown: str) -> int:
    """Return how many columns of a terminal a safe text takes."""
    if shown.isascii():
        return len(shown)
    wide = sum(unicodedata.east_asian_width(character) in _WIDE for character in shown)
    return len(shown) + wide - sum(map(bool, map(unicodedata.combining, shown)))


def _word(word: str) -> str:
    if not _ACTIVE.search(word):
        return word
    opened = word.lstrip(_OPENING)
    core = opened.rstrip(_CLOSING)
    before, after = word[: len(word) - len(opened)], opened[len(core) :]
    if not core or _ACTIVE.search(before + after):
        return _span(word)
    return before + _span(core) + after


def _span(shown: str, *, cell: bool = False) -> str:
    shown = _unmarked(shown) or '""'
    ticks = "`" * (max(map(len, _TICKS.findall(shown)), default=0) + 1)
    if shown.strip(" ") and (shown[0] in "` " or shown[-1] in "` "):
        shown = f" {shown} "
    if cell:  # after a backslash, the parsers disagree about what `\\|` means
        shown = shown.replace("\\|", "\\x7c").replace("|", "\\|")
    return f"{ticks}{shown}{ticks}"


def _unmarked(shown: str) -> str:
    """Without the beginning of a comment, by which a hidden marker in our own Markdown could be imitated."""
    return shown.replace("<!--", "<\\!--")


def _json_code(character: str) -> str:
    code = ord(character)
    if code == 10:  # noqa: PLR2004 - a line end between values; inside a string JSON has escaped it already
        return "\n"
    if code < 0x10000:  # noqa: PLR2004 - the basic plane
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
