"""What the API takes: request bodies, query parameters and ids, each checked against the documented rules.

The patterns are published in the OpenAPI document as they are here. Not documented, and here the stricter: unknown
fields and parameters, null, repeated tags, blank tags, NUL in a string and header names that differ only in case are
refused, and so are bodies over 1 MiB and of another content type.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from reconciler.sandbox.exchange import ENDPOINT_INVALID, NAME_EMPTY, bad_request

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from reconciler.sandbox.exchange import Request

STATUSES: Final = ("active", "disabled")
WORKFLOW_STATUSES: Final = (
    *("accepted", "uploaded", "queued", "running"),
    *("completed", "cancelled", "invalid", "failed"),
)
"""What workflows can be filtered by: those under way, and those that have ended."""
MAX_NAME: Final = 100
MAX_TAGS: Final = 10
MAX_PER_PAGE: Final = 100
MAX_PAGE: Final = 999_999_999
MAX_BODY: Final = 1024 * 1024
RUNNER_PATH: Final = "/v1/runner/{id}"
CREATE_FIELDS: Final = ("name", "endpoint", "headers", "tags")
UPDATE_FIELDS: Final = ("name", "endpoint", "headers", "tags", "status")

_RUNNERS = "/v1/runner/"
_BLANKS = " \t\r\n"
FILLED_PATTERN: Final = r"^[^\u0000]*[^\u0000 \t\r\n][^\u0000]*$"
"""Names and tags: something besides blanks, and no NUL."""

_PORT = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
_SEGMENT = r"([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
ENDPOINT_PATTERN: Final = (
    r"^[Hh][Tt][Tt][Pp][Ss]?://"
    r"([A-Za-z0-9._~!$&'()*+,;=:%-]*@)?"
    r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])"
    rf"(:{_PORT})?"
    rf"(/({_SEGMENT}|/)*)?"
    rf"(\?({_SEGMENT}|[/?])*)?"
    rf"(#({_SEGMENT}|[/?])*)?$"
)
"""An absolute http or https URL (RFC 3986, so ASCII) with a host; a port is 1 to 65535."""

HEADER_NAME_PATTERN: Final = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
"""A token (RFC 9110, section 5.1)."""

HEADER_VALUE_PATTERN: Final = r"^[^\u0000-\u0008\u000a-\u001f\u007f]*$"
"""No control character but the tab (RFC 9110, section 5.5)."""

UUID_PATTERN: Final = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"

_ENDPOINT = re.compile(ENDPOINT_PATTERN[1:-1])
_HEADER_NAME = re.compile(HEADER_NAME_PATTERN[1:-1])
_HEADER_VALUE = re.compile(HEADER_VALUE_PATTERN[1:-1])
_UUID = re.compile(UUID_PATTERN[1:-1])
_PAGE = re.compile(r"[1-9][0-9]{0,8}")


def create_body(request: Request) -> dict[str, Any]:
    """Return the fields of a create; name and endpoint are required, a status is not taken (API: Create Runner)."""
    fields = _fields(request, CREATE_FIELDS)
    if "name" not in fields:
        raise bad_request(NAME_EMPTY)
    if "endpoint" not in fields:
        raise bad_request(ENDPOINT_INVALID)
    return fields


def update_body(request: Request) -> dict[str, Any]:
    """Return the fields given of an update; all are optional, so an empty object is fine (API: Update Runner)."""
    return _fields(request, UPDATE_FIELDS)


def is_runner_path(path: str) -> bool:
    """Whether it is the path of one runner: the list's path, a slash, and one segment more."""
    return path.startswith(_RUNNERS) and path != _RUNNERS and "/" not in path.removeprefix(_RUNNERS)


def runner_id(path: str) -> str:
    """Return the id at the end of a runner's path, in lower case."""
    text = path.removeprefix(_RUNNERS)
    if not _UUID.fullmatch(text):
        raise bad_request("invalid UUID format")
    return text.lower()


def query(request: Request, allowed: Collection[str]) -> dict[str, str]:
    """Return the query's parameters, each given at most once."""
    pairs = parse_qsl(request.query, keep_blank_values=True)
    for name, _ in pairs:
        if name not in allowed:
            raise bad_request(f"unknown query parameter {name!r}")
    if len(dict(pairs)) != len(pairs):
        raise bad_request("query parameters must not be repeated")
    return dict(pairs)


def page_of(parameters: Mapping[str, str]) -> tuple[int, int]:
    """`page` and `per_page`, with their defaults 1 and 10 (API: List Runners)."""
    page, per_page = parameters.get("page", "1"), parameters.get("per_page", "10")
    if not _PAGE.fullmatch(page):
        raise bad_request("page must be an integer of at least 1")
    if not _PAGE.fullmatch(per_page) or int(per_page) > MAX_PER_PAGE:
        raise bad_request(f"per_page must be an integer from 1 to {MAX_PER_PAGE}")
    return int(page), int(per_page)


def status_of(parameters: Mapping[str, str], known: Collection[str]) -> str | None:
    """Return the `status` to filter by."""
    status = parameters.get("status")
    if status is not None and status not in known:
        raise bad_request(f"status must be one of: {', '.join(known)}")
    return status


def _fields(request: Request, allowed: Collection[str]) -> dict[str, Any]:
    body = _json(request)
    if not isinstance(body, dict):
        raise bad_request("the request body must be a JSON object")
    for name, value in body.items():
        if name not in allowed:
            raise bad_request(f"unknown field {name!r}")
        _CHECKS[name](value)
    return body


def _json(request: Request) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise bad_request("the Content-Type must be application/json")
    if len(request.body) > MAX_BODY:
        raise bad_request(f"the request body is over {MAX_BODY} bytes")
    try:
        return json.loads(request.body.decode(), object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise bad_request("invalid JSON in the request body") from exc


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _text(value: Any, what: str) -> str:
    """A string that is one: no NUL, no half of a surrogate pair."""
    if not isinstance(value, str):
        raise bad_request(f"{what} must be a string")
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise bad_request(f"{what} must be valid text")
    return value


def check_name(value: Any) -> None:
    """Refuse a name that is empty or too long."""
    name = _text(value, "name")
    if not name.strip(_BLANKS):
        raise bad_request(NAME_EMPTY)
    if len(name) > MAX_NAME:
        raise bad_request(f"name cannot be longer than {MAX_NAME} characters")


def _check_endpoint(value: Any) -> None:
    if not _ENDPOINT.fullmatch(_text(value, "endpoint")):
        raise bad_request(ENDPOINT_INVALID)


def _check_tags(value: Any) -> None:
    if not isinstance(value, list):
        raise bad_request("tags must be an array of strings")
    if len(value) > MAX_TAGS:
        raise bad_request(f"too many tags: {len(value)}, the maximum is {MAX_TAGS}")
    if not all(_text(tag, "each tag").strip(_BLANKS) for tag in value):
        raise bad_request("tags cannot be empty")
    if len(set(value)) != len(value):
        raise bad_request("tags must not be repeated")


def _check_headers(value: Any) -> None:
    if not isinstance(value, dict):
        raise bad_request("invalid headers format: an object of strings is expected")
    for name, text in value.items():
        if not _HEADER_NAME.fullmatch(name):
            raise bad_request("invalid headers format: a name is no HTTP header name")
        if not _HEADER_VALUE.fullmatch(_text(text, f"invalid headers format: {name}")):
            raise bad_request(f"invalid headers format: the value of {name} holds a control character")
    if len({name.lower() for name in value}) != len(value):
        raise bad_request("invalid headers format: names differ only in case")


def _check_status(value: Any) -> None:
    if value not in STATUSES:
        raise bad_request(f"invalid status value, expected one of: {', '.join(STATUSES)}")


_CHECKS: Final = {
    "name": check_name,
    "endpoint": _check_endpoint,
    "headers": _check_headers,
    "tags": _check_tags,
    "status": _check_status,
}
