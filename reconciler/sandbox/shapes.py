"""Foreign JSON, checked: each function takes a value and its path, and gives the value or raises SeedError."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from reconciler.sandbox.clock import parse_stamp, stamp
from reconciler.sandbox.failures import SeedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NAMES: Final = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}


def typed(value: Any, kind: type, at: str) -> Any:
    """The value, if it is of that kind of JSON: dict, list, str or bool."""
    if not isinstance(value, kind):
        raise SeedError(f"{at} must be {_NAMES[kind]}")
    return value


def no_other_keys(given: Mapping[str, Any], known: tuple[str, ...], prefix: str) -> None:
    """Refuse a key that is not known."""
    for key in given:
        if key not in known:
            raise SeedError(f"{prefix}{key} is unknown; known are: {', '.join(known)}")


def checked(given: Any, fields: Mapping[str, Callable[[Any, str], Any]], at: str) -> dict[str, Any]:
    """An object, each of its fields checked by its own function."""
    no_other_keys(typed(given, dict, at), tuple(fields), f"{at}.")
    return {name: fields[name](value, f"{at}.{name}") for name, value in given.items()}


def flag(value: Any, at: str) -> bool:
    """True or false."""
    return bool(typed(value, bool, at))


def text(value: Any, at: str) -> str:
    """A string that UTF-8 can hold."""
    try:
        typed(value, str, at).encode()
    except UnicodeEncodeError as exc:
        raise SeedError(f"{at} must be valid Unicode") from exc
    return str(value)


def texts(value: Any, at: str) -> list[str]:
    """A list of strings."""
    return [text(each, f"{at}[{number}]") for number, each in enumerate(typed(value, list, at))]


def text_map(value: Any, at: str) -> dict[str, str]:
    """An object of strings."""
    return {text(name, at): text(each, f"{at}.{name}") for name, each in typed(value, dict, at).items()}


def ident(value: Any, at: str) -> str:
    """A UUID, in lower case."""
    try:
        return str(uuid.UUID(text(value, at)))
    except ValueError as exc:
        raise SeedError(f"{at} must be a UUID") from exc


def time(value: Any, at: str) -> str:
    """A moment, as the API writes it: UTC, to the second."""
    try:
        return stamp(parse_stamp(text(value, at)))
    except (ValueError, OverflowError) as exc:
        raise SeedError(f"{at} must be an ISO 8601 time, such as 2024-01-15T10:30:00Z") from exc


def maybe_time(value: Any, at: str) -> str | None:
    """A moment, or null for none yet."""
    return None if value is None else time(value, at)
