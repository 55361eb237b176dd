"""The JSON Schemas of the OpenAPI document. Answers are closed: the emulator sends no field that is not named here."""

from __future__ import annotations

from typing import Any, Final

from reconciler.sandbox import rules

_TEXT: Final = {"type": "string"}
_ID: Final = {"type": "string", "format": "uuid", "pattern": rules.UUID_PATTERN}
_TIME: Final = {"type": "string", "format": "date-time", "pattern": "^[0-9-]{10}T[0-9:]{8}Z$"}
_MAYBE_TIME: Final = {**_TIME, "type": ["string", "null"]}

# A runner's status and size are not bounded in answers: a seed may hold what the API would refuse.
_TAGS: Final = {"type": "array", "items": _TEXT}
_HEADERS: Final = {"type": "object", "additionalProperties": _TEXT}

_NAME_SENT: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": rules.MAX_NAME,
    "pattern": rules.FILLED_PATTERN,
}
_TAGS_SENT: Final = {
    "type": "array",
    "maxItems": rules.MAX_TAGS,
    "uniqueItems": True,
    "items": {"type": "string", "pattern": rules.FILLED_PATTERN},
}
_HEADERS_SENT: Final = {
    "type": "object",
    "description": "Names that differ only in case are refused.",
    "propertyNames": {"pattern": rules.HEADER_NAME_PATTERN},
    "additionalProperties": {"type": "string", "pattern": rules.HEADER_VALUE_PATTERN},
}
_SENT: Final = {
    "name": _NAME_SENT,
    "endpoint": {"type": "string", "pattern": rules.ENDPOINT_PATTERN},
    "headers": _HEADERS_SENT,
    "tags": _TAGS_SENT,
    "status": {"type": "string", "enum": list(rules.STATUSES)},
}

_RUNNER: Final = {
    "id": _ID,
    "user_id": _ID,
    "name": _TEXT,
    "status": _TEXT,
    "endpoint": _TEXT,
    "tags": _TAGS,
    "headers": _HEADERS,
    "created_at": _TIME,
    "updated_at": _TIME,
}
_MANAGED_RUNNER: Final = {
    "id": _ID,
    "name": _TEXT,
    "runner_type": _TEXT,
    "status": {"const": "active"},
    "tags": _TAGS,
    "created_at": _TIME,
    "updated_at": _TIME,
}
_WORKFLOW: Final = {
    "id": _ID,
    "name": _TEXT,
    "status": _TEXT,
    "tags": _TAGS,
    "started_at": _MAYBE_TIME,
    "completed_at": _MAYBE_TIME,
    "created_at": _TIME,
    "updated_at": _TIME,
}
_WORKFLOW_CREATE: Final = {
    "type": "object",
    "description": "The names of the parts but `tags` are not documented: others are taken, and dropped.",
    "properties": {
        "name": _NAME_SENT,
        "tags": {"type": "string", "description": "What it asks for, separated by commas: production,gpu-a100"},
    },
    "minProperties": 1,
}
_USER: Final = {
    "id": _ID,
    "name": _TEXT,
    "email": _TEXT,
    "deleted": {"type": "boolean"},
    "tier": {"type": "string", "enum": ["free", "pro", "plus", "enterprise"]},
    "provider": _TEXT,
    "created_at": _TIME,
    "updated_at": _TIME,
}


def schemas() -> dict[str, Any]:
    """Return the document's schemas by name."""
    return {
        "Runner": _object(_RUNNER),
        "RunnerCreate": _object({name: _SENT[name] for name in rules.CREATE_FIELDS}, required=["name", "endpoint"]),
        "RunnerUpdate": _object({name: _SENT[name] for name in rules.UPDATE_FIELDS}, required=[]),
        "RunnerPage": _page("runners", "Runner"),
        "ManagedRunner": _object(_MANAGED_RUNNER),
        "ManagedRunnerPage": _page("runners", "ManagedRunner"),
        "Workflow": _object(_WORKFLOW),
        "WorkflowCreate": _WORKFLOW_CREATE,
        "WorkflowPage": _page("workflows", "Workflow"),
        "User": _object(_USER),
        "Error": _object({"status": {"type": "integer"}, "message": _TEXT}),
    }


def _object(properties: dict[str, Any], *, required: list[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
    }


def _page(name: str, item: str) -> dict[str, Any]:
    items = {"type": "array", "maxItems": rules.MAX_PER_PAGE, "items": {"$ref": f"#/components/schemas/{item}"}}
    return _object({name: items, "total": {"type": "integer", "minimum": 0}})
