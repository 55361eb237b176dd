"""Says in plain words what keeps a file from being read as YAML, and where. No message repeats the file's text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from reconciler.model.position import Position, Problem

if TYPE_CHECKING:
    from yaml.error import YAMLError

_UNREADABLE: Final = "[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|(?<!^)\ufeff"
"""What YAML 1.1 does not allow in a stream (https://yaml.org/spec/1.1/#id868518), and a BOM that isn't at the start.

A pattern that is compiled when it is needed: that takes longer than reading a small file.
"""

MAX_TAG_LINES: Final = 100

_STRAY_BREAK: Final = re.compile("[\x85\u2028\u2029]|\r(?!\n)")

_QUOTE_IT: Final = "a text can't begin with {}: put it in quotes"

_ADVICE: Final = (
    ("found a tab character", "a tab in the indentation; YAML is indented with spaces"),
    ("mapping values are not allowed", "a colon where no key can be: correct the indentation, or quote the text"),
    ("did not find expected alphabetic", "a text that begins with * or & needs quotes"),
    ("did not find expected whitespace or line break", "a text that begins with ! needs quotes"),
    ("expected ',' or '}'", "these {{…}} aren't closed, or a text in them needs quotes, as ${{…}} does{context}"),
    ("expected ',' or ']'", "these […] aren't closed, or a text in them needs quotes, as ${{…}} does{context}"),
    ("did not find expected node content", "a value is missing here, or a text needs quotes{context}"),
    ("did not find expected key", "no key is here, or its indentation fits no line above{context}"),
    ("expected <block end>", "no key is here, or its indentation fits no line above{context}"),
    ("did not find expected '-' indicator", "the indentation fits no list item above{context}"),
    ("could not find expected ':'", "a key without its colon{context}"),
    ("found unexpected ':'", "a colon in […] or {{…}} needs quotes around the text{context}"),
    ("found unknown escape", "an unknown escape after a backslash; in single quotes a backslash is just text"),
    ("invalid Unicode character escape", "an escape of a character that does not exist"),
    ("did not find expected hexdecimal", "an escape with too few hexadecimal digits"),
    ("found undefined tag handle", "a custom tag is not taken here; quote the text if it really begins with !"),
    ("incompatible YAML document", "a YAML version that can't be read; take the %YAML line out"),
    ("did not find expected <document start>", "a second top-level value; write --- between documents{context}"),
    ("unknown directive", "an unknown % line; quote the text if it really begins with %"),
)

_AT_BEGIN: Final = ("could not find expected ':'", "did not find expected alphabetic")
"""Where the place that helps is that of the beginning."""


def syntax_problem(error: YAMLError, text: str, file: str) -> Problem:
    """Return the one problem that a syntax error is."""
    if isinstance(error, ReaderError):
        return _unreadable(text, file)
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    if not isinstance(error, MarkedYAMLError) or mark is None:
        return Problem(Position(file, 1, 1), "this is no YAML")
    what = str(error.problem)
    begin = error.context_mark
    context = f" (begun at line {begin.line + 1})" if begin is not None and begin.line != mark.line else ""
    if begin is not None and "quoted scalar" in str(error.context) and "found unexpected" in what:
        return Problem(_position(file, begin), "this quote is never closed")
    if any(sign in what for sign in _AT_BEGIN) and begin is not None:
        mark, context = begin, ""
    at = _position(file, mark)
    if "cannot start any token" in what:
        return Problem(at, _bad_start(_character(text, mark.line, mark.column)))
    for sign, advice in _ADVICE:
        if sign in what:
            return Problem(at, advice.format(context=context))
    return Problem(at, f"no YAML: {_unquoted(what)}{context}")


def _unquoted(what: str) -> str:
    """The parser's words up to where they would repeat the file's."""
    return re.split(r"['\"]", what, maxsplit=1)[0].rstrip(" ,") or "it can't be parsed"


def _position(file: str, mark: Any) -> Position:
    return Position(file, mark.line + 1, mark.column + 1)


def encoding_problem(raw: bytes, offset: int, file: str) -> Problem:
    """Return the problem of bytes that aren't UTF-8 from `offset` on."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Problem(Position(file, 1, 1), "this file is UTF-16; save it as UTF-8")
    at = _place(raw[:offset].decode(), file)
    return Problem(at, f"byte 0x{raw[offset]:02X} at offset {offset:,} is no UTF-8; save the file as UTF-8")


def hidden_break(raw: bytes, text: str, file: str) -> Problem | None:
    """Return a line break that YAML sees and a reviewer may not: a lone CR, NEL, LS or PS. None if there is none."""
    suspicious = raw.count(b"\r") != raw.count(b"\r\n") or any(
        sign in raw for sign in (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
    )
    found = _STRAY_BREAK.search(text) if suspicious else None
    if not found:
        return None
    name = f"U+{ord(found[0]):04X}"
    message = f"a line break ({name}) that most editors don't show; end lines with LF or CRLF"
    return Problem(_place(text[: found.start()], file), message)


def too_many_tag_lines(raw: bytes, text: str, file: str) -> Problem | None:
    """More %TAG directives than anybody needs: each is compared with all before it. None if there are fewer."""
    if raw.count(b"\n%TAG") < MAX_TAG_LINES:
        return None
    at = _place(text[: text.index("\n%TAG") + 1], file)
    return Problem(at, f"{MAX_TAG_LINES} or more %TAG lines; take them out, custom tags are not taken here")


def _unreadable(text: str, file: str) -> Problem:
    found = re.search(_UNREADABLE, text)
    if not found:
        return Problem(Position(file, 1, 1), "this file can't be read as UTF-8 text")
    at = _place(text[: found.start()], file)
    if found[0] == "\0" and at.line == 1:
        return Problem(at, "a NUL character (U+0000); is this file binary or UTF-16? Save it as UTF-8 text")
    return Problem(at, f"a control character (U+{ord(found[0]):04X}) is not allowed; take it out")


def _bad_start(character: str) -> str:
    if character == "\t":
        return "a tab in the indentation; YAML is indented with spaces"
    names = {"@": "@", "`": "a backtick", "%": "%"}
    return _QUOTE_IT.format(names.get(character, "this character"))


def _character(text: str, line: int, column: int) -> str:
    start = 0
    for _ in range(line):
        start = text.index("\n", start) + 1
    return text[start + column : start + column + 1]


def _place(before: str, file: str) -> Position:
    """The place right after some text, a BOM at its start not counted."""
    before = before.removeprefix("\ufeff")
    return Position(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
