"""References in defaults and profiles, whether or not a runner of this run uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.manifests.format.problems import add_problem
from reconciler.manifests.secrets.references import BadReference, parse
from reconciler.manifests.yaml.nodes import Map, Node, Place, Seq
from reconciler.manifests.yaml.trail import dotted
from reconciler.model.position import Position, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_markers(node: Map, path: tuple[str, ...], file: str, problems: list[Problem]) -> None:
    """Add a problem for every `${` under `defaults` and `profiles` that starts no reference.

    What a reference names is only looked up where it is used: a variable may be set in another environment. `path` is
    where the mapping stands in its document.
    """
    for section in ("defaults", "profiles"):
        value = node.get(section)
        if isinstance(value, Map):
            for text, at, trail in _strings(value, (*path, section)):
                try:
                    parse(text)
                except BadReference as exc:
                    add_problem(problems, Problem(Position(file, *at), f"{dotted(trail)}: {exc}"))


def _strings(node: Map | Seq, path: tuple[str | int, ...]) -> Iterator[tuple[str, Place, tuple[str | int, ...]]]:
    """Every string with a marker below a node, its place and its path."""
    items: Iterator[tuple[str | int, Node, Place]]
    if isinstance(node, Map):
        items = ((key, value, node.value_at[key]) for key, value in node.items())
    else:
        items = ((index, value, node.item_at[index]) for index, value in enumerate(node))
    for part, value, at in items:
        if isinstance(value, Map | Seq):
            yield from _strings(value, (*path, part))
        elif isinstance(value, str) and "${" in value:
            yield value, at, (*path, part)
