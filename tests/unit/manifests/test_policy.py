"""Which keys of a project file are its policy."""

from __future__ import annotations

import json

from reconciler.manifests.policy import POLICY
from reconciler.model.policy import POLICY_KEYS
from reconciler.workflow.schema import schema

WORKING_TREE = {"version", "manifests", "vars", "defaults", "profiles", "environments", "demand", "managed", "watch"}
"""What a branch may change for itself."""


def test_every_key_is_policy_or_the_branchs():
    """A key that a project file learns is put on one side on purpose: at the top level and in environments."""
    document = json.loads(schema("project"))
    environment = document["properties"]["environments"]["additionalProperties"]
    if "$ref" in environment:
        environment = document["$defs"][environment["$ref"].rpartition("/")[2]]
    for properties in (document["properties"], environment["properties"]):
        assert set(properties) <= set(POLICY) | WORKING_TREE
    assert tuple(POLICY) == POLICY_KEYS
    assert set(POLICY) <= {*document["properties"], *environment["properties"]}
