"""The OpenAPI 3.1 document of the emulator, from the rules that it checks by."""

from __future__ import annotations

from typing import Any, Final

from reconciler import __version__
from reconciler.sandbox import rules, schemas

_ERRORS: Final = {
    "400": ("BadRequest", "What was sent does not hold to the rules."),
    "401": ("Unauthorized", "The token is missing, invalid, expired or revoked."),
    "403": ("Forbidden", "The account's tier does not allow it."),
    "404": ("NotFound", "There is no such thing, or it belongs to another account."),
    "405": ("MethodNotAllowed", "The path does not take this method."),
    "503": ("ServiceUnavailable", "The state cannot be reached; try again later."),
}
_JSON: Final = "application/json"
_EVERYWHERE: Final = ("400", "401", "405", "503")


def document() -> dict[str, Any]:
    """Return the whole document, as JSON."""
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "ComfyControl API sandbox",
            "version": __version__,
            "description": "What the embedded emulator of the ComfyControl API takes and answers.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas.schemas(),
            "responses": {
                **{name: _answer(text, "Error") for name, text in _ERRORS.values()},
                "TooManyRequests": {
                    "description": "The address is over its limit; nothing is processed until the cooldown ends.",
                    "headers": {"Retry-After": {"schema": {"type": "integer", "minimum": 0}, "required": True}},
                    "content": {"text/html": {"schema": {"type": "string"}}},
                },
            },
        },
    }


def _paths() -> dict[str, Any]:
    runner_id = {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "format": "uuid", "pattern": rules.UUID_PATTERN},
    }
    return {
        "/v1/runner": {
            "get": _operation("listRunners", "List runners, newest first", "RunnerPage", query=_paging(rules.STATUSES)),
            "post": _operation("createRunner", "Create a runner", "Runner", "403", status="201", body="RunnerCreate"),
        },
        rules.RUNNER_PATH: {
            "parameters": [runner_id],
            "get": _operation("getRunner", "Get a runner", "Runner", "404"),
            "put": _operation("updateRunner", "Update a runner", "Runner", "404", body="RunnerUpdate"),
        },
        "/v1/user": {"get": _operation("getUser", "Get the token's account", "User")},
        "/v1/managed-runner": {
            "get": _operation(
                "listManagedRunners", "List managed runners, newest first", "ManagedRunnerPage", "403", query=_paging()
            )
        },
        "/v1/workflow": {
            "get": _operation(
                "listWorkflows", "List workflows, newest first", "WorkflowPage", query=_paging(rules.WORKFLOW_STATUSES)
            ),
            "post": _operation(
                "createWorkflow", "Create a workflow", "Workflow", status="201", body="WorkflowCreate", form=True
            ),
        },
    }


def _operation(
    name: str,
    summary: str,
    answer: str,
    *errors: str,
    status: str = "200",
    query: list[dict[str, Any]] | None = None,
    body: str | None = None,
    form: bool = False,
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {
            status: _answer(f"{summary}: done.", answer),
            **{
                code: {"$ref": f"#/components/responses/{_ERRORS[code][0]}"} for code in sorted((*_EVERYWHERE, *errors))
            },
            "429": {"$ref": "#/components/responses/TooManyRequests"},
        },
    }
    if answer == "Runner":
        operation["responses"][status]["links"] = {
            target: {"operationId": target, "parameters": {"id": "$response.body#/id"}}
            for target in ("getRunner", "updateRunner")
        }
    if query:
        operation["parameters"] = query
    if body:
        operation["requestBody"] = {
            "required": True,
            "content": _content(body, "multipart/form-data" if form else _JSON),
        }
    return operation


def _paging(statuses: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    page = {"type": "integer", "minimum": 1, "maximum": rules.MAX_PAGE, "default": 1}
    per_page = {"type": "integer", "minimum": 1, "maximum": rules.MAX_PER_PAGE, "default": 10}
    parameters = [_parameter("page", page), _parameter("per_page", per_page)]
    if statuses:
        parameters.append(_parameter("status", {"type": "string", "enum": list(statuses)}))
    return parameters


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _answer(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": _content(schema)}


def _content(schema: str, kind: str = _JSON) -> dict[str, Any]:
    return {kind: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
