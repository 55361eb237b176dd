"""Builds nodes straight from the parser's events: places, keys, scalar types, aliases and merge keys in one pass."""

from __future__ import annotations

import re
from sys import intern
from typing import TYPE_CHECKING, Any, Final

from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from reconciler.manifests.format.problems import add_problem
from reconciler.manifests.yaml import explicit_tags
from reconciler.manifests.yaml.anchors import MAX_DEPTH, Anchors, BadAlias
from reconciler.manifests.yaml.nodes import BROKEN, MERGE, Map, Node, Place, Scalar, Seq, describe
from reconciler.manifests.yaml.scalars import NUMERIC, WORDS, resolve
from reconciler.manifests.yaml.trail import dotted
from reconciler.model.position import Position, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

_DROPPED: Final = "\0dropped"
"""Holds the value of a key that was refused, until the mapping ends. No real key has a NUL: those are refused."""
_MERGED: Final = "\0merged"
"""Holds the value of a merge key until the mapping ends and its own keys are all known."""
_COMPLEX: Final = "\0complex"
"""Marks, in a frame, a mapping or list where a key should be."""

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BREAKS: Final = "\n\r\x85\u2028\u2029"


class Refused(Exception):
    """A file that is not read to its end: a limit was reached, and the problem says which."""


class Builder:
    """Reads one file's events. `root` holds one node a document; the first `complete` of them are whole."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.root = Seq((1, 1))
        self.complete = 0
        self._file = file
        self._problems = problems
        self._anchors = Anchors()
        self._frames: list[tuple[Map | Seq, str | None]] = []
        self._unfinished: list[Map] = []

    def read(self, get_event: Callable[[], Any], *, anchored: bool) -> None:  # noqa: C901, PLR0912, PLR0915 - see below
        """Take every event. `anchored` says whether there may be anchors. Raises Refused, yaml.YAMLError."""
        # One long loop over local names: a call for each event would cost as much as the event itself.
        frames, anchors = self._frames, self._anchors
        top: Map | Seq = self.root
        key: str | None = None
        node: Node
        line = 0  # all places on one line share its number, which saves a third of their memory
        while True:
            event = get_event()
            kind = type(event)
            if kind is ScalarEvent:
                text = event.value
                mark = event.start_mark
                if mark.line + 1 != line:
                    line = mark.line + 1
                at = (line, mark.column + 1)
                plain, quoted = event.implicit
                node = text
                if plain:
                    if text in WORDS or text[0] in NUMERIC:
                        node = resolve(text)
                elif not quoted:
                    node = self._tagged(top, key, at, event)
                if not text.isprintable() and _CONTROL.search(text):
                    node = self._control(top, key, at, text)
                if anchored and event.anchor is not None:
                    anchors.define(event.anchor, node)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                mark = event.start_mark
                if mark.line + 1 != line:
                    line = mark.line + 1
                at = (line, mark.column + 1)
                child = Map(at) if kind is MappingStartEvent else Seq(at)
                node = self._begin(top, key, event, child)
                if anchored and event.anchor is not None:
                    anchors.define(event.anchor, child)
                if not isinstance(top, Map):
                    top.append(node)
                    top.item_at.append(at)
                elif key is not None:
                    top[key] = node
                    top.value_at[key] = at
                else:
                    key = _COMPLEX
                frames.append((top, key))
                top, key = child, None
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                if self._unfinished and self._unfinished[-1] is top:
                    self._finish(self._unfinished.pop())
                top, key = frames.pop()
                key = self._drop_next(top) if key is _COMPLEX else None
                continue
            elif kind is AliasEvent:
                mark = event.start_mark
                if mark.line + 1 != line:
                    line = mark.line + 1
                at = (line, mark.column + 1)
                node = self._follow(top, key, at, event.anchor)
                text = node if isinstance(node, str) else ""
            else:
                if kind is DocumentStartEvent:
                    anchors.forget()
                elif kind is DocumentEndEvent:
                    self.complete = len(self.root)
                elif kind is StreamEndEvent:
                    return
                continue
            if not isinstance(top, Map):
                top.append(node)
                top.item_at.append(at)
            elif key is not None:
                top[key] = node
                top.value_at[key] = at
                key = None
            else:
                fresh = node is text and text not in top
                key = intern(text) if fresh else self._odd_key(top, at, node, text)
                top.key_at[key] = at

    def _begin(self, top: Map | Seq, key: str | None, event: Any, child: Map | Seq) -> Node:
        """Check a mapping or list that begins: its depth, its tag, and that it is no key. Gives what to put there."""
        if len(self._frames) == MAX_DEPTH:
            self._problem(top, key, child.at, f"nested more than {MAX_DEPTH} levels deep")
            raise Refused
        if isinstance(top, Map) and key is None and self._frames[-1][1] is not _COMPLEX:  # keys in keys: reported once
            advice = "quote it if it is a text that begins with { or ["
            self._problem(top, None, child.at, f"{describe(child)} where a key should be; {advice}")
        if not event.implicit and (bad := explicit_tags.check_collection(event.tag, is_map=isinstance(child, Map))):
            self._problem(top, key, child.at, bad.message)
            return Scalar(BROKEN, "", None)
        return child

    def _odd_key(self, top: Map, at: Place, node: Node, text: str) -> str:
        """The key to go on with for one that is no fresh text: a merge key, a duplicate, a number, a null."""
        key = text
        if isinstance(node, Scalar) and node.kind == MERGE:
            key = _MERGED
            self._finish_later(top)
        elif isinstance(node, Scalar) and node.kind == BROKEN:
            return self._drop_next(top)
        elif not isinstance(node, str):
            what = f"is {describe(node)} to YAML 1.1; put it in quotes" if text else "must be text"
            self._problem(top, text or None, at, f"this key {what}")
            if node is None or not text:
                return self._drop_next(top)
        if key in top:
            first = top.key_at[key][0]
            advice = "merge several mappings with one list: <<: [*a, *b]" if key == _MERGED else "keep one of them"
            self._problem(top, key, at, f"duplicate key, first at line {first}; {advice}")
            return self._drop_next(top)
        return key

    def _drop_next(self, top: Map | Seq) -> str:
        """What comes next is the value of a key that was refused."""
        self._finish_later(top)
        return _DROPPED

    def _finish_later(self, top: Map | Seq) -> None:
        if isinstance(top, Map) and not (self._unfinished and self._unfinished[-1] is top):
            self._unfinished.append(top)

    def _finish(self, mapping: Map) -> None:
        """Forget refused keys and merge what `<<` names: the mapping's own keys win, then the earlier source."""
        for places in (mapping, mapping.key_at, mapping.value_at):
            places.pop(_DROPPED, None)
        if _MERGED not in mapping:
            return
        value, at = mapping.pop(_MERGED), mapping.value_at.pop(_MERGED)
        del mapping.key_at[_MERGED]
        sources = zip(value, value.item_at, strict=True) if isinstance(value, Seq) else [(value, at)]
        for source, place in sources:
            if isinstance(source, Map):
                for key, node in source.items():
                    if key in mapping:
                        continue
                    mapping[key] = node
                    mapping.key_at[key] = source.key_at[key]
                    mapping.value_at[key] = source.value_at[key]
            elif not (isinstance(source, Scalar) and source.kind == BROKEN):
                self._problem(
                    mapping, _MERGED, place, f"takes a mapping or a list of mappings to merge, not {describe(source)}"
                )

    def _follow(self, top: Map | Seq, key: str | None, at: Place, name: str) -> Node:
        containers = [frame[0] for frame in self._frames[1:]]
        if self._frames:
            containers.append(top)
        try:
            return self._anchors.follow(name, containers)
        except BadAlias as bad:
            self._problem(top, key, at, str(bad))
            if bad.fatal:
                raise Refused from bad
            return Scalar(BROKEN, "", None)

    def _tagged(self, top: Map | Seq, key: str | None, at: Place, event: Any) -> Node:
        node = explicit_tags.construct(event.tag, event.value)
        if isinstance(node, explicit_tags.Bad):
            self._problem(top, key, at, node.message)
            return Scalar(BROKEN, "", None)
        return node

    def _control(self, top: Map | Seq, key: str | None, at: Place, text: str) -> Node:
        found = _CONTROL.search(text)
        character = found[0] if found else ""
        if character in _BREAKS:
            what = "a line break; write it on one line, or begin the block with >- or |-"
        else:
            what = f"a control character (U+{ord(character):04X}); take it out"
        self._problem(top, key, at, f"holds {what}")
        return Scalar(BROKEN, "", None)

    def _problem(self, top: Map | Seq, key: str | None, at: Place, message: str) -> None:
        """Report at a place, with the path of `key` in `top` or of the next item. Raises Refused for one too many."""
        parts: list[str | int] = []
        for container, part in [*self._frames, (top, key)]:
            if container is self.root:
                continue
            if isinstance(container, Seq):
                parts.append(max(0, len(container) - (container is not top)))
            elif part not in (None, _COMPLEX, _DROPPED):
                parts.append("<<" if part == _MERGED else part)
        path = dotted(parts)
        problem = Problem(Position(self._file, *at), f"{path}: {message}" if path else message)
        if not add_problem(self._problems, problem):
            raise Refused
