"""Where known values are in a text, however they were encoded on the way: what the scrubber looks with.

The text is decoded, not the values encoded: percent signs, backslashes (JSON, repr), HTML references, base64 and hex
are undone step by step, each step a view whose characters know where they come from. So any mixture is found, also a
base64 stream around other text, at any alignment, and ten thousand values cost no more than one.
"""

from __future__ import annotations

import base64
import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Span = tuple[int, int]

MIN_KNOWN: Final = 8
"""Characters; a shorter value would be found in innocent text."""

_DEPTH: Final = 3
"""Steps of decoding, such as JSON within JSON within a URL."""
_MAX_VIEWS: Final = 200
"""Views of one text, besides those of its base64 runs."""

_PERCENT: Final = re.compile(r"(?:%[0-9a-fA-F]{2})+|\+")
_PERCENT_ONLY: Final = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_HTML: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BACKSLASH: Final = re.compile(
    r"(?:\\x[0-9a-fA-F]{2})+|(?:\\u[0-9a-fA-F]{4})+|\\U[0-9a-fA-F]{8}|\\([\"'\\/abfnrtv])", re.ASCII
)
_CONTROLS: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_RUN: Final = re.compile(r"(?:[A-Za-z0-9+/_-](?:\r?\n)?){11,}", re.ASCII)
"""What may be base64, also with line ends; eleven characters hold eight bytes."""
_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2}){8,}")
_NONE: Final[dict[int, set[str]]] = {}
_URLSAFE: Final = str.maketrans("-_", "+/")


class Known:
    """Values to be found: in lower case, by how they begin and then by their length."""

    def __init__(self) -> None:
        self._by_start: dict[str, dict[int, set[str]]] = {}

    def add(self, value: str) -> None:
        """Look for a value, and for its UTF-8 bytes; one under MIN_KNOWN characters is passed over."""
        raw = value.encode("utf-8", "surrogatepass").decode("latin-1")
        for form in {_lower(value), _lower(raw)}:
            if len(form) >= MIN_KNOWN:
                self._by_start.setdefault(form[:MIN_KNOWN], {}).setdefault(len(form), set()).add(form)

    def spans(self, text: str) -> list[Span]:
        """Give the places of a text that hold any known value in any encoding, in order, joined where they overlap."""
        if not self._by_start:
            return []
        found: list[Span] = []
        level, seen = [_View(text, None)], {text}
        for _ in range(_DEPTH):
            found += (view.source(span) for view in level for span in self._in(view.text))
            if len(seen) > _MAX_VIEWS:
                return _joined(found)
            level = [each for view in level for each in _decoded(view) if each.text not in seen]
            seen.update(each.text for each in level)
        found += (view.source(span) for view in level for span in self._in(view.text))
        return _joined(found)

    def _in(self, text: str) -> Iterator[Span]:
        low = _lower(text)
        starts = self._by_start
        for at in range(len(low) - MIN_KNOWN + 1):
            for length, values in starts.get(low[at : at + MIN_KNOWN], _NONE).items():
                if low[at : at + length] in values:
                    yield at, at + length


@dataclass(frozen=True, slots=True)
class _View:
    """A text, and for each character the part of the original that it was made from; None: itself."""

    text: str
    places: Sequence[Span] | None

    def source(self, span: Span) -> Span:
        """Return the part of the original from which a part of this text was made."""
        if self.places is None:
            return span
        return self.places[span[0]][0], self.places[span[1] - 1][1]


def _decoded(view: _View) -> Iterator[_View]:
    """Every view one step on."""
    for pattern, decode in _ESCAPES:
        if pattern.search(view.text):
            yield _replaced(view, pattern, decode)
    for run in _RUN.finditer(view.text):
        yield from _base64(view, run)
    for run in _HEX.finditer(view.text):
        content = bytes.fromhex(run[0]).decode("latin-1")
        at = run.start()
        yield _View(content, [view.source((at + 2 * each, at + 2 * each + 2)) for each in range(len(content))])


def _replaced(view: _View, pattern: re.Pattern[str], decode: Callable[[re.Match[str]], str]) -> _View:
    """A view with everything that the pattern matches decoded."""
    pieces: list[str] = []
    places: list[Span] = []
    done = 0
    for found in pattern.finditer(view.text):
        pieces.append(view.text[done : found.start()])
        places += (view.source((each, each + 1)) for each in range(done, found.start()))
        piece = decode(found)
        pieces.append(piece)
        places += [view.source(found.span())] * len(piece)
        done = found.end()
    pieces.append(view.text[done:])
    places += (view.source((each, each + 1)) for each in range(done, len(view.text)))
    return _View("".join(pieces), places)


def _base64(view: _View, run: re.Match[str]) -> Iterator[_View]:
    """A run decoded from each of four beginnings: what is before it may belong to something else."""
    kept = [at for at in range(*run.span()) if view.text[at] not in "\r\n"]
    characters = "".join(view.text[at] for at in kept).translate(_URLSAFE)
    for offset in range(4):
        part = characters[offset:]
        if len(part) % 4 == 1:
            part = part[:-1]
        content = base64.b64decode(part + "=" * (-len(part) % 4)).decode("latin-1")
        ends = (offset + each // 3 * 4 for each in range(len(content)))
        places = [view.source((kept[first], kept[min(first + 3, len(kept) - 1)] + 1)) for first in ends]
        yield _View(content, places)


def _bytes(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _percent(found: re.Match[str]) -> str:
    return " " if found[0] == "+" else _bytes(bytes.fromhex(found[0].replace("%", "")))


def _reference(found: re.Match[str]) -> str:
    return html.unescape(found[0])


def _backslash(found: re.Match[str]) -> str:
    if found[1]:
        return _CONTROLS.get(found[1], found[1])
    digits = found[0].replace("\\", " ").replace("x", "").replace("u", "").replace("U", "").split()
    if found[0][1] == "x":
        return _bytes(bytes.fromhex("".join(digits)))
    if found[0][1] == "u":
        return b"".join(int(each, 16).to_bytes(2, "big") for each in digits).decode("utf-16-be", "surrogatepass")
    return chr(code) if (code := int(digits[0], 16)) <= 0x10FFFF else found[0]  # noqa: PLR2004 - the last code point


_ESCAPES: Final = ((_PERCENT_ONLY, _percent), (_PERCENT, _percent), (_HTML, _reference), (_BACKSLASH, _backslash))


def _lower(text: str) -> str:
    """The text in lower case, character by character, so that places stay."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(each.lower() if len(each.lower()) == 1 else each for each in text)


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
