"""What the models of manifests and project files have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic.fields import FieldInfo
    from pydantic_core.core_schema import CoreSchema

T = TypeVar("T")

NO_CREDENTIALS: Final = dict.fromkeys(
    ("api_url", "api-url", "api_token", "token"),
    "the API's address and token never belong in a file, where a pull request could send the token to another host; "
    "set COMFYCONTROL_API_URL and COMFYCONTROL_API_TOKEN in the environment",
)


class Model(BaseModel):
    """A mapping of known keys. Built when it is first used: building takes longer than most commands.

    `elsewhere` says of keys that don't belong here where they do, or why they don't.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)
    elsewhere: ClassVar[Mapping[str, str]] = NO_CREDENTIALS

    @classmethod
    def keys(cls) -> dict[str, FieldInfo]:
        """Return the keys as they are written."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}

    def by_key(self) -> dict[str, Any]:
        """Return what is declared, by the keys as they are written."""
        fields = type(self).model_fields
        return {fields[name].alias or name: getattr(self, name) for name in fields if name in self.model_fields_set}


class _NotNull:
    """None says that a key is not there; written as null it is an error."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema: Any = handler(source)
        inner: CoreSchema = schema["schema"]
        return inner


Declared = Annotated[T | None, _NotNull()]
"""A key that may be left out, and is None then."""


def optional(about: str, *examples: object) -> Any:
    """Return a key that may be left out: what it means, for editors, and examples."""
    return Field(default=None, description=about, examples=list(examples) or None)


def required(about: str, *examples: object) -> Any:
    """Return a key that must be there. The first example is what the message about a missing one suggests."""
    return Field(description=about, examples=list(examples))


def plain(annotation: Any) -> Any:
    """Return a type without what annotates it, and without None."""
    while not (isinstance(annotation, type) or get_origin(annotation) in (list, dict)):
        annotation = annotation.__origin__ if hasattr(annotation, "__metadata__") else get_args(annotation)[0]
    return annotation


def is_model(found: Any) -> bool:
    """Whether a type is a mapping of known keys."""
    return isinstance(found, type) and issubclass(found, Model)
