"""What a YAML document becomes: plain dicts, lists and strings that know their place.

A string scalar is a `str` and a null is None. Every other scalar is a `Scalar`, so that a value that YAML 1.1 reads as
a number, a date or a boolean can't pass for text. Places are `(line, column)`, both counted from 1; columns count
Unicode code points. Nodes are shared between an anchor and its aliases: treat them as frozen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, Union

if TYPE_CHECKING:
    import datetime as dt

Place: TypeAlias = tuple[int, int]
"""Line and column, from 1."""

Node: TypeAlias = Union["Map", "Seq", "Scalar", str, None]

BOOL: Final = "bool"
INT: Final = "int"
FLOAT: Final = "float"
TIMESTAMP: Final = "timestamp"
MERGE: Final = "merge"
"""An unquoted `<<` that is no key."""
BROKEN: Final = "broken"
"""The kind of a value that was already reported: whoever meets one says no more about it."""

_WORDS: Final = {
    BOOL: "a boolean",
    INT: "a number",
    FLOAT: "a number",
    TIMESTAMP: "a date",
    MERGE: "a merge key",
    BROKEN: "a broken value",
}


class Scalar(NamedTuple):
    """A scalar that is no text to YAML 1.1.

    `kind` is one of the constants above, `raw` is what the file says. `value` is the bool, int, float,
    date or datetime; None where there is none, such as for 2026-02-30 or for an integer of more than 64 characters.
    """

    kind: str
    raw: str
    value: bool | float | dt.date | None


class Map(dict[str, Node]):
    """A mapping. `at` is its own place, `key_at` and `value_at` those of each key and each value.

    A key that came in through a merge key (`<<`) has the places that it has where it was written.
    """

    __slots__ = ("at", "key_at", "value_at")

    def __init__(self, at: Place) -> None:
        self.at = at
        self.key_at: dict[str, Place] = {}
        self.value_at: dict[str, Place] = {}


class Seq(list[Node]):
    """A sequence. `at` is its own place, `item_at` those of its items."""

    __slots__ = ("at", "item_at")

    def __init__(self, at: Place) -> None:
        self.at = at
        self.item_at: list[Place] = []


def section(node: Map, key: str) -> Map:
    """Return the mapping under a key, an empty one where there is none."""
    found = node.get(key)
    return found if isinstance(found, Map) else Map(node.value_at.get(key, node.at))


def describe(node: Node) -> str:
    """Give what a node is, for a message, without its content: `a list`, `a mapping`, `text`, `null` or `a number`."""
    if node is None:
        return "null"
    if isinstance(node, Scalar):
        return _WORDS[node.kind]
    if isinstance(node, str):
        return "text"
    return "a mapping" if isinstance(node, Map) else "a list"
