"""What views make of a simple result, for any format to show: a table, lines, or a source text.

Nothing here is escaped: a format does that, each in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, one a column; `style` is a style of Layout."""

    cells: tuple[str, ...]
    style: str | None = None


@dataclass(slots=True)
class Table:
    """Rows under named columns, a `head` above and `notes` below them. Columns that stay empty are left out."""

    title: str
    columns: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    head: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def add(self, *cells: str, style: str | None = None) -> None:
        """Add one row."""
        self.rows.append(Row(cells, style))

    def used(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Return the columns in which any row has something, and the rows' cells in them."""
        used = [number for number in range(len(self.columns)) if any(row.cells[number] for row in self.rows)]
        rows = [tuple(row.cells[number] for number in used) for row in self.rows]
        return tuple(self.columns[number] for number in used), rows


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines under a title, which only some formats show."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A text of another language, as it is."""

    title: str
    lines: tuple[str, ...]
    language: str = "yaml"
