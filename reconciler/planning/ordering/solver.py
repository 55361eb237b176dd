"""Orders the movers of a knot: writes whoever may go, lets one take two writes where none may, and so on.

A mover that can't go is kept with the one need that stops it, and looked at again when that need gets a server, so that
every step is cheap. In the end each runner that takes two writes is given a single one where there is a place for it.
The result depends on whose turn comes first; a small knot is therefore tried from each of its movers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconciler.planning.ordering.attempt import Attempt

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from reconciler.planning.ordering.knot import Knot

_TRIED_FROM_EACH: Final = 40
"""Movers up to which a knot is tried from each of them, in both directions; a larger one once."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """An order of single writes, the movers that take two, and for needs given up how many servers each is short.

    `firm` is how many of these needs are to be given up last.
    """

    order: tuple[int, ...]
    twice: frozenset[int]
    short: Mapping[int, int] = field(default_factory=dict)
    firm: int = 0

    @property
    def cost(self) -> tuple[int, int, int]:
        """What makes one order better than another: nothing firm given up, nothing at all, then few second writes."""
        return self.firm, sum(self.short.values()), len(self.twice)


def order_movers(knot: Knot, twicable: Collection[int]) -> Ordering:
    """Return an order of the knot's movers in which none of those that take two writes could take one.

    Only `twicable` may take two. Where no order is found even so, some movers break a need: `short` says which needs,
    and by how many servers.
    """
    at_least = 0 if any(knot.may_go_first(mover) for mover in knot.movers) else 1
    best = Ordering((), frozenset(), {})
    for number, movers in enumerate(_turns(knot)):
        found = _order(knot, movers, twicable)
        if not number or found.cost < best.cost:
            best = found
        if sum(best.cost) <= at_least:
            return best
    return best if best.short else _with_fewer(knot, best)


def _turns(knot: Knot) -> Sequence[Sequence[int]]:
    """The movers as they are; for a small knot also from each of them on, forwards and backwards."""
    movers = knot.movers
    if len(movers) > _TRIED_FROM_EACH:
        return (movers,)
    turns = ((*each[at:], *each[:at]) for each in (movers, movers[::-1]) for at in range(len(movers)))
    return tuple(dict.fromkeys(turns))


def _with_fewer(knot: Knot, found: Ordering) -> Ordering:
    """Give one write to whoever turns out to need only one while the others keep two.

    One alone that takes two needs no second look: every turn would have gone on without it if it could.
    """
    if len(found.twice) == 1 or len(knot.movers) > _TRIED_FROM_EACH:
        return found
    for mover in sorted(found.twice):
        others = found.twice - {mover}
        for movers in _turns(knot):
            fewer = _order(knot, movers, (), widened=others)
            if not fewer.short:
                found = fewer
                break
    return found


def _order(knot: Knot, movers: Sequence[int], twicable: Collection[int], widened: Collection[int] = ()) -> Ordering:
    attempt = Attempt(knot, movers, twicable, widened)
    attempt.finish()
    at = {mover: float(place) for place, mover in enumerate(attempt.order)}
    taken = set(at.values())
    twice = set(attempt.twice)
    for mover in sorted(attempt.twice):
        place = _place(mover, attempt, at, twice)
        if place is not None and place not in taken:
            at[mover] = place
            taken.add(place)
            twice.remove(mover)
    pairs = zip(knot.needs, attempt.least, strict=True)
    short: dict[int, int] = {}
    firm = 0
    for need, least in pairs:
        if least < need.least:
            short[need.source] = max(short.get(need.source, 0), need.least - least)
            firm += need.firm
    return Ordering(tuple(sorted(at, key=at.__getitem__)), frozenset(twice), short, firm)


def _place(mover: int, attempt: Attempt, at: dict[int, float], twice: set[int]) -> float | None:
    """Where in the order a mover could take one write: once its losses don't hurt, while its gains aren't needed."""
    knot = attempt.knot
    if any(_tight(number, attempt, at, twice) for number in knot.helps.get(mover, ())):
        return None
    earliest, latest = -1.0, float(len(knot.movers))
    for number in knot.loses.get(mover, ()):
        earliest = max(earliest, max((end for _, end in _tight(number, attempt, at, twice)), default=-1.0))
    for number in knot.gains.get(mover, ()):
        latest = min(latest, min((start for start, _ in _tight(number, attempt, at, twice)), default=latest))
    place = (earliest + latest) / 2
    return place if earliest < place < latest else None


def _tight(number: int, attempt: Attempt, at: dict[int, float], twice: set[int]) -> list[tuple[float, float]]:
    """The stretches of the order in which a need has just the servers it must have."""
    need = attempt.knot.needs[number]
    serving = len(need.losers) + len(need.gainers & twice) + len(attempt.knot.helpers[number] & twice)
    since = -1.0
    stretches = []
    for mover in sorted((need.losers | need.gainers) & at.keys(), key=at.__getitem__):
        if serving <= attempt.least[number]:
            stretches.append((since, at[mover]))
        serving += 1 if mover in need.gainers else -1
        since = at[mover]
    if serving <= attempt.least[number]:
        stretches.append((since, float(len(attempt.knot.movers))))
    return stretches
