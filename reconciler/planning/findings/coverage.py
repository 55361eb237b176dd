"""What the plan leaves without a server: tag sets, promises, everything.

Served sets are the maximal tag sets of active runners; what a set's subsets need, its server gives. A set that was
served is stranded when no runner carries all of it afterwards and no wildcard is left. Counting tag by tag would not
see it: `gpu` on one runner and `sdxl` on another do not serve `gpu+sdxl`. The work grows with the number of
distinct tag sets, not of runners (see `tagsets`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.model.enums import Severity
from reconciler.model.finding import Raised
from reconciler.planning.findings.demand import Askers
from reconciler.planning.serving.states import in_order, name_some, spell
from reconciler.planning.serving.tagsets import TagIndex, maximal, places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.planning.findings.rule import Proposal
    from reconciler.planning.serving.states import Serving, State, Tags

_EVERYTHING: Final[Tags] = frozenset()


class FleetChange:
    """The fleet by state, before and after."""

    def __init__(self, fleet: list[Serving]) -> None:
        self.fleet = fleet
        self.before = _by_state(fleet, [serving.before for serving in fleet])
        self.after = _by_state(fleet, [serving.after for serving in fleet])
        self.wildcards_before = self.before.pop(_EVERYTHING, [])
        self.wildcards_after = self.after.pop(_EVERYTHING, [])
        self.tagged_after = list(self.after)
        self.index_after = TagIndex(self.tagged_after)
        self.lost = [tags for tags in maximal(self.before) if not self.index_after.serves(tags)]


def _by_state(fleet: list[Serving], states: list[State]) -> dict[Tags, list[Serving]]:
    groups: dict[Tags, list[Serving]] = {}
    for serving, state in zip(fleet, states, strict=True):
        if state is not None:
            groups.setdefault(state, []).append(serving)
    return groups


def no_active_runner(proposal: Proposal) -> Iterator[Raised]:
    """No runner is active after the plan, and one was before."""
    change = proposal.shared(fleet_change)
    if change.after or change.wildcards_after:
        return
    before = sum(serving.before is not None for serving in change.fleet)
    if before:
        yield Raised(
            f"no runner is active after this plan, so no workflow can run; {before} active before. Keep one active"
        )


def broken_promises(proposal: Proposal) -> Iterator[Raised]:
    """Find where a promise does not hold after the plan; a warning where the plan does not lower it."""
    promises = proposal.policy.promises
    if not promises:
        return
    before = TagIndex([serving.before for serving in proposal.fleet])
    after = TagIndex([serving.after for serving in proposal.fleet])
    seen = set()
    for promise in promises:
        tags = frozenset(promise.tags)
        if (tags, promise.min_active) in seen:
            continue
        seen.add((tags, promise.min_active))
        have, had = after.containing(tags).bit_count(), before.containing(tags).bit_count()
        if have >= promise.min_active:
            continue
        lowered = have < had
        message = (
            f"{spell(tags) or 'any tags'}: have {have}, need {promise.min_active} active runners that serve it; "
            f"{had} before. {'Keep more of them active, or lower min_active' if lowered else 'It was broken before'}"
        )
        yield Raised(message, at=promise.at, severity=None if lowered else Severity.WARNING)


def stranded_tags(proposal: Proposal) -> Iterator[Raised]:
    """Find where a tag set that was served is served by no runner after the plan, or no wildcard is left."""
    change = proposal.shared(fleet_change)
    askers = Askers(proposal.demand, change.lost)
    if change.wildcards_before and not change.wildcards_after:
        lost = change.wildcards_before
        message = (
            "no wildcard is left: a workflow whose tags no runner carries together can't run any more; "
            f"{_names(lost)} took any workflow"
        )
        yield _about(lost, f"{message}{askers.spell()}", asked=askers.any)
    if change.wildcards_after:
        return
    for at, tags in enumerate(change.lost):
        lost = change.before[tags]
        message = f"{spell(tags)}: no active runner serves it after this plan; "
        served = f"{_names([*lost, *change.wildcards_before])} served it."
        said = f"{message}{served} {nearest_server(change, tags)}{askers.spell(at)}"
        yield _about(lost, said, asked=askers.asked(at))


def left_to_wildcards(proposal: Proposal) -> Iterator[Raised]:
    """Find where a tag set that tagged runners served is served by wildcards alone after the plan."""
    change = proposal.shared(fleet_change)
    if not change.wildcards_after:
        return
    for tags in change.lost:
        lost = change.before[tags]
        message = f"{spell(tags)}: only wildcards serve it after this plan ({_names(change.wildcards_after)}); "
        yield _about(lost, f"{message}{_names(lost)} carried these tags")


def fleet_change(proposal: Proposal) -> FleetChange:
    """Return the fleet by state, for all rules that look at it."""
    return FleetChange(in_order(proposal.fleet))


def nearest_server(change: FleetChange, tags: Tags) -> str:
    """Return which runner comes closest to serving a set after the plan, and what it lacks."""
    if not change.tagged_after:
        return "No runner is left active"
    closest = change.index_after.most_shared(tags)
    if not closest:
        return "No active runner carries any of these tags"
    # The fleet is in order, and so are its groups: the lowest bit is the first runner among equals.
    state = change.tagged_after[next(places(closest))]
    return f"Nearest is {change.after[state][0].label}, which lacks {spell(tags - state)}"


def _names(servings: Sequence[Serving]) -> str:
    return name_some([serving.label for serving in servings])


def _about(lost: list[Serving], message: str, *, asked: bool | None = None) -> Raised:
    """A case about the first runner that stopped serving: each of `lost` did, so each is changed by an action."""
    keys = [serving.key for serving in lost if serving.key is not None]
    return Raised(message, key=min(keys, default=None), asked=asked)
