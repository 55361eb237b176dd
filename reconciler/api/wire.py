"""The wire format: what is sent and what comes back, checked by hand, for ten thousand runners must be quick.

Header values become `Secret` the moment they are decoded. This is the only module that opens a Secret.
Source: the API's pages List, Get, Create and Update Runner, Get User, and Errors. Fields and statuses that are unknown
are let through; a shape that is wrong is a BadAnswer that names the path and never shows the value.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from reconciler.errors import BadAnswer
from reconciler.model.fields.headers import Headers, fold
from reconciler.model.fields.kinds import HeaderMap, Scalar, Tags
from reconciler.model.fields.spec import RunnerSpec
from reconciler.model.fields.table import FIELDS, body_document
from reconciler.model.runner import Account, LiveRunner
from reconciler.model.secret import Secret, Unresolved, reveal
from reconciler.text.hidden import show_hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.model.fields.kinds import Field
    from reconciler.model.fields.spec import RunnerBody
    from reconciler.model.secret import HeaderValue

_STRINGS: Final = ("id", "user_id", "created_at", "updated_at")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
"""The API says UUID. What counts here is that it can be part of a path."""

_LONGEST_PATH: Final = 120


class Identified(Protocol):
    """What a list has: a runner, or one of the service's own."""

    @property
    def id(self) -> str:
        """Its id; the same on whatever page it is."""


Item = TypeVar("Item", bound=Identified)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list, and how many runners there are on all pages."""

    runners: tuple[Item, ...]
    total: int


def is_id(text: str) -> bool:
    """Whether a text can be part of a path as a runner's id."""
    return _ID.fullmatch(text) is not None


def authorization(token: Secret) -> str:
    """Return the Authorization header's value."""
    return f"Bearer {reveal(token)}"


def encode_body(body: RunnerBody) -> bytes:
    """Return the JSON of a POST or PUT: ASCII, and what the body omits left out.

    Escapes carry any string that an answer can bring, also a lone surrogate, back as it came.
    """
    return json.dumps(body_document(body, _plain), separators=(",", ":")).encode("ascii")


def sendable_headers(headers: Mapping[str, HeaderValue]) -> tuple[tuple[str, str], ...] | None:
    """Header names and values to send to a runner's endpoint; None where a value is not known or can't be sent."""
    pairs: list[tuple[str, str]] = []
    for name, value in headers.items():
        if not isinstance(value, (Secret, str)) or (isinstance(value, Secret) and value.is_unsendable):
            return None
        pairs.append((name, _plain(name, value)))
    return tuple(pairs)


def _plain(name: str, value: HeaderValue) -> str:
    if isinstance(value, Unresolved):
        raise TypeError(f"the value of the header {name} is not known here: this body can't be sent")
    return reveal(value) if isinstance(value, Secret) else value


def decode_runner(content: bytes, public_headers: frozenset[str]) -> LiveRunner:
    """Decode one runner. Raises BadAnswer."""
    return _runner(_parse(content), public_headers, None)


def decode_page(content: bytes, public_headers: frozenset[str]) -> Page[LiveRunner]:
    """Decode one page of List Runners. Raises BadAnswer."""
    items, total = decode_items(content, "runners")
    return Page(tuple(_runner(item, public_headers, index) for index, item in enumerate(items)), total)


def decode_items(content: bytes, name: str) -> tuple[list[Any], int]:
    """Decode the items of one page of a list, and how many there are on all pages. Raises BadAnswer."""
    data = as_object(_parse(content), "")
    total = data.get("total")
    if type(total) is not int or total < 0:
        raise wrong("total", "a count", data, "total")
    items = data.get(name)
    if type(items) is not list:
        raise wrong(name, "an array", data, name)
    return items, total


def decode_account(content: bytes, date: str) -> Account:
    """Get User, and the Date header of its answer. Raises BadAnswer."""
    data = as_object(_parse(content), "")
    for field in ("id", "name", "email", "tier"):
        if type(data.get(field)) is not str:
            raise wrong(field, "a string", data, field)
    return Account(id=data["id"], name=data["name"], email=data["email"], tier=data["tier"], answered_at=date)


def decode_message(content: bytes) -> str | None:
    """Decode the message of an error body; None where it is not the service's JSON, as a gateway's HTML is not."""
    if not content:
        return ""
    try:
        data = _parse(content)
    except BadAnswer:
        return None
    message = data.get("message") if isinstance(data, dict) else None
    return message if isinstance(message, str) else ""


def _runner(data: Any, public_headers: frozenset[str], index: int | None) -> LiveRunner:
    # What is checked here is checked ten thousand times: the paths are made only for an error.
    if type(data) is not dict:
        raise wrong(_place(index, ""), "an object", data)
    get = data.get
    for field in _STRINGS:
        if type(get(field)) is not str:
            raise wrong(_place(index, field), "a string", data, field)
    if not _ID.fullmatch(data["id"]):
        raise BadAnswer(f"{_place(index, 'id')}: expected an id, got a string of another form")
    return LiveRunner(
        id=data["id"],
        spec=RunnerSpec(**{name: read(data, name, public_headers, index) for name, read in _FIELDS}),
        user_id=data["user_id"],
        created_at=data["created_at"],
        updated_at=data["updated_at"],
    )


def _string(data: Mapping[str, Any], name: str, _public: frozenset[str], index: int | None) -> str:
    value = data.get(name)
    if type(value) is not str:
        raise wrong(_place(index, name), "a string", data, name)
    return value


def _strings(data: Mapping[str, Any], name: str, _public: frozenset[str], index: int | None) -> tuple[str, ...]:
    items = data.get(name)
    if type(items) is not list:
        raise wrong(_place(index, name), "an array", data, name)
    for number, item in enumerate(items):
        if type(item) is not str:
            raise wrong(_place(index, f"{name}[{number}]"), "a string", item)
    return tuple(items)


def _headers(data: Mapping[str, Any], name: str, public: frozenset[str], index: int | None) -> Headers:
    headers = data.get(name)
    if type(headers) is not dict:
        raise wrong(_place(index, name), "an object", data, name)
    wrapped: dict[str, HeaderValue] = {}
    for header, value in headers.items():
        if type(value) is not str:
            raise wrong(_place(index, f"{name}.{header}"), "a string", value)
        wrapped[header] = value if fold(header) in public else Secret(value)
    return Headers(wrapped)


def _reader(field: Field[Any]) -> Callable[[Mapping[str, Any], str, frozenset[str], int | None], Any]:
    match field:
        case HeaderMap():
            return _headers
        case Tags():
            return _strings
        case Scalar():
            return _string
        case _:
            raise TypeError(f"no answer's shape is known for the field {field.name}")


_FIELDS: Final = tuple((field.name, _reader(field)) for field in FIELDS)


def _parse(content: bytes) -> Any:
    try:
        return json.loads(content)
    except RecursionError:
        # The parser's own error would say where, and a frame of it holds the text.
        raise BadAnswer("the answer is nested too deeply") from None
    except ValueError:
        raise BadAnswer("the answer is truncated or no JSON") from None


def as_object(data: Any, place: str) -> dict[str, Any]:
    """Return the object that must be at a place. Raises BadAnswer."""
    if type(data) is not dict:
        raise wrong(place, "an object", data)
    return data


def _place(index: int | None, field: str) -> str:
    if index is None:
        return field
    return f"runners[{index}].{field}" if field else f"runners[{index}]"


def wrong(place: str, expected: str, value: Any, field: str | None = None) -> BadAnswer:
    """Return the error of a wrong shape. `value` is what was found or, with `field`, the object that should hold it."""
    missing = field is not None and field not in value
    found = "nothing" if missing else _kind(value if field is None else value[field])
    shown = show_hidden(place)[:_LONGEST_PATH] or "the answer"
    return BadAnswer(f"{shown}: expected {expected}, got {found}")


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
