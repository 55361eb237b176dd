"""Builds the JSON Schemas (2020-12) of manifests and project files from their models, for editors.

They are shipped beside the models, see `schema`; write them anew when a model changes:
`python -m reconciler.manifests.format.build_schema`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import GenerateJsonSchema

from reconciler.manifests.format.manifest import Manifest
from reconciler.manifests.format.project import ProjectFile

if TYPE_CHECKING:
    from pydantic_core import core_schema

    from reconciler.manifests.format.model import Model

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def build_manifest_schema() -> dict[str, Any]:
    """Build the JSON Schema of a manifest's document. Whatever it refuses, reading refuses too."""
    return _schema(Manifest, "runner-manifest", "Runner manifest", _MANIFEST_EXAMPLE)


def build_project_schema() -> dict[str, Any]:
    """Build the JSON Schema of a project file. Whatever it refuses, reading refuses too."""
    return _schema(ProjectFile, "runner-project", "Runner project file", _PROJECT_EXAMPLE)


def _schema(model: type[Model], name: str, title: str, example: dict[str, Any]) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=_Plain)
    definitions = schema.pop("$defs")
    ordered: dict[str, Any] = {}
    _order(schema, definitions, ordered)
    return {
        "$schema": _DIALECT,
        "$id": f"urn:comfycontrol-reconciler:{name}:1",
        "title": title,
        **schema,
        "$defs": ordered,
        "examples": [example],
    }


def _order(schema: Any, definitions: dict[str, Any], ordered: dict[str, Any]) -> None:
    """Put definitions in the order in which they are first referred to."""
    for name in re.findall(r'"#/\$defs/(\w+)"', json.dumps(schema)):
        if name not in ordered:
            ordered[name] = definitions[name]
            _order(definitions[name], definitions, ordered)


class _Plain(GenerateJsonSchema):
    """Without what only says how the models are written: titles, defaults, the names of classes."""

    def sort(self, value: Any, parent_key: str | None = None) -> Any:
        """Keep the order of the models; what describes a key comes first."""
        del parent_key
        return _described_first(value)

    def normalize_name(self, name: str) -> str:
        """Name a definition as messages call it."""
        return super().normalize_name(name).lower()

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Say no: a key is its own title."""
        del schema
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        """Return the schema of what may be left out: null is no value for it."""
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> dict[str, Any]:
        """Return an object with a pattern for its keys."""
        names = self.generate_inner(schema["keys_schema"])
        values = self.generate_inner(schema["values_schema"])
        return {"type": "object", "propertyNames": {"pattern": names["pattern"]}, "additionalProperties": values}

    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        """Return an object of known keys."""
        made = super().model_schema(schema)
        made.pop("title", None)
        return made


def _described_first(value: Any) -> Any:
    if isinstance(value, list):
        return [_described_first(each) for each in value]
    if not isinstance(value, dict):
        return value
    first = ("type", "description") if "properties" in value else ("description",)
    head = {key: value[key] for key in first if isinstance(value.get(key), str)}
    return head | {key: _described_first(each) for key, each in value.items() if key not in head}


_MANIFEST_EXAMPLE: Final = {
    "version": 1,
    "defaults": {"tags": ["production"]},
    "profiles": {"a100": {"tags": ["gpu-a100"], "headers": {"X-Pool": "a100"}}},
    "runners": {
        "prod-a100-1": {
            "profiles": ["a100"],
            "endpoint": "https://comfy-1.${var:domain}",
            "headers": {"Authorization": "Bearer ${env:RECONCILER_PROD_TOKEN}"},
        }
    },
}
_PROJECT_EXAMPLE: Final = {
    "version": 1,
    "manifests": ["runners"],
    "vars": {"domain": "example.com"},
    "guard": {"max_disables": 1, "max_changes": "50%"},
    "coverage": [{"tags": ["production"], "min_active": 2}],
}

if __name__ == "__main__":
    for kind, build in (("manifest", build_manifest_schema), ("project", build_project_schema)):
        Path(__file__).with_name(f"{kind}.schema.json").write_text(json.dumps(build(), indent=2) + "\n", "utf-8")
