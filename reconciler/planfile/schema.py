"""The JSON Schema (2020-12) of a plan, as shipped: what the models give, without loading them."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def plan_schema() -> dict[str, Any]:
    """Return what `schema plan` prints."""
    text = resources.files(__package__).joinpath("plan.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
