"""`schema`: the JSON Schemas (2020-12) of manifests, project file and plan file."""

from __future__ import annotations

import json
from typing import Final

from reconciler.manifests.format.schema import manifest_schema, project_schema
from reconciler.planfile.schema import plan_schema

_SCHEMAS: Final = {"manifest": manifest_schema, "project": project_schema, "plan": plan_schema}


def schema(kind: str) -> str:
    """Return the schema of `manifest`, `project` or `plan`, as JSON text."""
    return json.dumps(_SCHEMAS[kind](), indent=2) + "\n"
