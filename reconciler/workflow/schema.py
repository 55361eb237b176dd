"""`schema`: the JSON Schemas (2020-12) of manifests, project file and plan file."""

from __future__ import annotations

from importlib.resources import files


def schema(kind: str) -> str:
    """The schema of `manifest`, `project` or `plan`, as JSON text."""
    if kind == "plan":
        return files("reconciler.planfile").joinpath("plan.schema.json").read_text("utf-8")
    import json

    from reconciler.manifests.schema import manifest_schema, project_schema

    return json.dumps(manifest_schema() if kind == "manifest" else project_schema(), indent=2) + "\n"
