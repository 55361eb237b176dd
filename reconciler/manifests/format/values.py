"""The types of single values: what each takes and becomes, what its problems are, and its JSON Schema.

A value is validated as the YAML node that it is, so that a number can't pass for text: for that, see `texts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import PydanticCustomError, core_schema

from reconciler.manifests.format import field_types
from reconciler.manifests.yaml.nodes import BROKEN, FLOAT, INT, Scalar, describe
from reconciler.manifests.yaml.scalars import MAX_DIGITS
from reconciler.manifests.yaml.trail import MAX_SHOWN
from reconciler.model.health import MAX_IN_A_ROW, MIN_SECONDS
from reconciler.model.policy import Limit
from reconciler.model.watching import MAX_INTERVAL_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo

    Info = ValidationInfo["Context"]

    Validate = Callable[[Any, Info], Any]

PROBLEM: Final = "problem"
"""The type of an error whose message is ready for people."""
BAD_KEY: Final = "bad_key"
"""The same, about the key itself rather than its value."""
TWINS: Final = "twins"
"""The type of an error about names that differ only in case: `twins` are pairs, the earlier name second."""
ALREADY: Final = "already"
"""The type of an error that was reported when the file was read as YAML."""

_NULL: Final = "is null; give a value, or take the key out"


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
    """Return an error with a message that is ready for people."""
    return PydanticCustomError(PROBLEM, "{message}", {"message": message})


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


def _interval(value: Any, info: Info) -> int:
    seconds = _count(value, info, "a whole number of seconds")
    if not 1 <= seconds <= MAX_INTERVAL_S:
        raise problem(f"must be 1 to {MAX_INTERVAL_S} seconds")
    return seconds


def _seconds(value: Any, _info: Info) -> float:
    number = value.value if type(value) is Scalar and value.kind in (INT, FLOAT) else None
    if not isinstance(number, int | float):
        raise unexpected("a number of seconds, without quotes", value)
    if not MIN_SECONDS <= number <= MAX_INTERVAL_S:
        raise problem(f"must be {MIN_SECONDS:g} to {MAX_INTERVAL_S} seconds")
    return float(number)


def _in_a_row(value: Any, info: Info) -> int:
    number = _count(value, info, "a whole number")
    if not 1 <= number <= MAX_IN_A_ROW:
        raise problem(f"must be 1 to {MAX_IN_A_ROW}")
    return number


def _limit(value: Any, info: Info) -> Limit:
    if type(value) is not str:
        return Limit(_count(value, info, "a count or a percentage such as 50%"))
    if wrong := field_types.check_percentage(value):
        raise problem(wrong)
    return Limit(float(value[:-1]), percent=True)


FLAG: Final = Value(_flag, {"type": "boolean"})
VERSION: Final = Value(_version, {"const": 1})
COUNT: Final = Value(_count, {"type": "integer", "minimum": 0})
SECONDS: Final = Value(_seconds, {"type": "number", "minimum": MIN_SECONDS, "maximum": MAX_INTERVAL_S})
IN_A_ROW: Final = Value(_in_a_row, {"type": "integer", "minimum": 1, "maximum": MAX_IN_A_ROW})
INTERVAL: Final = Value(_interval, {"type": "integer", "minimum": 1, "maximum": MAX_INTERVAL_S})
LIMIT: Final = Value(_limit, {"anyOf": [COUNT.schema, {"type": "string", "pattern": f"^{field_types.PERCENTAGE}$"}]})


def unexpected(what: str, node: Any, *, empty: str = "") -> PydanticCustomError:
    """Return a value of another kind. `empty` is how an empty one is written, where that has a meaning."""
    if node is None:
        return problem(f"is null; write {empty} if empty is meant, or take the key out" if empty else _NULL)
    if type(node) is Scalar and node.kind == BROKEN:
        return PydanticCustomError(ALREADY, "reported with the file")
    return problem(f"must be {what}; this is {describe(node)}")
