"""The published JSON Schemas of manifests and project files: read, since building them takes longer."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema of a manifest's document. Whatever it refuses, reading refuses too."""
    return _shipped("manifest")


def project_schema() -> dict[str, Any]:
    """Return the JSON Schema of a project file. Whatever it refuses, reading refuses too."""
    return _shipped("project")


def _shipped(kind: str) -> dict[str, Any]:
    text = resources.files(__package__ or "").joinpath(f"{kind}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
