"""The types of single values: what each takes and becomes, what its problems are, and its JSON Schema.

A value is validated as the YAML node that it is, so that a number can't pass for text. Texts that may refer to
variables are expanded here, with the variables of the validation context.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import PydanticCustomError, core_schema

from reconciler.manifests.format import field_types
from reconciler.manifests.secrets.references import BadReference, expand, parse
from reconciler.manifests.yaml.nodes import BOOL, BROKEN, INT, Scalar, describe
from reconciler.manifests.yaml.scalars import MAX_DIGITS
from reconciler.manifests.yaml.trail import MAX_SHOWN, quoted
from reconciler.model.policy import Limit
from reconciler.model.suggestions import meant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo

    Info = ValidationInfo["Context"]

    Check = Callable[[str], str | None]
    """Says what is wrong with a text, None for nothing."""
    Validate = Callable[[Any, Info], Any]

PROBLEM: Final = "problem"
"""The type of an error whose message is ready for people."""
BAD_KEY: Final = "bad_key"
"""The same, about the key itself rather than its value."""
TWINS: Final = "twins"
"""The type of an error about names that differ only in case: `twins` are pairs, the earlier name second."""
ALREADY: Final = "already"
"""The type of an error that was reported when the file was read as YAML."""

_MARKED: Final = {"pattern": r"\$\{"}
"""A text with variables in it: what it comes to is not known to an editor."""
_NULL: Final = "is null; give a value, or take the key out"
_NULL_TEXT: Final = "YAML 1.1 reads this as null; give a text, in quotes if need be, or take the key out"
_FEW: Final = 8
"""Words up to which a message lists all of them, rather than guess the one that was meant."""


@dataclass(slots=True)
class Context:
    """What validators need to know besides the value.

    `variables` None leaves a text that refers to variables as it is, checked for its form only: which variables there
    are is known when it is used. `again` says that reading goes on without what is wrong: names of keys were reported,
    and a list may be empty only now.
    """

    variables: Mapping[str, str] | None = None
    again: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """Annotates a type with its validator and its JSON Schema."""

    validate: Validate
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """What pydantic calls for every value of the type."""
        return core_schema.with_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """A copy, for pydantic adds to it."""
        return dict(self.schema)


@dataclass(frozen=True, slots=True, eq=False)
class Keyword:
    """Adds a keyword to the JSON Schema of a type; the check is the validator's."""

    name: str
    value: int

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The type's own schema, and the keyword."""
        return {**handler(schema), self.name: self.value}


def problem(message: str) -> PydanticCustomError:
    """An error with a message that is ready for people."""
    return PydanticCustomError(PROBLEM, "{message}", {"message": message})


def no_twins(headers: dict[str, str | None]) -> dict[str, str | None]:
    """The headers, no two of one name: case does not count."""
    first: dict[str, str] = {}
    twins = [(name, other) for name in headers if (other := first.setdefault(name.lower(), name)) != name]
    if twins:
        raise PydanticCustomError(TWINS, "twins", {"twins": twins})
    return headers


def text(check: Check, **schema: object) -> Value:
    """A text in which variables are expanded before it is checked."""

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
    """A text in which nothing is expanded; a `${` in it is an error, unless it `marks` nothing there."""

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
    """The key of a mapping."""

    def validate(value: Any, info: Info) -> str:
        if (wrong := check(value)) and not info.context.again:
            raise PydanticCustomError(BAD_KEY, "{message}", {"message": wrong})
        return str(value)

    return Value(validate, {"type": "string", "pattern": f"^{pattern}$"})


def word(words: Sequence[str], *, expands: bool = False) -> Value:
    """One of a few words. `off` may be unquoted, though YAML 1.1 reads it as false: nothing else could be meant."""

    def check(value: str) -> str | None:
        return None if value in words else _unknown(value, words)

    def validate(value: Any, info: Info) -> str:
        found = value.raw.lower() if type(value) is Scalar and value.kind == BOOL else value
        if type(found) is not str:
            raise _not_text(value)
        if expands and "${" in found:
            return _expanded(found, info, check)
        if wrong := check(found):
            raise problem(wrong)
        return found

    listed: list[str | bool] = [*words]
    if "off" in words:
        listed.append(False)  # what a YAML 1.1 reader makes of it
    marked = {"anyOf": [{"enum": listed}, {"type": "string", **_MARKED}]}
    return Value(validate, marked if expands else {"enum": listed})


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


def _flag(value: Any, _info: Info) -> bool:
    if type(value) is Scalar and type(value.value) is bool:
        return value.value
    raise unexpected("true or false, without quotes", value)


def _version(value: Any, _info: Info) -> int:
    if type(value) is Scalar and value.kind == INT:
        if value.value == 1:
            return 1
        raise problem(f"this release reads version 1, not {value.raw[:MAX_SHOWN]}")
    raise unexpected("the number 1, without quotes", value)


def _count(value: Any, _info: Info, what: str = "a count") -> int:
    if not (type(value) is Scalar and value.kind == INT):
        raise unexpected(what, value)
    if value.raw.startswith("-"):
        raise problem("must be 0 or more")
    if not isinstance(value.value, int):
        raise problem(f"is no number of at most {MAX_DIGITS} digits")
    return value.value


def _limit(value: Any, info: Info) -> Limit:
    if type(value) is not str:
        return Limit(_count(value, info, "a count or a percentage such as 50%"))
    if wrong := field_types.check_percentage(value):
        raise problem(wrong)
    return Limit(float(value[:-1]), percent=True)


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
FLAG: Final = Value(_flag, {"type": "boolean"})
VERSION: Final = Value(_version, {"const": 1})
COUNT: Final = Value(_count, {"type": "integer", "minimum": 0})
LIMIT: Final = Value(_limit, {"anyOf": [COUNT.schema, {"type": "string", "pattern": f"^{field_types.PERCENTAGE}$"}]})
DAY: Final = Value(_day, {"type": "string", "anyOf": [{"format": "date", "pattern": f"^{field_types.DAY}$"}, _MARKED]})


def unexpected(what: str, node: Any, *, empty: str = "") -> PydanticCustomError:
    """A value of another kind. `empty` is how an empty one is written, where that has a meaning."""
    if node is None:
        return problem(f"is null; write {empty} if empty is meant, or take the key out" if empty else _NULL)
    if type(node) is Scalar and node.kind == BROKEN:
        return PydanticCustomError(ALREADY, "reported with the file")
    return problem(f"must be {what}; this is {describe(node)}")


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
