"""The planner: desired and live in, one plan out.

    match -> statuses by health -> one action a pair -> retire -> findings -> order -> plan

Actions are what `--target` lets through and the policy does not skip. All else, guards, promises and findings included,
sees the whole fleet, in which a runner that is not written keeps its live state.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from reconciler.model.enums import ActionKind, RunnerStatus, UnmanagedMode
from reconciler.model.plan import Budget, Plan, UnmanagedRunner
from reconciler.model.runner import list_reads
from reconciler.planning import actions as act
from reconciler.planning import health as by_health
from reconciler.planning.findings.registry import plan_findings
from reconciler.planning.findings.rule import Proposal
from reconciler.planning.findings.severity import check_acknowledged, settle
from reconciler.planning.match import match
from reconciler.planning.ordering.arrange import arrange
from reconciler.planning.serving.capacity import FleetCount
from reconciler.planning.serving.states import Serving
from reconciler.planning.targets import targeted

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from reconciler.model.demand import Demand
    from reconciler.model.health import Probed
    from reconciler.model.plan import Action
    from reconciler.model.policy import Policy
    from reconciler.model.runner import Desired, Listing, LiveRunner
    from reconciler.planning.match import Matching
    from reconciler.planning.serving.states import State
    from reconciler.settings import RateLimit


def make_plan(
    desired: Desired,
    listing: Listing,
    policy: Policy,
    *,
    api_url: str,
    environment: str | None,
    created_at: str,
    rate_limit: RateLimit,
    verify: bool = True,
    sandbox: str | None = None,
    live_as_of: str | None = None,
    health: Mapping[str, Probed] | None = None,
    asked_first: Demand | None = None,
) -> Plan:
    """Make the plan that brings live to desired; the same for any order of its inputs.

    `created_at` is ISO 8601 UTC; `verify` whether a list is read after the writes;
    `live_as_of` when a snapshot is taken for live; `health` what the endpoints that were asked for this plan have
    shown, by key: it decides a status that is `auto`; `asked_first` the demand that the order of writes goes by, that
    of the listing unless given: an order that was shown is to come out again although other workflows came since.
    Raises ManifestError for entries that match no or several runners, UsageProblem for a target that matches no entry
    and for the acknowledgement of an unknown finding.
    """
    check_acknowledged(policy)
    entries = {entry.key: entry for entry in desired.runners}
    picked = targeted(entries, policy.targets) - policy.skipped
    matching = match(desired.runners, sorted(listing.runners, key=attrgetter("id")))
    asked = {key: probed for key, probed in (health or {}).items() if key in picked}
    hosted = list(_managed(listing))
    draft = _draft(by_health.decide(matching, asked), picked, policy, hosted)
    unhealthy = by_health.candidates(matching, asked)
    if off := by_health.may_go(unhealthy, draft.fleet, policy.promises):
        draft = _draft(by_health.disable(draft.matching, off), picked, policy, hosted)
    matching, pairs, retired, actions, fleet = draft
    written = {action.key: action for action in actions}
    count = FleetCount(fleet)
    demand = None if listing.demand is None else count.of_demand(listing.demand)
    first = asked_first or demand
    firm = [frozenset(each.tags) for each in first.asked] if first else []
    arranged = arrange(actions, fleet, policy.promises, two_phase=policy.guard.two_phase, asked=firm)
    proposal = Proposal(matching, picked, actions, fleet, arranged, policy, asked, demand)
    return Plan(
        created_at=created_at,
        api_url=api_url,
        environment=environment,
        manifest_digest=desired.digest,
        complete=desired.complete and not pairs.unknown,
        actions=arranged.actions,
        unchanged=pairs.unchanged,
        unmanaged=_unmanaged(matching.unmanaged, retired, policy),
        findings=settle(plan_findings(proposal), entries, written, policy),
        gates=arranged.gates,
        capacity=count.changes(),
        demand=demand,
        managed=None if listing.managed is None else len(listing.managed),
        budget=_budget(arranged.actions, listing, rate_limit, verify=verify),
        account=listing.account,
        live_as_of=live_as_of,
        sandbox=sandbox,
        targets=policy.targets,
    )


class _Draft(NamedTuple):
    """What would be written for a matching, in the order of the keys, and what the whole fleet then serves."""

    matching: Matching
    pairs: _Compared
    retired: Mapping[str, Action]
    actions: list[Action]
    fleet: list[Serving]


def _draft(matching: Matching, picked: Container[str], policy: Policy, hosted: Sequence[Serving]) -> _Draft:
    pairs = _compare(matching, picked)
    retired = _retired(matching.unmanaged, policy)
    actions = sorted((*pairs.actions, *retired.values()), key=attrgetter("key"))
    fleet = [*_fleet(matching, {action.key: action for action in actions}, retired), *hosted]
    return _Draft(matching, pairs, retired, actions, fleet)


class _Compared(NamedTuple):
    """The actions of the targeted pairs; the count of pairs, targeted or not, that match already."""

    actions: list[Action]
    unchanged: int
    unknown: bool


def _compare(matching: Matching, picked: Container[str]) -> _Compared:
    found: list[Action] = []
    unchanged = 0
    any_unknown = False
    for desired, live, by in matching.pairs:
        if live is None:
            action: Action | None = act.create(desired)
        else:
            action, unknown = act.update(desired, live, by)
            any_unknown |= unknown
            unchanged += action is None
        if action is not None and desired.key in picked:
            found.append(action)
    return _Compared(found, unchanged, any_unknown)


def _retired(unmanaged: Sequence[LiveRunner], policy: Policy) -> dict[str, Action]:
    """The disable actions by live id: of unmanaged runners in scope, in a run that reads and writes everything."""
    if policy.targets:
        return {}
    return {
        live.id: act.retire(live)
        for live in unmanaged
        if live.spec.status != RunnerStatus.DISABLED
        and any(fnmatchcase(live.spec.name, glob) for glob in policy.retire_unmanaged)
    }


def _fleet(matching: Matching, written: Mapping[str, Action], retired: Mapping[str, Action]) -> list[Serving]:
    """What every runner serves before and after; runners of the same tags share one set."""
    sets: dict[tuple[str, ...], frozenset[str]] = {}

    def state(status: str, tags: tuple[str, ...]) -> State:
        if status != RunnerStatus.ACTIVE:
            return None
        shared = sets.get(tags)
        return sets.setdefault(tags, frozenset(tags)) if shared is None else shared

    fleet: list[Serving] = []
    for desired, live, _by in matching.pairs:
        before = None if live is None else state(live.spec.status, live.spec.tags)
        action = written.get(desired.key)
        after = before if action is None else state(*_in_the_end(action))
        fleet.append(Serving(desired.key, desired.key, before, after))
    for live in matching.unmanaged:
        before = state(live.spec.status, live.spec.tags)
        action = retired.get(live.id)
        fleet.append(Serving(action.key if action else None, live.spec.name, before, None if action else before))
    return fleet


def _managed(listing: Listing) -> Iterator[Serving]:
    """The service's own runners, which serve the same before and after."""
    for each in listing.managed or ():
        state = frozenset(each.tags) if each.status == RunnerStatus.ACTIVE else None
        yield Serving(None, each.label, state, state)


def _in_the_end(action: Action) -> tuple[str, tuple[str, ...]]:
    """Status and tags that a created or updated runner ends with."""
    spec = action.requests[-1].body.spec
    return spec.status, spec.tags


def _unmanaged(unmanaged: Sequence[LiveRunner], retired: Container[str], policy: Policy) -> tuple[UnmanagedRunner, ...]:
    """Sorted by name; without those that the plan retires, which are actions."""
    if policy.unmanaged == UnmanagedMode.IGNORE:
        return ()
    shown = (UnmanagedRunner(live.id, live.spec.name) for live in unmanaged if live.id not in retired)
    return tuple(sorted(shown, key=attrgetter("name", "id")))


def _budget(actions: Sequence[Action], listing: Listing, rate_limit: RateLimit, *, verify: bool) -> Budget:
    writes = sum(len(action.requests) for action in actions)
    checks = sum(action.checks for action in actions)
    after = len(listing.runners) + sum(action.action == ActionKind.CREATE for action in actions)
    closing = list_reads(after) if verify and actions else 0
    seconds = rate_limit.floor_s(listing.reads + writes + checks + closing)
    return Budget(reads=listing.reads, writes=writes, checks=checks, seconds=seconds, verify=closing)
