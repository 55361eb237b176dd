"""Header names and values: names are the same in any case (RFC 9110, 5.1), and keep the spelling they came in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, KeysView, ValuesView

    from reconciler.model.secret import HeaderValue


def fold(name: str) -> str:
    """Give the form in which equal header names are equal strings: `X-Pool` and `x-pool` are both `x-pool`."""
    return name.lower()


class Headers(Mapping[str, "HeaderValue"]):
    """Headers of a runner: frozen, in the order and spelling they came in, looked up by name in any case.

    A service may know one name in two spellings, and a full replacement must send both back: iteration, `items` and
    `len` see every spelling; a lookup finds the one that is asked for, else the first of that name.
    """

    __slots__ = ("_folded", "_spelled")

    def __init__(self, values: Mapping[str, HeaderValue] | None = None) -> None:
        self._spelled: dict[str, HeaderValue] = dict(values or {})
        self._folded: dict[str, tuple[str, ...]] | None = None

    def __getitem__(self, name: str) -> HeaderValue:
        spelling = self.spelling(name)
        if spelling is None:
            raise KeyError(name)
        return self._spelled[spelling]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.spelling(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._spelled)

    def __len__(self) -> int:
        return len(self._spelled)

    def __eq__(self, other: object) -> bool:
        """Whether names, in any case, and values are the same; the order does not count."""
        if not isinstance(other, Headers):
            return self == Headers(other) if isinstance(other, Mapping) else NotImplemented
        if self._spelled == other._spelled:
            return True
        names, other_names = self.spellings, other.spellings
        return names.keys() == other_names.keys() and all(
            [self._spelled[each] for each in sorted(names[name])] == [other[each] for each in sorted(other_names[name])]
            for name in names
        )

    def __hash__(self) -> int:
        return hash(frozenset(self.spellings))

    def __repr__(self) -> str:
        return f"Headers({self._spelled!r})"

    def keys(self) -> KeysView[str]:
        """Give every name as spelled."""
        return self._spelled.keys()

    def values(self) -> ValuesView[HeaderValue]:
        """Give every value."""
        return self._spelled.values()

    def items(self) -> ItemsView[str, HeaderValue]:
        """Give every name as spelled, with its value."""
        return self._spelled.items()

    @property
    def spellings(self) -> Mapping[str, tuple[str, ...]]:
        """Every name folded, with its spellings in order."""
        if self._folded is None:
            found: dict[str, tuple[str, ...]] = {}
            for name in self._spelled:
                folded = fold(name)
                found[folded] = (*found.get(folded, ()), name)
            self._folded = found
        return self._folded

    def spelling(self, name: str) -> str | None:
        """Find how a name is spelled here: as given if it is there so, else its first spelling, else None."""
        if name in self._spelled:
            return name
        return next(iter(self.spellings.get(fold(name), ())), None) if self._spelled else None

    def every(self, name: str) -> tuple[HeaderValue, ...]:
        """Give the values of all spellings of a name."""
        return tuple(self._spelled[each] for each in self.spellings.get(fold(name), ()))


NO_HEADERS: Final = Headers()
