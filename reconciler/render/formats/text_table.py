"""A table in a terminal: as wide as its cells; where that is too wide, one block a row, each cell with its column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.render import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.render.blocks import Row, Table
    from reconciler.render.formats.layout import Layout

_GAP = "  "
_INDENT = "    "


def table_lines(table: Table, layout: Layout) -> Iterator[str]:
    """Yield the table line by line, its notes below it."""
    for line in table.head:
        yield from layout.wrap(line, style="cyan")
    columns, raw = table.used()
    rows = [tuple(map(escape.text, row)) for row in raw]
    if rows:
        wide = [max(map(escape.columns, cells)) for cells in zip(columns, *rows, strict=True)]
        if layout.width is None or sum(wide) + len(_GAP) * (len(wide) - 1) <= layout.width:
            yield layout.paint(_row([name.upper() for name in columns], wide), "bold")
            for cells, row in zip(rows, table.rows, strict=True):
                line = escape.line(_row(cells, wide))
                yield layout.paint(line, row.style) if row.style else line
        else:
            yield from _blocks(columns, rows, table.rows, layout)
        if table.notes:
            yield ""
    for note in table.notes:
        yield from layout.wrap(note, style="dim")


def _blocks(
    columns: Sequence[str], rows: Sequence[tuple[str, ...]], styled: Sequence[Row], layout: Layout
) -> Iterator[str]:
    label = max(map(escape.columns, columns))
    for (first, *rest), row in zip(rows, styled, strict=True):
        yield from layout.wrap(first, hanging=_INDENT, style=row.style or "bold")
        for name, cell in zip(columns[1:], rest, strict=True):
            if cell:
                shown = f"{name.lower()}{' ' * (label - escape.columns(name))}{_GAP}{cell}"
                yield from layout.wrap(shown, indent=_INDENT, hanging=_INDENT * 2, style=row.style)


def _row(cells: Sequence[str], wide: Sequence[int]) -> str:
    padded = (cell + " " * (columns - escape.columns(cell)) for cell, columns in zip(cells, wide, strict=True))
    return _GAP.join(padded).rstrip()
