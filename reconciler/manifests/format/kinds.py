"""The kinds of values in manifests and project files: how each is checked, and its JSON Schema.

`check(node, at, trail, report)` reports what is wrong with a node that stands at `at` on the path `trail`. A value of
the kind BROKEN was reported when it was read and is passed over.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from reconciler.manifests.format import field_types
from reconciler.manifests.yaml.nodes import BOOL, BROKEN, INT, Map, Node, Place, Scalar, Seq
from reconciler.manifests.yaml.scalars import MAX_DIGITS
from reconciler.manifests.yaml.trail import MAX_SHOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.manifests.format.checks import Report
    from reconciler.manifests.yaml.trail import Trail

Json = dict[str, Any]
_MARKED: Final[Json] = {"pattern": r"\$\{"}
"""A string with variables in it: what it comes to is not known to an editor."""


class Kind(Protocol):
    """What a value must be."""

    def check(self, node: Node, at: Place, trail: Trail, report: Report) -> None:
        """Report what is wrong with it."""

    def json(self, definitions: Json) -> Json:
        """Its JSON Schema; what it shares with others goes into `definitions`."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string of some form. With `expands`, one that holds `${` is checked after its variables are known.

    In a `literal` one `${` means nothing. A `secret` one is never repeated in a message.
    """

    form: Callable[[str], str | None] | None = None
    expands: bool = False
    literal: bool = False
    secret: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict)

    def check(self, node: Node, at: Place, trail: Trail, report: Report) -> None:
        """Text of this form."""
        if not isinstance(node, str):
            report.not_text(node, at, trail, secret=self.secret)
        elif "${" in node and not self.literal:
            if not self.expands:
                report.add(at, trail, "${…} is not expanded here; write the text itself")
        elif self.form is not None and (wrong := self.form(node)):
            report.add(at, trail, wrong)

    def json(self, _definitions: Json) -> Json:
        """A string with its form's keywords, or one with a marker."""
        if not self.expands or not self.schema:
            return {"type": "string", **self.schema}
        return {"type": "string", "anyOf": [dict(self.schema), _MARKED]}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words. `off` may stand unquoted, though YAML 1.1 reads it as false: nothing else could be meant."""

    words: tuple[str, ...]
    expands: bool = False

    def check(self, node: Node, at: Place, trail: Trail, report: Report) -> None:
        """One of the words."""
        word = node.raw.lower() if isinstance(node, Scalar) and node.kind == BOOL else node
        if not isinstance(word, str):
            report.not_text(node, at, trail, secret=False)
        elif word not in self.words and not (self.expands and "${" in word):
            report.unknown_word(word, self.words, at, trail)

    def json(self, _definitions: Json) -> Json:
        """An enumeration, or a string with a marker."""
        words: list[str | bool] = [*self.words]
        if "off" in self.words:
            words.append(False)  # what a YAML 1.1 reader makes of it
        return {"anyOf": [{"enum": words}, {"type": "string", **_MARKED}]} if self.expands else {"enum": words}


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean."""

    def check(self, node: Node, at: Place, trail: Trail, report: Report) -> None:
        """A boolean."""
        if not (isinstance(node, Scalar) and node.kind == BOOL):
            report.expected("true or false, without quotes", node, at, trail)

    def json(self, _definitions: Json) -> Json:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Version:
    """The format's version: 1."""

    def check(self, node: Node, at: Place, trail: Trail, report: Report) -> None:
        """The number 1."""
        if isinstance(node, Scalar) and node.kind == INT and node.value == 1:
            return
        if isinstance(node, Scalar) and node.kind == INT:
            report.add(at, trail, f"this release reads version 1, not {node.raw[:MAX_SHOWN]}")
        else:
            report.expected("the number 1, without quotes", node, at, trail)

    def json(self, _definitions: Json) -> Json:
        """The number 1."""
        return {"const": 1}


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number, 0 or more; with `percent` also text such as `50%`."""

    percent: bool = False

    def check(self, node: Node, at: Place, trail: Trail, report: Report) -> None:
        """A count or a percentage."""
        if isinstance(node, Scalar) and node.kind == INT:
            if node.raw.startswith("-"):
                report.add(at, trail, "must be 0 or more")
            elif node.value is None:
                report.add(at, trail, f"is no number of at most {MAX_DIGITS} digits")
        elif self.percent and isinstance(node, str):
            if wrong := field_types.check_percentage(node):
                report.add(at, trail, wrong)
        else:
            report.expected("a count or a percentage such as 50%" if self.percent else "a count", node, at, trail)

    def json(self, _definitions: Json) -> Json:
        """An integer, or a string with a per cent sign."""
        count = {"type": "integer", "minimum": 0}
        if not self.percent:
            return count
        return {"anyOf": [count, {"type": "string", "pattern": f"^{field_types.PERCENTAGE}$"}]}


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day, as a YAML date or in quotes. One that holds `${` is checked after its variables are known."""

    def check(self, node: Node, at: Place, trail: Trail, report: Report) -> None:
        """A day without a time."""
        text = node.raw if isinstance(node, Scalar) and node.kind != BROKEN else node
        if isinstance(text, str) and "${" in text:
            return
        if not isinstance(text, str):
            report.expected("a day such as 2026-12-31", node, at, trail)
        elif isinstance(node, Scalar) and isinstance(node.value, dt.datetime):
            report.add(at, trail, "a day has no time; write it like 2026-12-31")
        elif wrong := field_types.check_day(text):
            report.add(at, trail, wrong)

    def json(self, _definitions: Json) -> Json:
        """A date; readers that know YAML dates see a string too."""
        return {"type": "string", "anyOf": [{"format": "date", "pattern": f"^{field_types.DAY}$"}, _MARKED]}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list. `most` bounds the different items, once all of them are known."""

    item: Kind
    most: int | None = None
    filled: bool = False
    noun: str = "items"

    def check(self, node: Node, at: Place, trail: Trail, report: Report) -> None:
        """A list, and each of its items."""
        if not isinstance(node, Seq):
            report.expected("a list", node, at, trail, empty="[]")
            return
        check = self.item.check
        for index, item in enumerate(node):
            check(item, node.item_at[index], (trail, index), report)
        if self.filled and not node:
            report.add(at, trail, "must not be empty; take the key out instead")
        if self.most is not None and len(node) > self.most:
            self._check_most(node, at, trail, report)

    def _check_most(self, node: Seq, at: Place, trail: Trail, report: Report) -> None:
        texts = {item for item in node if isinstance(item, str)}
        if len(texts) > (self.most or 0) and not any("${" in text for text in texts):
            report.add(at, trail, f"{len(texts)} {self.noun}, the API takes at most {self.most}")

    def json(self, definitions: Json) -> Json:
        """An array."""
        schema: Json = {"type": "array", "items": self.item.json(definitions)}
        if self.filled:
            schema["minItems"] = 1
        if self.most is not None:
            schema["maxItems"] = self.most
        return schema


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping with names of one form to values of one kind. With `nullable`, null is a value too.

    With `ignore_case` two names that differ only in case are an error.
    """

    name: Callable[[str], str | None]
    value: Kind
    pattern: str
    nullable: bool = False
    ignore_case: bool = False

    def check(self, node: Node, at: Place, trail: Trail, report: Report) -> None:
        """A mapping, each of its names and values."""
        if not isinstance(node, Map):
            report.expected("a mapping", node, at, trail, empty="{}")
            return
        check = self.value.check
        for name, value in node.items():
            here = (trail, name)
            if wrong := self.name(name):
                report.add(node.key_at[name], here, wrong)
            if value is not None or not self.nullable:
                check(value, node.value_at[name], here, report)
        if self.ignore_case and len({name.lower() for name in node}) < len(node):
            report.same_but_case(node, trail)

    def json(self, definitions: Json) -> Json:
        """An object with a pattern for its names."""
        value = self.value.json(definitions)
        if self.nullable:
            value = {"anyOf": [value, {"type": "null"}]}
        return {"type": "object", "propertyNames": {"pattern": f"^{self.pattern}$"}, "additionalProperties": value}
