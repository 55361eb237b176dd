"""Questions about many tag sets at once: which contain these tags, and how much of them is carried together.

This is what makes 10,000 runners cheap. Runners are not compared with runners: for each tag an index keeps where it
occurs, and the sets that contain all of up to ten tags are an AND of ten whole numbers, one bit a set. A tag that
occurs in a few places only is answered by looking at these. The nearest set is found by adding up the numbers of its
tags, all sets at once. The largest parts of a set that some other carries are found by a walk over its tags, rarest
first, that leaves a branch as soon as one set is left in it or all it could find is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.planning.serving.states import State, Tags

_NOTHING: Final[Tags] = frozenset()
_FEW: Final = 24
"""Up to so many sets, looking at each is cheaper than whole numbers with one bit for every set."""


class TagIndex:
    """Runner states by position; bit i of a result is state i. A wildcard contains every set of tags."""

    def __init__(self, states: Sequence[State]) -> None:
        self._states = states
        self._places: dict[str, list[int]] = {}
        self._columns: dict[str, int] = {}
        wildcards: list[int] = []
        active: list[int] = []
        for place, state in enumerate(states):
            if state is None:
                continue
            active.append(place)
            if not state:
                wildcards.append(place)
            for tag in state:
                self._places.setdefault(tag, []).append(place)
        self._wildcards = self._bits(wildcards)
        self._active = self._bits(active)

    def containing(self, tags: Tags) -> int:
        """Return the states that serve `tags`."""
        if not tags:
            return self._active
        rarest = self._rarest(tags)
        if len(rarest) <= _FEW:
            found = self._wildcards
            for place in rarest:
                state = self._states[place]
                if state is not None and tags <= state:
                    found |= 1 << place
            return found
        return self._all_of(tags) | self._wildcards

    def serves(self, tags: Tags) -> bool:
        """Whether any state serves `tags`."""
        if self._wildcards:
            return True
        if not tags:
            return bool(self._active)
        rarest = self._rarest(tags)
        if len(rarest) <= _FEW:
            states = self._states
            return any(tags <= (states[place] or _NOTHING) for place in rarest)
        return bool(self._all_of(tags))

    def largest_parts(self, tags: Tags) -> list[Tags]:
        """Return the maximal subsets of `tags` that some state serves; none if nothing is active."""
        if not self._active:
            return []
        return [tags] if self.serves(tags) else self._largest(tags, self._active)

    def smaller_parts(self, tags: Tags) -> list[Tags]:
        """Return the maximal subsets of `tags` that states serve which don't serve all of it; there may be none."""
        others = self._active & ~self.containing(tags)
        return self._largest(tags, others) if others else []

    def _largest(self, tags: Tags, within: int) -> list[Tags]:
        known = sorted((tag for tag in tags if tag in self._places), key=lambda tag: (len(self._places[tag]), tag))
        if sum(len(self._places[tag]) for tag in known) <= _FEW:
            carriers = {place for tag in known for place in self._places[tag] if within >> place & 1}
            parts = {tags & (self._states[place] or _NOTHING) for place in carriers}
            return [part for part in parts if not any(part < other for other in parts)] or [_NOTHING]
        return [frozenset(tag for at, tag in enumerate(known) if mask >> at & 1) for mask in self._walk(known, within)]

    def most_shared(self, tags: Tags) -> int:
        """Return the tagged states that carry more of `tags` than any other does; 0 when none carries one.

        All states are counted at once: the columns of the tags are added up as binary numbers, digit by digit.
        """
        digits: list[int] = []
        for tag in tags:
            carry = self._column(tag) if tag in self._places else 0
            for at, digit in enumerate(digits):
                if not carry:
                    break
                digits[at], carry = digit ^ carry, digit & carry
            if carry:
                digits.append(carry)
        best = 0
        for digit in reversed(digits):
            best = (best & digit or best) if best else digit
        return best

    def _walk(self, tags: list[str], states: int) -> list[int]:
        """The largest parts that these states carry, as masks over `tags`.

        With a tag comes before without it, so that no find contains another.
        """
        columns = [self._column(tag) for tag in tags]
        everything = (1 << len(tags)) - 1
        found: list[int] = []

        def descend(within: int, mask: int, at: int) -> None:
            possible = mask | everything >> at << at
            if any(possible & ~other == 0 for other in found):
                return
            if not within & (within - 1):
                state = self._states[within.bit_length() - 1] or _NOTHING
                mask = sum(1 << place for place, tag in enumerate(tags) if tag in state)
                if not any(mask & ~other == 0 for other in found):
                    found.append(mask)
                return
            if at == len(tags):
                found.append(mask)
                return
            narrower = within & columns[at]
            if narrower:
                descend(narrower, mask | 1 << at, at + 1)
            if narrower != within:
                descend(within, mask, at + 1)

        descend(states, 0, 0)
        return found

    def _rarest(self, tags: Tags) -> list[int]:
        places = self._places
        shortest: list[int] | None = None
        for tag in tags:
            of_tag = places.get(tag)
            if of_tag is None:
                return []
            if shortest is None or len(of_tag) < len(shortest):
                shortest = of_tag
        return shortest or []

    def _all_of(self, tags: Tags) -> int:
        found = self._active
        for tag in tags:
            found &= self._column(tag)
            if not found:
                break
        return found

    def _column(self, tag: str) -> int:
        column = self._columns.get(tag)
        if column is None:
            at = self._places[tag]
            column = self._bits(at)
            if len(at) > _FEW:
                self._columns[tag] = column
        return column

    def _bits(self, places: list[int]) -> int:
        if not places:
            return 0
        octets = bytearray(places[-1] // 8 + 1)
        for place in places:
            octets[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(octets, "little")


def maximal(sets: Iterable[Tags]) -> list[Tags]:
    """Return the sets that no other contains, each once, in the order of their first occurrence."""
    distinct = list(dict.fromkeys(sets))
    if len(distinct) > 1:
        distinct = [each for each in distinct if each]
    index = TagIndex(distinct)
    longest = max(map(len, distinct), default=0)
    return [each for each in distinct if len(each) == longest or _only_one(index.containing(each))]


def places(bits: int) -> Iterator[int]:
    """Yield the positions of the bits that are set, lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _only_one(bits: int) -> bool:
    return not bits & (bits - 1)
