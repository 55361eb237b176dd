"""The types of texts. Those that may refer to variables are expanded here, with the variables of the context."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import PydanticCustomError

from reconciler.manifests.format import field_types
from reconciler.manifests.format.values import BAD_KEY, PROBLEM, TWINS, Value, problem, unexpected
from reconciler.manifests.secrets.references import BadReference, expand, parse
from reconciler.manifests.yaml.nodes import BOOL, BROKEN, Map, Scalar, describe
from reconciler.manifests.yaml.trail import MAX_SHOWN, quoted
from reconciler.model.enums import Interest
from reconciler.model.fields.headers import fold
from reconciler.text.suggestions import meant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from enum import StrEnum

    from reconciler.manifests.format.values import Info

    Check = Callable[[str], str | None]
    """Says what is wrong with a text, None for nothing."""

_MARKED: Final = {"pattern": r"\$\{"}
"""A text with variables in it: what it comes to is not known to an editor."""
_NULL_TEXT: Final = "YAML 1.1 reads this as null; give a text, in quotes if need be, or take the key out"
_FEW: Final = 8
"""Words up to which a message lists all of them, rather than guess the one that was meant."""


def text(check: Check, **schema: object) -> Value:
    """Return a text in which variables are expanded before it is checked."""

    def validate(value: Any, info: Info) -> str:
        if type(value) is not str:
            raise _not_text(value)
        if "${" in value:
            return _expanded(value, info, check)
        if wrong := check(value):
            raise problem(wrong)
        return value

    return Value(validate, {"type": "string", "anyOf": [schema, _MARKED]})


def literal(check: Check, *, marks: bool = False, **schema: object) -> Value:
    """Return a text in which nothing is expanded; a `${` in it is an error, unless it `marks` nothing there."""

    def validate(value: Any, _info: Info) -> str:
        if type(value) is not str:
            raise _not_text(value)
        if "${" in value and not marks:
            raise problem("${…} is not expanded here; write the text itself")
        if wrong := check(value):
            raise problem(wrong)
        return value

    return Value(validate, {"type": "string", **schema})


def key(check: Check, pattern: str) -> Value:
    """Return the key of a mapping."""

    def validate(value: Any, info: Info) -> str:
        if (wrong := check(value)) and not info.context.again:
            raise PydanticCustomError(BAD_KEY, "{message}", {"message": wrong})
        return str(value)

    return Value(validate, {"type": "string", "pattern": f"^{pattern}$"})


def word(choices: Sequence[str] | type[StrEnum], *, expands: bool = False) -> Value:
    """Return one of a few words, or a member of an enum; what is expanded stays a text.

    `off` may be unquoted, though YAML 1.1 reads it as false: nothing else could be meant.
    """
    members = {str(each): each for each in choices}
    words = tuple(members)

    def check(value: str) -> str | None:
        return None if value in members else _unknown(value, words)

    def validate(value: Any, info: Info) -> str:
        found = value.raw.lower() if type(value) is Scalar and value.kind == BOOL else value
        if type(found) is not str:
            raise _not_text(value)
        if expands and "${" in found:
            return _expanded(found, info, check)
        if wrong := check(found):
            raise problem(wrong)
        return members[found]

    listed: list[str | bool] = [*words]
    if "off" in words:
        listed.append(False)  # what a YAML 1.1 reader makes of it
    marked = {"anyOf": [{"enum": listed}, {"type": "string", **_MARKED}]}
    return Value(validate, marked if expands else {"enum": listed})


def by_demand(words: Sequence[str]) -> Value:
    """Return one of a few words, or one for what is asked for and one for what is not."""
    one = word(words)
    keys = [*map(str, Interest)]

    def validate(value: Any, info: Info) -> str | dict[str, str]:
        if type(value) is not Map:
            found: str = one.validate(value, info)
            return found
        for name in value:
            if name not in keys:
                raise problem(f"{quoted(name)} is unknown; {meant(name, keys)}")
        made: dict[str, str] = {}
        for name, each in value.items():
            try:
                made[name] = one.validate(each, info)
            except PydanticCustomError as error:
                raise problem(f"{name}: {error.message()}") if error.type == PROBLEM else error from None
        if not made:
            raise problem(f"must have {' or '.join(keys)}, each with a severity")
        return made

    two = {"type": "object", "properties": dict.fromkeys(keys, one.schema), "minProperties": 1}
    return Value(validate, {"anyOf": [one.schema, {**two, "additionalProperties": False}]})


def _header_value(value: Any, _info: Info) -> str | None:
    """The text of a header, its references as they are written; None drops the header. Never repeated: a secret."""
    if value is None:
        return None
    if type(value) is not str:
        raise _not_text(value, secret=True)
    if "${" in value:
        _check_references(value)
    elif wrong := field_types.check_header_value(value):
        raise problem(wrong)
    return value


def _day(value: Any, info: Info) -> dt.date | str:
    """A day without a time; the text itself while it refers to variables that are not known yet."""
    found = value.raw if type(value) is Scalar and value.kind != BROKEN else value
    if type(found) is not str:
        raise unexpected("a day such as 2026-12-31", value)
    if type(value) is Scalar and isinstance(value.value, dt.datetime):
        raise problem("a day has no time; write it like 2026-12-31")
    if "${" in found:
        found = _expanded(found, info, field_types.check_day)
        if info.context.variables is None:
            return found
    elif wrong := field_types.check_day(found):
        raise problem(wrong)
    return dt.date.fromisoformat(found)


HEADER_VALUE: Final = Value(_header_value, {"anyOf": [{"type": "string"}, {"type": "null"}]})
DAY: Final = Value(_day, {"type": "string", "anyOf": [{"format": "date", "pattern": f"^{field_types.DAY}$"}, _MARKED]})


def no_twins(headers: dict[str, str | None]) -> dict[str, str | None]:
    """Return the headers, no two of one name: case does not count."""
    first: dict[str, str] = {}
    twins = [(name, other) for name in headers if (other := first.setdefault(fold(name), name)) != name]
    if twins:
        raise PydanticCustomError(TWINS, "twins", {"twins": twins})
    return headers


def _not_text(node: Any, *, secret: bool = False) -> PydanticCustomError:
    """Something that YAML 1.1 doesn't read as text, where text must be."""
    if node is None:
        return problem(_NULL_TEXT)
    if type(node) is not Scalar or node.kind == BROKEN:
        return unexpected("text", node)
    shown = "this" if secret else node.raw[:MAX_SHOWN]
    return problem(f"YAML 1.1 reads {shown} as {describe(node)}; put it in quotes")


def _unknown(found: str, words: Sequence[str]) -> str:
    if len(words) <= _FEW:
        return f"must be one of {', '.join(words)}; not {quoted(found)}"
    return f"{quoted(found)} is unknown; {meant(found, words)}"


def _expanded(value: str, info: Info, check: Check) -> str:
    """The text with its variables, checked; as it is, where they are not known yet."""
    variables = info.context.variables
    if variables is None:
        _check_references(value)
        return value
    try:
        value = expand(value, variables)
    except BadReference as exc:
        raise problem(str(exc)) from None
    if wrong := check(value):
        raise problem(wrong)
    return value


def _check_references(value: str) -> None:
    try:
        parse(value)
    except BadReference as exc:
        raise problem(str(exc)) from None
