"""Mappings with a fixed set of keys."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.manifests.yaml.nodes import Map, Node, Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.manifests.format.checks import Report
    from reconciler.manifests.format.kinds import Json, Kind
    from reconciler.manifests.yaml.trail import Trail


@dataclass(frozen=True, slots=True)
class Field:
    """One key: what its value must be, what it means, and examples for editors."""

    kind: Kind
    about: str
    required: bool = False
    examples: tuple[Any, ...] = ()

    def advice(self, key: str) -> str:
        """What to write when it is missing; a required key has an example."""
        example = self.examples[0]
        return f"; add it, such as `{key}: {example if isinstance(example, str) else json.dumps(example)}`"


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping of known keys. `elsewhere` says of keys that don't belong here where they do, or why they don't.

    `name` is what its JSON Schema definition is called.
    """

    name: str
    about: str
    fields: Mapping[str, Field]
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def check(self, node: Node, at: Place, trail: Trail, report: Report) -> None:
        """A mapping with these keys, each value of its kind, every required one there."""
        if not isinstance(node, Map):
            report.expected("a mapping", node, at, trail, empty="{}")
            return
        fields = self.fields
        for key, value in node.items():
            known = fields.get(key)
            if known is not None:
                known.kind.check(value, node.value_at[key], (trail, key), report)
            elif key in self.elsewhere:
                report.add(node.key_at[key], (trail, key), self.elsewhere[key])
            else:
                report.unknown_key(key, fields, node.key_at[key], (trail, key))
        for key, known in fields.items():
            if known.required and key not in node:
                report.add(at, trail, f"{key} is missing{known.advice(key)}")

    def json(self, definitions: Json) -> Json:
        """A reference to this record's definition."""
        if self.name not in definitions:
            definitions[self.name] = {}  # before its fields, so that the order is theirs
            definitions[self.name] = self.schema(definitions)
        return {"$ref": f"#/$defs/{self.name}"}

    def schema(self, definitions: Json) -> Json:
        """The object's schema itself."""
        properties: Json = {}
        for key, known in self.fields.items():
            properties[key] = {"description": known.about, **known.kind.json(definitions)}
            if known.examples:
                properties[key]["examples"] = list(known.examples)
        schema: Json = {"type": "object", "description": self.about, "properties": properties}
        required = [key for key, known in self.fields.items() if known.required]
        if required:
            schema["required"] = required
        return {**schema, "additionalProperties": False}
