"""Collects what is wrong with one document, and words what many kinds of values have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.manifests.format.problems import add_problem
from reconciler.manifests.yaml.nodes import BROKEN, Map, Node, Place, Scalar, describe
from reconciler.manifests.yaml.trail import MAX_SHOWN, Trail, dotted, parts_of, quoted
from reconciler.model.position import Position, Problem

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_SUGGESTIONS: Final = 200
"""Problems of a run after which no nearest word is sought: it takes longer than everything else."""
_MAX_MISTYPED: Final = 60
"""Characters of a word that is compared with the known ones."""

_NULL: Final = "is null; give a value, or take the key out"
_NULL_CONTAINER: Final = "is null; write {empty} if empty is meant, or take the key out"
_NULL_TEXT: Final = "YAML 1.1 reads this as null; give a text, in quotes if need be, or take the key out"
_FEW: Final = 8
"""Words up to which a message lists all of them, rather than guess the one that was meant."""


class Report:
    """The problems of one document in `file`."""

    __slots__ = ("_file", "_problems", "_told")

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self._file = file
        self._problems = problems
        self._told: set[tuple[Place, str]] = set()

    def add(self, at: Place, trail: Trail, message: str) -> None:
        """One problem: the path goes before the message. One that many aliases lead to is told once."""
        if (at, message) in self._told:
            return
        path = dotted(parts_of(trail))
        problem = Problem(Position(self._file, *at), f"{path}: {message}" if path else message)
        if add_problem(self._problems, problem):
            self._told.add((at, message))

    def expected(self, what: str, node: Node, at: Place, trail: Trail, *, empty: str = "") -> None:
        """A value of another kind. `empty` is how an empty one is written, where that has a meaning."""
        if node is None:
            self.add(at, trail, _NULL_CONTAINER.format(empty=empty) if empty else _NULL)
        elif not (isinstance(node, Scalar) and node.kind == BROKEN):
            self.add(at, trail, f"must be {what}; this is {describe(node)}")

    def not_text(self, node: Node, at: Place, trail: Trail, *, secret: bool) -> None:
        """Something that YAML 1.1 doesn't read as text, where text must stand."""
        if node is None:
            self.add(at, trail, _NULL_TEXT)
        elif not isinstance(node, Scalar):
            self.expected("text", node, at, trail)
        elif node.kind != BROKEN:
            shown = "this" if secret else node.raw[:MAX_SHOWN]
            self.add(at, trail, f"YAML 1.1 reads {shown} as {describe(node)}; put it in quotes")

    def unknown_word(self, word: str, known: Collection[str], at: Place, trail: Trail) -> None:
        """A word that is none of those known."""
        if len(known) <= _FEW:
            self.add(at, trail, f"must be one of {', '.join(known)}; not {quoted(word)}")
        else:
            self.add(at, trail, f"{quoted(word)} is unknown; {self._meant(word, known)}")

    def unknown_key(self, key: str, known: Collection[str], at: Place, trail: Trail) -> None:
        """A key that is none of those known; the trail ends with it."""
        self.add(at, trail, f"unknown key; {self._meant(key, known)}")

    def same_but_case(self, node: Map, trail: Trail) -> None:
        """Names in one mapping that differ only in case."""
        first: dict[str, str] = {}
        for name in node:
            other = first.setdefault(name.lower(), name)
            if other != name:
                line = node.key_at[other][0]
                message = (
                    f"differs from {quoted(other)} at line {line} only in case, and names are the same in any case"
                )
                self.add(node.key_at[name], (trail, name), f"{message}; keep one of them")

    def _meant(self, word: str, known: Collection[str]) -> str:
        if len(self._problems) < MAX_SUGGESTIONS and len(word) <= _MAX_MISTYPED:
            from difflib import get_close_matches

            close = get_close_matches(word.lower(), known, n=1)
            if close:
                return f"did you mean {close[0]}?"
        return f"known are {', '.join(known)}"
