"""Explicit tags: the core types of YAML are taken (`!!str 0123`), everything else is refused."""

from __future__ import annotations

from typing import Final, NamedTuple

from reconciler.manifests.yaml.nodes import BOOL, FLOAT, INT, TIMESTAMP, Node, Scalar
from reconciler.manifests.yaml.scalars import resolve
from reconciler.manifests.yaml.trail import quoted

_CORE: Final = "tag:yaml.org,2002:"
_NO_TAG: Final = "!"
"""What `! text` has: no type at all."""
_REFUSED: Final = frozenset(("binary", "map", "merge", "omap", "pairs", "seq", "set", "str", "value", "yaml"))


class Bad(NamedTuple):
    """A tag that is refused, and why."""

    message: str


def construct(tag: str, text: str) -> Node | Bad:
    """Make the node for a scalar with an explicit tag."""
    name = tag.removeprefix(_CORE)
    if name == "str" or tag == _NO_TAG:
        return text
    if tag != name and name in (BOOL, INT, FLOAT, TIMESTAMP, "null"):
        node = resolve(text)
        if (node is None and name == "null") or (isinstance(node, Scalar) and node.kind == name):
            return node
        return Bad(f"this text is no {name}; correct it, or leave the tag out")
    return _refused(tag)


def check_collection(tag: str, *, is_map: bool) -> Bad | None:
    """Return why a mapping or list must not carry this tag, None if it may."""
    return None if tag in (_NO_TAG, f"{_CORE}{'map' if is_map else 'seq'}") else _refused(tag)


def _refused(tag: str) -> Bad:
    # An unknown tag isn't repeated: an unquoted secret that begins with `!` looks like one.
    name = tag.removeprefix(_CORE)
    known = tag != name and (name in _REFUSED or name.startswith("python/"))
    shown = f"the tag {quoted('!!' + name)}" if known else "a custom tag"
    return Bad(f"{shown} is not taken here; leave it out, or quote the text if it really begins with !")
