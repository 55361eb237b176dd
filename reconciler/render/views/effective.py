"""The effective manifests, as a manifest again, and where each part of one runner comes from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Protocol

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
    yield "version: 1"
    yield "runners:" if manifests.runners else "runners: {}"
    for runner in manifests.runners:
        yield from _block(runner)


def _block(runner: Mapping[str, Any]) -> Iterator[str]:
    """One runner's entry. It inherits nothing: what it inherited stands in it."""
    yield f"  {scalar(runner['key'])}:  # {escape.text(runner['file'])}:{runner['line']}"
    yield "    inherit: false"
    for name, held in runner.items():
        if name in ("key", "file", "line") or (name == "unmanaged" and not held):
            continue
        if isinstance(held, dict):
            yield f"    {name}:" if held else f"    {name}: {{}}"
            for header, shown in held.items():
                yield f"      {scalar(header)}: {scalar(_LITERAL_MARK.sub('$${', shown))}"
        elif not isinstance(held, list):
            yield f"    {name}: {_literal(held)}"
        elif held and isinstance(held[0], dict):
            yield f"    {name}:"
            for entry in held:
                yield f"      - {{{', '.join(f'{part}: {_literal(text)}' for part, text in entry.items())}}}"
        else:
            yield f"    {name}: [{', '.join(map(_literal, held))}]"


_PLAIN: Final = re.compile(
    r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][\w./-]*(?: [\w./-]+)*"  # no other type in YAML 1.1
    r"|https?://[\w./:-]*[\w/-]"
    r"|\(sensitive\)"
    r"|(?:[a-z]+ )?\$\{(?:env|file):[\w./-]+\}",
    re.ASCII | re.IGNORECASE,
)
_LITERAL_MARK: Final = re.compile(r"\$\{(?!(?:env|file):)")
"""What is no reference in a header's value; no other field can refer to a secret."""


def _literal(held: str | bool) -> str:
    return scalar(held.replace("${", "$${") if isinstance(held, str) else held)


def scalar(held: str | bool) -> str:
    """A string or boolean as YAML: plain where nothing could be read into it, else in double quotes."""
    if isinstance(held, bool):
        return str(held).lower()
    if _PLAIN.fullmatch(held):
        return held
    escaped = held.replace("\\", "\\\\").replace('"', '\\"').replace("##", "#\\x23")
    return escape.text(f'"{escaped}"')
