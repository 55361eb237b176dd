"""A table in text, Markdown or HTML. Cells may hold anything; columns that stay empty are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.render import escape
from reconciler.render.formats.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_GAP = "  "


class Table:
    """Rows under named columns, shown as wide as they are; where that is too wide, as one block a row."""

    def __init__(self, columns: Sequence[str], *, name: str) -> None:
        self._columns = tuple(columns)
        self._name = name
        self._rows: list[tuple[tuple[str, ...], str | None]] = []

    def add(self, cells: Sequence[str], *, style: str | None = None) -> None:
        """One row; `style` is a style of Layout."""
        self._rows.append((tuple(cells), style))

    def render(self, form: str, notes: Sequence[str], *, color: bool = False, width: int | None = None) -> str:
        """The table as text, markdown or html, with lines below it."""
        if form == "markdown":
            return "".join(f"{line}\n" for line in self._markdown(notes))
        if form == "html":
            from reconciler.render.views.html_page import render_table

            return render_table(self._name, *self._used(), notes)
        return "".join(f"{line}\n" for line in self._text(notes, Layout(color, width)))

    def _used(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        used = [number for number in range(len(self._columns)) if any(cells[number] for cells, _ in self._rows)]
        rows = [tuple(cells[number] for number in used) for cells, _ in self._rows]
        return tuple(self._columns[number] for number in used), rows

    def _text(self, notes: Sequence[str], layout: Layout) -> Iterator[str]:
        columns, raw = self._used()
        rows = [tuple(map(escape.text, row)) for row in raw]
        if rows:
            wide = [max(map(escape.columns, cells)) for cells in zip(columns, *rows, strict=True)]
            if layout.width is None or sum(wide) + len(_GAP) * (len(wide) - 1) <= layout.width:
                yield layout.paint(_row([name.upper() for name in columns], wide), "bold")
                for row, (_, style) in zip(rows, self._rows, strict=True):
                    line = escape.line(_row(row, wide))
                    yield layout.paint(line, style) if style else line
            else:
                yield from self._blocks(rows, layout)
            if notes:
                yield ""
        for note in notes:
            yield from layout.wrap(note, style="dim")

    def _blocks(self, rows: Sequence[tuple[str, ...]], layout: Layout) -> Iterator[str]:
        for (first, *rest), (_, style) in zip(rows, self._rows, strict=True):
            yield from layout.wrap(first, hanging="    ", style=style or "bold")
            for cell in rest:
                if cell:
                    yield from layout.wrap(cell, indent="    ", style=style)

    def _markdown(self, notes: Sequence[str]) -> Iterator[str]:
        columns, rows = self._used()
        if rows:
            yield f"| {' | '.join(columns)} |"
            yield f"|{' --- |' * len(columns)}"
            for row in rows:
                yield f"| {' | '.join(map(_cell, row))} |"
            if notes:
                yield ""
        for number, note in enumerate(notes):
            if number:
                yield ""
            yield escape.markdown(note)


def _cell(raw: str) -> str:
    return escape.markdown(raw) if not raw or raw.isdigit() else escape.code_span(raw, cell=True)


def _row(cells: Sequence[str], wide: Sequence[int]) -> str:
    padded = (cell + " " * (columns - escape.columns(cell)) for cell, columns in zip(cells, wide, strict=True))
    return _GAP.join(padded).rstrip()
