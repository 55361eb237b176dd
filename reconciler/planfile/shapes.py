"""What the models of a plan document are made of: their base, words that enums close, and the fields of a runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, create_model
from pydantic_core import PydanticCustomError

from reconciler.model.fields.table import FIELD_NAMES, FIELDS
from reconciler.planfile.fingerprints import PINNED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

IN_EVERY_BODY: Final = ("name", "endpoint")
if TYPE_CHECKING:
    FieldName: TypeAlias = str
else:
    FieldName = Literal[FIELD_NAMES]


UNKNOWN_WORD: Final = "unknown_word"  # pydantic's kind of error for a word that no enum of this release has


def one_of(words: type[StrEnum]) -> AfterValidator:
    """Take the members of an enum only; the schema leaves it open, for a later minor version may have more."""
    known = frozenset(words)

    def check(word: str) -> str:
        if word not in known:
            raise PydanticCustomError(UNKNOWN_WORD, "none of those that this release knows")
        return word

    return AfterValidator(check)


class Model(BaseModel):
    """Strict in types, open to keys that a later minor version adds."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


def _model(name: str, what: str, fields: Mapping[str, Any]) -> type[Model]:
    made: type[Model] = create_model(name, __base__=Model, __doc__=what, __module__=__name__, **fields)
    return made


if TYPE_CHECKING:
    Body: TypeAlias = Model
    LiveModel: TypeAlias = Model
else:
    Body = _model(
        "Body",
        "The body of one write, its secret header values as `(sensitive)`.",
        {
            field.name: (field.json_type, ...) if field.name in IN_EVERY_BODY else (field.json_type | None, None)
            for field in FIELDS
        },
    )
    LiveModel = _model(
        "LiveModel",
        "A live runner as the plan read it, its header values as fingerprints.",
        {field.name: (field.json_type, ...) for field in PINNED},
    )
