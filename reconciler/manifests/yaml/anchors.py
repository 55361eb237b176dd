"""Anchors and aliases under a budget: what an alias means is counted before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.manifests.yaml.nodes import Map, Node, Seq

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_DEPTH: Final = 100
"""Levels of nesting, aliases expanded."""
MAX_ALIASED: Final = 100_000
"""Nodes that all aliases of one file may stand for; keys don't count."""


class BadAlias(Exception):
    """An alias that can't be followed. `fatal` when the file must not be read on."""

    def __init__(self, message: str, *, fatal: bool) -> None:
        self.fatal = fatal
        super().__init__(message)


class Anchors:
    """The anchors of one document, and what the aliases of the whole file have cost so far."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._measured: dict[str, tuple[int, int]] = {}
        self._spent = 0

    def forget(self) -> None:
        """Forget all anchors: a new document begins, and they don't reach over."""
        self._nodes.clear()
        self._measured.clear()

    def define(self, name: str, node: Node) -> None:
        """Define an anchor, from here on; a later one of the same name takes its place."""
        self._nodes[name] = node
        self._measured.pop(name, None)

    def follow(self, name: str, unfinished: Collection[Map | Seq]) -> Node:
        """Return what the alias means. `unfinished` are the containers around it. Raises BadAlias."""
        if name not in self._nodes:
            # The name isn't repeated: an unquoted secret that begins with `*` looks like one.
            raise BadAlias(
                "an alias without an anchor above it in this document; if the text really begins with *, quote it",
                fatal=False,
            )
        node = self._nodes[name]
        if not isinstance(node, Map | Seq):
            size, height = 1, 0
        elif any(node is container for container in unfinished):
            raise BadAlias("an alias inside its own anchor, which would never end; take it out", fatal=False)
        else:
            size, height = self._measured.get(name) or self._measure(name, node)
        self._spent += size
        if self._spent > MAX_ALIASED:
            raise BadAlias(
                f"aliases that expand past {MAX_ALIASED:,} nodes in one file; share with defaults or profiles, or "
                "split the file",
                fatal=True,
            )
        if len(unfinished) + height > MAX_DEPTH:
            raise BadAlias(f"nested more than {MAX_DEPTH} levels deep, aliases expanded", fatal=True)
        return node

    def _measure(self, name: str, node: Map | Seq) -> tuple[int, int]:
        """Nodes and levels below an anchor, aliases expanded; counting stops soon after the limit."""
        size, height = 0, 0
        left = MAX_ALIASED - self._spent
        todo: list[tuple[Map | Seq, int]] = [(node, 1)]
        while todo and size <= left:
            container, level = todo.pop()
            height = max(height, level)
            size += 1
            children = container.values() if isinstance(container, Map) else container
            for child in children:
                if isinstance(child, Map | Seq):
                    todo.append((child, level + 1))
                else:
                    size += 1
        self._measured[name] = size, height
        return size, height
