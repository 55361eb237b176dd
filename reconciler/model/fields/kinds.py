"""Kinds of fields: what equality, a change, JSON, a fingerprint and a digest are for a scalar, tags and headers."""

# ruff: noqa: D102 - each method is described once, in Field

from __future__ import annotations

from abc import ABC, abstractmethod
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar, cast

from reconciler.model.enums import RunnerStatus
from reconciler.model.fields.change import HeadersChange, ScalarChange, TagsChange
from reconciler.model.fields.endpoint import same_endpoint
from reconciler.model.fields.headers import Headers, fold
from reconciler.model.secret import Unresolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from reconciler.model.fields.change import Change
    from reconciler.model.fields.spec import RunnerSpec
    from reconciler.model.secret import HeaderValue

    Show = Callable[[str, HeaderValue], str]
    """Gives the text of a header's value, by its name."""
    Mark = Callable[[str, HeaderValue], str]
    """Gives the fingerprint of a header's value, by its folded name."""
    Keep = Callable[[str, str], HeaderValue]
    """Makes a header's value of its text, by its name."""

Value = TypeVar("Value")
_KNOWN_STATUSES: Final = frozenset(RunnerStatus)


class Field(ABC, Generic[Value]):
    """One field: how it is equal, what its change is, its JSON, its fingerprint and its digest."""

    json_type: ClassVar[Any]
    """The type of its JSON, fingerprints included: header values are texts in both."""
    is_secret: ClassVar[bool] = False

    def __init__(self, name: str) -> None:
        self.name: Final = name
        self.of: Final[Callable[[RunnerSpec], Value]] = attrgetter(name)
        """Reads the field."""

    def can_send(self, value: Value) -> bool:
        """Whether the service is sure to take a value that it gave; what is not sent keeps its value."""
        del value
        return True

    @abstractmethod
    def change(self, after: Value, before: Value) -> Change | None:
        """Compare; None where both are known to mean the same."""

    @abstractmethod
    def creation(self, after: Value) -> Change | None:
        """Say what a create sets; None where that is nothing worth a line."""

    def document(self, value: Value, show: Show) -> Any:
        """Give the JSON form, header values as `show` has them."""
        del show
        return value

    def read(self, document: Any, keep: Keep) -> Value:
        """Give the value of a JSON form of the right shape, header values as `keep` makes them."""
        del keep
        return cast("Value", document)

    def digest(self, value: Value, shown: Mapping[str, str]) -> Any:
        """Give what a manifest's digest is over; `shown` has headers with their values as references."""
        del shown
        return value

    def fingerprint(self, value: Value, mark: Mark) -> Any:
        """Give what a saved plan remembers of a live value, as JSON."""
        return self.document(value, mark)

    def drift(self, before: Any, now: Any) -> Iterator[str]:
        """Say how two fingerprints of a live value differ, a line each."""
        if before != now:
            yield f"live {self.name} changed since the plan: {before} -> {now}"


class Scalar(Field[str]):
    """A string, equal to itself only."""

    json_type = str

    def change(self, after: str, before: str) -> Change | None:
        if after == before or self.same(after, before):
            return None
        return ScalarChange(field=self.name, before=before, after=after)

    def same(self, one: str, other: str) -> bool:
        """Whether two spellings mean the same."""
        return one == other

    def creation(self, after: str) -> Change | None:
        return ScalarChange(field=self.name, after=after) if after else None


class Endpoint(Scalar):
    """A URL, equal after normalisation."""

    def same(self, one: str, other: str) -> bool:
        return same_endpoint(one, other)


class Status(Scalar):
    """The status, which may be one that this version does not know."""

    def can_send(self, value: str) -> bool:
        return value in _KNOWN_STATUSES

    def document(self, value: str, show: Show) -> Any:
        del show
        return str(value)  # A member of the enum is no JSON text: it would differ from the same word read from a file.


class Tags(Field["tuple[str, ...]"]):
    """A set of tags, kept in the order and spelling of whoever wrote it."""

    json_type = list[str]

    def change(self, after: tuple[str, ...], before: tuple[str, ...]) -> Change | None:
        if after == before:
            return None
        new, old = frozenset(after), frozenset(before)
        if new == old:
            return None
        return TagsChange(
            field=self.name,
            before=before,
            after=after,
            added=_once(tag for tag in after if tag not in old),
            removed=_once(tag for tag in before if tag not in new),
        )

    def creation(self, after: tuple[str, ...]) -> Change | None:
        return TagsChange(field=self.name, after=after, added=_once(after)) if after else None

    def document(self, value: tuple[str, ...], show: Show) -> Any:
        del show
        return list(value)

    def read(self, document: Any, keep: Keep) -> tuple[str, ...]:
        del keep
        return tuple(document)

    def drift(self, before: Any, now: Any) -> Iterator[str]:
        old, new = frozenset(before), frozenset(now)
        if old != new:
            moves = [*(f"+{tag}" for tag in sorted(new - old)), *(f"-{tag}" for tag in sorted(old - new))]
            yield f"live {self.name} changed since the plan: {' '.join(moves)}"


class HeaderMap(Field[Headers]):
    """Headers, by name in any case. Their values are secrets: JSON and fingerprints hold marks in their place."""

    json_type = dict[str, str]
    is_secret = True

    def change(self, after: Headers, before: Headers) -> Change | None:
        """None when they are known to be the same; a change of only `unknown` when they may be.

        Where live has two spellings of one name, the one spelled as in `after` is compared, the others are removed.
        """
        added: list[str] = []
        changed: list[str] = []
        unknown: list[str] = []
        public: dict[str, tuple[str | None, str | None]] = {}
        kept: set[str] = set()
        for name, value in after.items():
            spelling = before.spelling(name)
            if spelling is None:
                added.append(name)
                _publish(public, name, None, value)
                continue
            kept.add(spelling)
            current = before[spelling]
            if isinstance(value, Unresolved) or isinstance(current, Unresolved):
                unknown.append(name)
            elif value != current:
                changed.append(name)
                _publish(public, name, current, value)
        removed = [name for name in before if name not in kept] if len(kept) < len(before) else []
        for name in removed:
            _publish(public, name, before[name], None)
        if not (added or removed or changed or unknown):
            return None
        return HeadersChange(
            field=self.name,
            added=tuple(added),
            removed=tuple(removed),
            changed=tuple(changed),
            unknown=tuple(unknown),
            public=public or None,
        )

    def creation(self, after: Headers) -> Change | None:
        public = {name: (None, value) for name, value in after.items() if isinstance(value, str)}
        return HeadersChange(field=self.name, added=tuple(after), public=public or None) if after else None

    def document(self, value: Headers, show: Show) -> Any:
        return {name: show(name, each) for name, each in value.items()}

    def read(self, document: Any, keep: Keep) -> Headers:
        return Headers({name: keep(name, text) for name, text in document.items()})

    def digest(self, value: Headers, shown: Mapping[str, str]) -> Any:
        del value
        return sorted(shown.items())

    def fingerprint(self, value: Headers, mark: Mark) -> Any:
        """Give a fingerprint for each folded name; a name known in two spellings has both values in it."""
        found: dict[str, str] = {}
        for name, each in value.items():
            folded = fold(name)
            found[folded] = found.get(folded, "") + mark(folded, each)
        return found

    def drift(self, before: Any, now: Any) -> Iterator[str]:
        for name in sorted(before.keys() | now.keys()):
            if name not in now:
                yield f"live header {name} is gone since the plan"
            elif name not in before:
                yield f"live header {name} is new since the plan"
            elif before[name] != now[name]:
                yield f"live header {name} has changed since the plan"


def _publish(
    public: dict[str, tuple[str | None, str | None]], name: str, before: HeaderValue | None, after: HeaderValue | None
) -> None:
    if isinstance(before, str) or isinstance(after, str):
        public[name] = (public_value(before), public_value(after))


def public_value(value: HeaderValue | None) -> str | None:
    """Return the text of a header value that may be shown; None for one that may not."""
    return value if isinstance(value, str) else None


def _once(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))
