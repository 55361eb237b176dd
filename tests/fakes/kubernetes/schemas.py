"""What a structural schema does to an object: unknown fields are dropped, defaults filled in, the rest checked."""

from __future__ import annotations

from jsonschema import Draft202012Validator


def admit(schema, made):
    """Prune, fill in and check an object, in place. Raises Refused (422)."""
    if schema is None:
        return
    for part in ("spec", "status"):
        if part in made and part in schema.get("properties", {}):
            prune(schema["properties"][part], made[part])
            fill(schema["properties"][part], made[part])
    for key in made.keys() - set(schema.get("properties", {})) - {"apiVersion", "kind", "metadata"}:
        del made[key]
    errors = sorted(Draft202012Validator(schema).iter_errors(made), key=lambda each: list(map(str, each.path)))
    if errors:
        from tests.fakes.kubernetes.objects import Refused

        where = ".".join(map(str, errors[0].path))
        raise Refused(422, "Invalid", f"{made['metadata'].get('name')} is invalid: {where}: {errors[0].message}")


def prune(schema, value):
    """Drop what the schema does not know, but where it says to keep it."""
    if isinstance(value, dict):
        known, others = schema.get("properties"), schema.get("additionalProperties")
        for key in list(value):
            if known and key in known:
                prune(known[key], value[key])
            elif isinstance(others, dict):
                prune(others, value[key])
            elif others is not True and not schema.get("x-kubernetes-preserve-unknown-fields"):
                del value[key]
    elif isinstance(value, list):
        for each in value:
            prune(schema.get("items", {}), each)


def fill(schema, value):
    """Fill in the defaults."""
    if isinstance(value, dict):
        for key, each in schema.get("properties", {}).items():
            if key not in value and "default" in each:
                value[key] = each["default"]
            if key in value:
                fill(each, value[key])
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            for key in value.keys() - set(schema.get("properties", {})):
                fill(others, value[key])
    elif isinstance(value, list):
        for each in value:
            fill(schema.get("items", {}), each)
