"""The effective manifests, as a manifest again, and where each part of one runner comes from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from reconciler.manifests.write import scalar, write_manifest, write_runner
from reconciler.render import escape, wording
from reconciler.render.blocks import Source, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.results import Effective, Explained


def document(manifests: Effective) -> dict[str, Any]:
    """Return the runners after merging; literal header values are `(sensitive)`."""
    return {"format_version": "1.0", "environment": manifests.environment, "runners": list(manifests.runners)}


def source(manifests: Effective) -> Source:
    """Return a manifest that says the same without defaults, profiles and variables.

    Literal header values are not shown: they show as `(sensitive)`.
    """
    return Source("Effective manifests", tuple(_manifest(manifests)))


def explained_document(explained: Explained) -> dict[str, Any]:
    """Return a row for each field, tag and header."""
    rows = [
        {
            "field": each.field,
            "value": each.value,
            "source": each.source,
            "file": each.at.file if each.at else None,
            "line": each.at.line if each.at else None,
        }
        for each in explained.origins
    ]
    return {"format_version": "1.0", "origins": rows}


def explained_table(explained: Explained) -> Table:
    """Return a row for each field, tag and header."""
    table = Table("Where it comes from", ("field", "value", "from", "at"))
    for each in explained.origins:
        table.add(each.field, each.value, each.source, f"{each.at.file}:{each.at.line}" if each.at else "")
    return table


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
