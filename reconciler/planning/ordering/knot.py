"""A knot: movers that have to be ordered together, for each waits for another of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from reconciler.planning.ordering.stages import Need, Stage


class Knot:
    """Movers that have to be ordered together, and what they need.

    `helpers` are, by a need's source, the movers that serve its set between their two writes only; they need not be
    tied up themselves.
    """

    def __init__(self, stages: Sequence[Stage], helpers: Mapping[int, Collection[int]]) -> None:
        self.movers: tuple[int, ...] = tuple(mover for stage in stages for mover in stage.movers)
        self.needs: tuple[Need, ...] = tuple(need for stage in stages for need in stage.needs)
        self.loses: dict[int, list[int]] = {mover: [] for mover in self.movers}
        self.gains: dict[int, list[int]] = {mover: [] for mover in self.movers}
        self.helps: dict[int, list[int]] = {}
        self.helpers = [frozenset(helpers.get(need.source, ())) for need in self.needs]
        for at, need in enumerate(self.needs):
            for mover in sorted(need.losers):
                self.loses[mover].append(at)
            for mover in sorted(need.gainers):
                self.gains[mover].append(at)
            for mover in sorted(self.helpers[at]):
                self.helps.setdefault(mover, []).append(at)

    def may_go_first(self, mover: int) -> bool:
        """Whether a mover needs no other before it."""
        return all(len(self.needs[at].losers) > self.needs[at].least for at in self.loses[mover])
