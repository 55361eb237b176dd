"""The effective manifests, as a manifest again, and where each part of one runner comes from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Protocol

from reconciler.manifests.write import scalar, write_manifest, write_runner
from reconciler.render import escape, wording
from reconciler.render.formats.json import render_document
from reconciler.render.formats.table import Table

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
    """A manifest that says the same without defaults, profiles and variables; or one document.

    Literal header values are not shown: they stand as `(sensitive)`.
    """
    if form == "json":
        facts = {"environment": manifests.environment, "runners": list(manifests.runners)}
        return render_document({"format_version": "1.0", **facts})
    lines = list(_manifest(manifests))
    if form == "html":
        from reconciler.render.views.html_page import render_lines

        return render_lines("Effective manifests", lines)
    if form == "markdown":
        return escape.fence(lines, "yaml")
    return (f"{line}\n" for line in lines)


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


def _manifest(manifests: Effective) -> Iterator[str]:
    environment = f" of {scalar(manifests.environment)}" if manifests.environment else ""
    yield f"# {wording.plural(len(manifests.runners), 'runner')}{environment}, after merging"
    yield from write_manifest(line for runner in manifests.runners for line in _runner(runner))


def _runner(runner: Mapping[str, Any]) -> Iterator[str]:
    """One runner's entry. It inherits nothing: what it inherited is in it."""
    place = f"{escape.text(runner['file'])}:{runner['line']}"
    entry = {
        name: _written(held, _NO_REFERENCE if name == "headers" else _MARK)
        for name, held in runner.items()
        if name not in ("key", "file", "line") and (held or name != "unmanaged")
    }
    return write_runner(runner["key"], {"inherit": False, **entry}, place)


_MARK: Final = re.compile(r"\$\{")
_NO_REFERENCE: Final = re.compile(r"\$\{(?!(?:env|file):)")
"""What is no reference in a header's value; no other field can refer to a secret."""


def _written(held: Any, literal: re.Pattern[str]) -> Any:
    """A value as a manifest has it, what is `literal` escaped."""
    if isinstance(held, dict):
        return {name: _written(each, literal) for name, each in held.items()}
    if isinstance(held, list):
        return [_written(each, literal) for each in held]
    return literal.sub("$${", held) if isinstance(held, str) else held
