"""Text to nodes: one pass over the events of libyaml, every limit checked, every problem with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.error import YAMLError

from reconciler.manifests.format.problems import add_problem
from reconciler.manifests.yaml.builder import Builder, Refused
from reconciler.manifests.yaml.nodes import BROKEN, Map, Scalar, describe
from reconciler.manifests.yaml.syntax_errors import encoding_problem, hidden_break, syntax_problem, too_many_tag_lines
from reconciler.model.position import Position, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

HAS_LIBYAML: Final[bool] = yaml.__with_libyaml__
"""Without it the same documents are read, about twenty times slower."""

MAX_BYTES: Final = 64 * 1024 * 1024
"""Bytes in one file; 64 MiB."""


def read_documents(data: str | bytes, file: str, problems: list[Problem]) -> list[Map]:
    """Read the mappings in a YAML stream; `problems` grows by what is wrong, each with its place in `file`.

    Empty documents are passed over. After a syntax error the documents before it still count, after a limit none does.
    """
    raw = data if isinstance(data, bytes) else data.encode(errors="surrogatepass")
    if len(raw) > MAX_BYTES:
        problems.append(too_large(file, len(raw)))
        return []
    try:
        text = raw.decode()
    except UnicodeDecodeError as exc:
        problems.append(encoding_problem(raw, exc.start, file))
        return []
    if found := hidden_break(raw, text, file) or too_many_tag_lines(raw, text, file):
        problems.append(found)
        return []
    builder = Builder(file, problems)
    try:
        builder.read(_events(raw, text), anchored=b"&" in raw)
    except YAMLError as exc:
        problems.append(syntax_problem(exc, text, file))
    except Refused:
        return []
    documents = []
    for node, at in list(zip(builder.root, builder.root.item_at, strict=True))[: builder.complete]:
        if isinstance(node, Map):
            documents.append(node)
        elif node is not None and not (isinstance(node, Scalar) and node.kind == BROKEN):
            message = f"a document is a mapping that begins with `version: 1`, not {describe(node)}"
            add_problem(problems, Problem(Position(file, *at), message))
    return documents


def too_large(file: str, size: int) -> Problem:
    """Return what to say about a file of so many bytes, before or after it was read."""
    message = f"{size:,} bytes; a file may hold at most {MAX_BYTES:,} (64 MiB): split it into several"
    return Problem(Position(file, 1, 1), message)


def _events(raw: bytes, text: str) -> Callable[[], Any]:
    if HAS_LIBYAML:
        from yaml._yaml import CParser

        return CParser(raw).get_event
    from reconciler.manifests.yaml.slow_parser import events

    return events(text)
