"""The fewest runners that must take two writes, found exactly, by trying none, then each one, then each pair.

A runner that takes two writes serves the union of before and after from before the first mover's write until after the
last one's, so it only has to be left out of the order and counted as a server. Whether the others have an order is
searched over the sets of movers already written. The search counts its steps: a knot that is too hard is left to
`order_greedy`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from reconciler.planning.ordering.stages import Stage


class TooHard(Exception):
    """The steps allowed are used up."""


@dataclass(slots=True)
class Steps:
    """How many steps a search may take: movers looked at. Counted, so that a plan does not depend on speed."""

    left: int

    def take(self, count: int) -> None:
        """Use some up; raises TooHard when there are none left."""
        self.left -= count
        if self.left < 0:
            raise TooHard


@dataclass(frozen=True, slots=True)
class Ordering:
    """An order of single writes, the movers that take two, and for needs given up how many servers each is short."""

    order: tuple[int, ...]
    twice: frozenset[int]
    short: Mapping[int, int] = field(default_factory=dict)


def fewest_twice(
    stages: Sequence[Stage], helpers: Mapping[int, Collection[int]], twicable: Iterable[int], steps: Steps
) -> Ordering | None:
    """An order of all movers of the stages in which the fewest of `twicable` take two writes; None if there is none.

    `helpers` are, by a need's source, the movers that serve its set only between two writes.
    """
    candidates = sorted(twicable)
    for size in range(len(candidates) + 1):
        for chosen in combinations(candidates, size):
            order = _order_all(stages, helpers, frozenset(chosen), steps)
            if order is not None:
                return Ordering(tuple(order), frozenset(chosen))
    return None


def _order_all(
    stages: Sequence[Stage], helpers: Mapping[int, Collection[int]], twice: frozenset[int], steps: Steps
) -> list[int] | None:
    order: list[int] = []
    for stage in stages:
        part = _order(stage, helpers, twice, steps)
        if part is None:
            return None
        order.extend(part)
    return order


def _order(
    stage: Stage, helpers: Mapping[int, Collection[int]], twice: frozenset[int], steps: Steps
) -> list[int] | None:
    movers = [mover for mover in stage.movers if mover not in twice]
    bit = {mover: 1 << at for at, mover in enumerate(movers)}
    rules = []
    for need in stage.needs:
        always = twice & need.losers | twice & need.gainers | twice.intersection(helpers.get(need.source, ()))
        least = need.least - len(always)
        losers = sum(bit[mover] for mover in need.losers - twice)
        if least > 0 and losers:
            rules.append((least, losers, sum(bit[mover] for mover in need.gainers - twice)))
    path = _search([[rule for rule in rules if rule[1] & each] for each in bit.values()], steps)
    return None if path is None else [movers[at] for at in path]


def _search(rules_of: list[list[tuple[int, int, int]]], steps: Steps) -> list[int] | None:
    """Depth first over the sets of movers done; each is looked at once."""
    everyone = (1 << len(rules_of)) - 1
    seen = {0}
    path: list[int] = []
    done = [0]
    choices = [_choices(0, rules_of, steps)]
    while choices:
        if done[-1] == everyone:
            return path
        while choices[-1]:
            at = choices[-1].pop()
            after = done[-1] | 1 << at
            if after not in seen:
                seen.add(after)
                path.append(at)
                done.append(after)
                choices.append(_choices(after, rules_of, steps))
                break
        else:
            choices.pop()
            done.pop()
            if path:
                path.pop()
    return None


def _choices(done: int, rules_of: list[list[tuple[int, int, int]]], steps: Steps) -> list[int]:
    """The movers that may be written next, the best last; only one if that can't harm."""
    steps.take(1 + len(rules_of))
    safe = []
    for at, rules in enumerate(rules_of):
        if done >> at & 1:
            continue
        after = done | 1 << at
        if not rules:
            return [at]
        if all((losers & ~after | gainers & after).bit_count() >= least for least, losers, gainers in rules):
            safe.append(at)
    safe.reverse()
    return safe
