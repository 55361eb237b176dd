"""Checks documents against the tables, and gives the tables as JSON Schema (2020-12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.manifests.format.checks import Report
from reconciler.manifests.format.manifest_table import MANIFEST
from reconciler.manifests.format.project_table import PROJECT

if TYPE_CHECKING:
    from reconciler.manifests.format.records import Record
    from reconciler.manifests.yaml.nodes import Map
    from reconciler.model.position import Problem

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def check_manifest(document: Map, file: str, problems: list[Problem]) -> None:
    """Add everything that is wrong with a manifest's document by itself, before merging and expanding."""
    MANIFEST.check(document, document.at, None, Report(file, problems))


def check_project(document: Map, file: str, problems: list[Problem]) -> None:
    """Add everything that is wrong with a project file by itself, before an environment is picked."""
    PROJECT.check(document, document.at, None, Report(file, problems))


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of a manifest's document. Whatever it refuses, `check_manifest` refuses too."""
    return _schema(MANIFEST, "runner-manifest", "Runner manifest", [_MANIFEST_EXAMPLE])


def project_schema() -> dict[str, Any]:
    """The JSON Schema of a project file. Whatever it refuses, `check_project` refuses too."""
    return _schema(PROJECT, "runner-project", "Runner project file", [_PROJECT_EXAMPLE])


def _schema(record: Record, name: str, title: str, examples: list[dict[str, Any]]) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    schema = record.schema(definitions)
    return {
        "$schema": _DIALECT,
        "$id": f"urn:comfycontrol-reconciler:{name}:1",
        "title": title,
        **schema,
        "$defs": definitions,
        "examples": examples,
    }


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
