"""Changes of one field: of a scalar, of tags, of headers. `origin` is None, or says where a change comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.enums import ChangeOrigin


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalarChange:
    """A string that becomes another one; `before` is None for a create."""

    field: str
    before: str | None = None
    after: str
    origin: ChangeOrigin | None = None

    @property
    def subject(self) -> str:
        """What a sentence calls the change."""
        return self.field


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsChange:
    """A set of tags that becomes another one: both in the order they were written in, and their differences."""

    field: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    origin: ChangeOrigin | None = None

    @property
    def subject(self) -> str:
        """What a sentence calls the change."""
        return self.field


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadersChange:
    """Headers that are added, removed or get another value, by name.

    `unknown` are names whose values could not be compared; `public` maps the names of public headers among the others
    to their (before, after) values.
    """

    field: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    public: Mapping[str, tuple[str | None, str | None]] | None = None
    origin: ChangeOrigin | None = None

    @property
    def subject(self) -> str:
        """What a sentence calls the change: names, never values."""
        return f"{self.field} ({', '.join(sorted({*self.added, *self.removed, *self.changed, *self.unknown}))})"

    @property
    def is_known(self) -> bool:
        """Whether anything is known to change; values that could not be compared may be the same."""
        return bool(self.added or self.removed or self.changed)


Change: TypeAlias = ScalarChange | TagsChange | HeadersChange
