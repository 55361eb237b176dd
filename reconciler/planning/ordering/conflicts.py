"""Which movers take one write, in which order, and which take two; and what can't be kept served by any order.

A mover that waits only for runners that only gain, or is covered by runners that only lose, is free: the first are
written before all movers, the second after them. Only sets that movers alone serve can tie them up. What is tied up
is cut into stages (`stages`), stages that one runner's two writes could serve are ordered together (`solver`), and a
requirement that no order keeps is lowered, its parts taking its place, until all the rest is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler.model.fields.spec import MAX_TAGS
from reconciler.planning.ordering.knot import Knot
from reconciler.planning.ordering.solver import Ordering, order_movers
from reconciler.planning.ordering.stages import Need, cut_into_stages
from reconciler.planning.serving.states import ANY
from reconciler.planning.serving.tagsets import TagIndex, maximal, places

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from reconciler.model.policy import Promise
    from reconciler.planning.ordering.requirements import Changeover, Requirement
    from reconciler.planning.ordering.stages import Stage
    from reconciler.planning.serving.states import Tags

_NOTHING: Final[Tags] = frozenset()
MOST_SETS: Final = 5_000
"""That change hands; each is weighed against every knot it ties."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The movers' writes: single ones in `order`, those of `twice` before (widen) and after (narrow) them.

    `requirements` are those that hold; `lowered` those as they were before something had to be given up.
    """

    order: tuple[int, ...]
    twice: frozenset[int]
    requirements: tuple[Requirement, ...]
    lowered: tuple[Requirement, ...]


def resolve(
    changeover: Changeover,
    promises: Sequence[Promise],
    *,
    two_phase: bool,
    asked: Collection[Tags] = (),
    most_sets: int = MOST_SETS,
) -> Resolution:
    """Order the movers of a changeover. Raises TooManySets when over `most_sets` tag sets change hands.

    Where something has to be given up, it is what no workflow asks for, if any is `asked`, and no promise.
    """
    requirements = changeover.requirements(promises, most_sets)
    lowered: list[Requirement] = []
    states: TagIndex | None = None
    knots = _Knots(changeover, changeover.not_kept(asked), two_phase=two_phase)
    while True:
        found = knots.untie(requirements)
        if not found.short:
            return Resolution(found.order, found.twice, tuple(requirements), tuple(lowered))
        lowered.extend(requirements[source] for source in sorted(found.short))
        states = states or changeover.states(knots.unions)
        requirements = _lower(changeover, requirements, found.short, lowered, states)


def _lower(
    changeover: Changeover,
    requirements: list[Requirement],
    short: Mapping[int, int],
    lowered: list[Requirement],
    states: TagIndex,
) -> list[Requirement]:
    kept = []
    for source, requirement in enumerate(requirements):
        least = requirement.least - short.get(source, 0)
        if least > requirement.stable:
            kept.append(replace(requirement, least=least))
    # A set implied its parts; now that it is given up they have to be kept on their own.
    index = TagIndex([requirement.tags or None for requirement in kept if requirement.promise is None])
    given_up = {requirement.tags for requirement in lowered if requirement.promise is None}
    parts = {
        part
        for source in short
        if requirements[source].promise is None
        for part in changeover.parts(requirements[source].tags, states)
        if part not in given_up and not index.serves(part)
    }
    return [*kept, *(changeover.requirement(part, 1) for part in sorted(maximal(parts), key=sorted))]


class _Knots:
    """Finds and unties what is tied up."""

    def __init__(self, changeover: Changeover, asked: Collection[Tags], *, two_phase: bool) -> None:
        self._asked = asked
        self.movers = changeover.movers
        self._bits = (1 << self.movers.stop) - (1 << self.movers.start)
        self._runners = changeover.runners
        self._unions: dict[int, Tags] = {}
        if two_phase:
            for mover in self.movers:
                union = (self._runners[mover].before or _NOTHING) | (self._runners[mover].after or _NOTHING)
                if len(union) <= MAX_TAGS:
                    self._unions[mover] = union
        self._index = TagIndex([self._unions.get(place) for place in range(self.movers.stop)])

    @property
    def unions(self) -> Collection[Tags]:
        """What the movers that may take two writes serve between them."""
        return self._unions.values()

    def untie(self, requirements: Sequence[Requirement]) -> Ordering:
        """Return all movers, and how far the requirements are short of what they ask."""
        firm = self._firm(requirements)
        found = (self._need(at, each, firm=bool(firm >> at & 1)) for at, each in enumerate(requirements))
        needs = [need for need in found if need is not None]
        stages = cut_into_stages(self.movers, needs)
        tied = [stage for stage in stages if stage.needs]
        helpers = {need.source: self._helpers(requirements[need.source].tags) for stage in tied for need in stage.needs}
        twice: set[int] = set()
        rank: dict[int, int] = {}
        short: dict[int, int] = {}
        for knot in _knots(tied, helpers):
            ordering = order_movers(Knot(knot, helpers), self._unions.keys())
            twice |= ordering.twice
            rank.update((mover, at) for at, mover in enumerate(ordering.order))
            short.update(ordering.short)
        return Ordering(
            tuple(
                mover
                for stage in stages
                for mover in sorted(stage.movers, key=lambda mover: rank.get(mover, 0))
                if mover not in twice
            ),
            frozenset(twice),
            short,
        )

    def _firm(self, requirements: Sequence[Requirement]) -> int:
        """The requirements without which an asked set goes unserved, and the promises, as bits."""
        if not self._asked:
            return 0
        index = TagIndex([None if each.tags is ANY else each.tags or None for each in requirements])
        firm = 0
        for tags in self._asked:
            firm |= index.containing(tags)
        for at, each in enumerate(requirements):
            if each.promise is not None or each.tags is ANY or not each.tags:
                firm |= 1 << at
        return firm

    def _need(self, source: int, requirement: Requirement, *, firm: bool) -> Need | None:
        others = (requirement.losers | requirement.gainers) & ~self._bits
        least = requirement.least - requirement.stable - others.bit_count()
        if least <= 0:
            return None
        losers, gainers = requirement.losers & self._bits, requirement.gainers & self._bits
        return Need(source, least, frozenset(places(losers)), frozenset(places(gainers)), firm)

    def _helpers(self, tags: Tags) -> frozenset[int]:
        """The movers that serve a set between their two writes, and neither before nor after."""
        unions = places(self._index.containing(tags))
        return frozenset(mover for mover in unions if not self._serves(mover, tags))

    def _serves(self, mover: int, tags: Tags) -> bool:
        runner = self._runners[mover]
        return tags <= (runner.before or _NOTHING) or tags <= (runner.after or _NOTHING)


def _knots(tied: Sequence[Stage], helpers: Mapping[int, Collection[int]]) -> list[list[Stage]]:
    """Stages that the same runner's two writes could serve, together; in the order of stages within each knot."""
    linked: dict[int, int] = {}

    def root(mover: int) -> int:
        while linked.setdefault(mover, mover) != mover:
            mover = linked[mover] = linked[linked[mover]]
        return mover

    for stage in tied:
        for mover in set(stage.movers).union(*(helpers[need.source] for need in stage.needs)):
            linked[root(mover)] = root(stage.movers[0])
    knots: dict[int, list[Stage]] = {}
    for stage in tied:
        knots.setdefault(root(stage.movers[0]), []).append(stage)
    return list(knots.values())
