"""Findings about what workflows ask for: sets that the plan strands, sets that no runner serves, and who asks for what.

A workflow that could run before a plan and can't after it asks for a set that was served and is not any more. What is
known is a sample of workflows: a set that none of them asks for may be asked for all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.finding import Raised
from reconciler.planning.serving.states import describe, name_some
from reconciler.planning.serving.tagsets import TagIndex, places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.demand import Asked, Demand
    from reconciler.planning.findings.rule import Proposal
    from reconciler.planning.serving.states import Tags


def stranded_workflows(proposal: Proposal) -> Iterator[Raised]:
    """Workflows under way ask for a set that a runner serves now and none serves after the plan."""
    index: TagIndex | None = None
    for asked in _unserved(proposal, served_before=True):
        tags = frozenset(asked.tags)
        index = index or TagIndex([serving.before for serving in proposal.fleet])
        lost = [proposal.fleet[place] for place in places(index.containing(tags))]
        keys = [serving.key for serving in lost if serving.key is not None]
        names = name_some(sorted(serving.label for serving in lost))
        yield Raised(
            f"{describe(tags)}: {_under_way(asked)}, and no runner serves it after this plan; {names} served it. Keep "
            "one that does, or give all its tags to another runner",
            key=min(keys, default=None),
            asked=True,
        )


def unserved_demand(proposal: Proposal) -> Iterator[Raised]:
    """Workflows under way ask for a set that no runner serves, neither now nor after the plan."""
    for asked in _unserved(proposal, served_before=False):
        tags = frozenset(asked.tags)
        yield Raised(
            f"{describe(tags)}: {_under_way(asked)}, and no runner serves it, now or after this plan: they wait. Give "
            "all its tags to one active runner, or cancel them",
            asked=True,
        )


class Askers:
    """Who asks for lost sets: workflows whose own set is served now, is not after the plan, and is part of one."""

    def __init__(self, demand: Demand | None, lost: Sequence[Tags]) -> None:
        self._demand = demand
        self._all = [asked for asked in demand.asked if asked.before and not asked.after] if demand else []
        self._of: dict[int, list[Asked]] = {}
        if self._all and lost:
            index = TagIndex([tags or None for tags in lost])
            for asked in self._all:
                for place in places(index.containing(frozenset(asked.tags))):
                    self._of.setdefault(place, []).append(asked)

    @property
    def any(self) -> bool | None:
        """Whether anything that the plan strands is asked for; None where that is not known."""
        return None if self._demand is None else bool(self._all)

    def asked(self, place: int) -> bool | None:
        """Whether the lost set at a place is asked for; None where that is not known."""
        return None if self._demand is None else place in self._of

    def spell(self, place: int | None = None) -> str:
        """Who asks for the lost set at a place, or for anything stranded, as the end of a sentence."""
        if self._demand is None:
            return ""
        found = self._all if place is None else self._of.get(place, [])
        return f". {spell_asked(found, self._demand.recent)}"


def spell_asked(found: Sequence[Asked], recent: int) -> str:
    """`Asked by 3 workflows under way and 37 of the last 500, since 2026-01-15T10:30:00Z`; or that none asked."""
    under_way, of_late = sum(each.under_way for each in found), sum(each.recent for each in found)
    if not under_way and not of_late:
        return f"No workflow under way asks for it{f', and none of the last {recent} did' if recent else ''}"
    now = f"{under_way} {'workflow' if under_way == 1 else 'workflows'} under way"
    since = min(each.since for each in found)
    return f"Asked by {now}{f' and {of_late} of the last {recent}' if recent else ''}, since {since}"


def _unserved(proposal: Proposal, *, served_before: bool) -> Iterator[Asked]:
    if proposal.demand is not None:
        for asked in proposal.demand.asked:
            if asked.under_way and not asked.after and bool(asked.before) is served_before:
                yield asked


def _under_way(asked: Asked) -> str:
    one = asked.under_way == 1
    who = f"{asked.under_way} {'workflow' if one else 'workflows'} under way {'asks' if one else 'ask'}"
    return f"{who} for it since {asked.since}"
