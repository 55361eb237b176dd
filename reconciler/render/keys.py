"""Many keys in little room: `gpu-{001..120}, lab-{a, b}` as a shell would expand it, so that none is left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reconciler.render import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.render.formats.layout import Layout

MAX_LINES: Final = 6
"""Lines of keys that are written out; more are folded where their numbers allow it."""
_NUMBERED: Final = re.compile(r"([\w.-]*?)(\d{1,9})", re.ASCII)
_RUN: Final = 3
"""So many consecutive numbers are a range."""


def key_list(keys: Sequence[str], layout: Layout, *, indent: int) -> str:
    """Return the keys, safe: each written out; on a terminal that they would fill, those with numbers folded."""
    written = ", ".join(map(escape.value, keys))
    if layout.expand or layout.width is None:
        return written
    room = max(1, layout.width - indent) * MAX_LINES
    return written if escape.columns(written) <= room else ", ".join(fold(keys))


def fold(keys: Iterable[str]) -> list[str]:
    """Return the keys, safe, those that differ in their last number only as one piece: `gpu-{001..120, 130}`."""
    numbered: dict[tuple[str, int], list[str]] = {}
    order: list[str | tuple[str, int]] = []
    for key in keys:
        parts = _NUMBERED.fullmatch(key)
        if parts is None:
            order.append(key)
            continue
        stem = parts[1], len(parts[2])
        if stem not in numbered:
            order.append(stem)
        numbered.setdefault(stem, []).append(parts[2])
    return [piece for each in order for piece in _pieces(each, numbered)]


def _pieces(each: str | tuple[str, int], numbered: dict[tuple[str, int], list[str]]) -> Iterator[str]:
    if isinstance(each, str):
        yield escape.value(each)
    elif len(numbers := numbered[each]) == 1:
        yield escape.value(each[0] + numbers[0])
    else:
        yield f"{each[0]}{{{', '.join(_ranges(sorted(numbers)))}}}"


def _ranges(numbers: Sequence[str]) -> Iterator[str]:
    """Numbers of one length, ascending: `001..120` for a run, else each."""
    start = 0
    for end in range(1, len(numbers) + 1):
        if end < len(numbers) and int(numbers[end]) == int(numbers[end - 1]) + 1:
            continue
        run = numbers[start:end]
        if len(run) >= _RUN:
            yield f"{run[0]}..{run[-1]}"
        else:
            yield from run
        start = end
