"""The effective manifests, and where each part of one runner comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from reconciler.render import safe, wording
from reconciler.render.json import render_document
from reconciler.render.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.model.position import Position


class Effective(Protocol):
    """The runners of one environment, as plain data."""

    @property
    def environment(self) -> str | None:
        """Its name, None without environments."""

    @property
    def runners(self) -> tuple[dict[str, Any], ...]:
        """The runners after merging."""


class Origin(Protocol):
    """Where one part of a runner comes from."""

    @property
    def field(self) -> str:
        """The field, or `headers.NAME`."""

    @property
    def value(self) -> str:
        """As it is shown."""

    @property
    def at(self) -> Position | None:
        """Where it stands; None for what is declared nowhere."""

    @property
    def source(self) -> str:
        """The layer."""


def render_effective(manifests: Effective, form: str) -> Iterable[str]:
    """One block a runner, or one document."""
    if form == "json":
        facts = {"environment": manifests.environment, "runners": list(manifests.runners)}
        return render_document({"format_version": "1.0", **facts})
    lines = [line for runner in manifests.runners for line in _block(runner)]
    if form == "html":
        from reconciler.render.html import render_lines

        return render_lines("Effective manifests", lines)
    if form == "markdown":
        return safe.fence(lines, "yaml")
    return (f"{safe.line(line)}\n" for line in [*lines, f"{wording.plural(len(manifests.runners), 'runner')}."])


def render_explained(
    origins: Sequence[Origin], form: str, *, color: bool = False, width: int | None = None
) -> Iterable[str]:
    """A table, a row for each field, tag and header; or one document."""
    if form == "json":
        rows = [
            {
                "field": each.field,
                "value": each.value,
                "source": each.source,
                "file": each.at.file if each.at else None,
                "line": each.at.line if each.at else None,
            }
            for each in origins
        ]
        return render_document({"format_version": "1.0", "origins": rows})
    table = Table(("field", "value", "from", "at"), name="Where it comes from")
    for each in origins:
        table.add((each.field, each.value, each.source, f"{each.at.file}:{each.at.line}" if each.at else ""))
    return table.render(form, (), color=color, width=width)


def _block(runner: Mapping[str, Any]) -> Iterator[str]:
    yield f"{safe.text(runner['key'])}:  # {safe.text(runner['file'])}:{runner['line']}"
    for name, value in runner.items():
        if name in ("key", "file", "line"):
            continue
        if isinstance(value, dict):
            yield f"  {name}:" if value else f"  {name}: {{}}"
            for header, shown in value.items():
                yield f"    {safe.text(header)}: {safe.text(shown)}"
        elif isinstance(value, list):
            if value or name != "unmanaged":
                yield f"  {name}: [{', '.join(safe.value(each) for each in value)}]"
        else:
            yield f"  {name}: {safe.text(str(value).lower() if isinstance(value, bool) else str(value))}"
    yield ""
