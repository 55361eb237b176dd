"""Writes runners as YAML, for `export` and `render`: what reading it back gives is what was written, and no more.

A text is written plain only where no reader of YAML could take it for something else; every other one is in double
quotes, where YAML has an escape for each character that can't be seen.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from reconciler.manifests.format.field_types import UUID
from reconciler.text.hidden import show_hidden

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_PLAIN: Final = re.compile(
    r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][\w./-]*(?: [\w./-]+)*"  # no other type in YAML 1.1
    rf"|{UUID}"
    r"|https?://[\w./:-]*[\w/-]"
    r"|\(sensitive\)"
    r"|(?:[a-z]+ )?\$\{(?:env|file):[\w./-]+\}",
    re.ASCII | re.IGNORECASE,
)


def write_manifest(runners: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a manifest with the entries that `write_runner` gave."""
    lines = list(runners)
    yield "version: 1"
    yield "runners:" if lines else "runners: {}"
    yield from lines


def write_runner(key: str, entry: Mapping[str, Any], comment: str = "") -> Iterator[str]:
    """Yield the lines of one runner's entry below `runners:`; `comment` is safe text for its first line.

    Texts are as a manifest has them, with `$${` for a literal `${`.
    """
    yield f"  {scalar(key)}:" + (f"  # {comment}" if comment else "")
    for name, held in entry.items():
        if isinstance(held, dict) and held:
            yield f"    {name}:"
            yield from (f"      {scalar(inner)}: {_flow(value)}" for inner, value in held.items())
        elif isinstance(held, list) and held and isinstance(held[0], dict):
            yield f"    {name}:"
            yield from (f"      - {_flow(each)}" for each in held)
        else:
            yield f"    {name}: {_flow(held)}"


def write_documents(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a stream of documents, in block style: JSON's own types, and no empty stream."""
    for count, document in enumerate(documents):
        if count:
            yield "---"
        yield from _block(document)


def _block(held: Any) -> Iterator[str]:
    """A mapping or a list that is not empty."""
    if isinstance(held, dict):
        for name, each in held.items():
            if each and isinstance(each, dict | list):
                yield f"{scalar(name)}:"
                indent = "  " if isinstance(each, dict) else ""
                yield from (f"{indent}{line}" for line in _block(each))
            else:
                yield f"{scalar(name)}: {_flow(each)}"
    else:
        for each in held:
            lines = _block(each) if each and isinstance(each, dict | list) else iter((_flow(each),))
            yield f"- {next(lines)}"
            yield from (f"  {line}" for line in lines)


def _flow(held: Any) -> str:
    """A value on one line."""
    if isinstance(held, dict):
        return f"{{{', '.join(f'{scalar(name)}: {_flow(each)}' for name, each in held.items())}}}"
    if isinstance(held, list):
        return f"[{', '.join(map(_flow, held))}]"
    return scalar(held)


def scalar(held: str | float) -> str:
    """Return a string, boolean or number as YAML, on one line and harmless in a terminal and a CI log."""
    if not isinstance(held, str):
        return json.dumps(held)
    if _PLAIN.fullmatch(held):
        return held
    escaped = held.replace("\\", "\\\\").replace('"', '\\"').replace("##", "#\\x23")
    return show_hidden(f'"{escaped}"')
