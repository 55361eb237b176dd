"""What to do next: state, plan and time in, a decision and a new state out. Pure: no clock, no chance, no I/O.

    revise -> (plan) -> contest -> (plan without the contested) -> judge -> (write) -> settle -> next_cycle

A cycle takes the source's revision (`revise`), plans, finds which runners are contested (`contest`) and plans again
without them if there are any, lets `judge` say whether to write that, and reports what became of it (`settle`).
Whatever fails goes through `failed`. `next_cycle` says when to begin again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from reconciler.model.enums import OutcomeStatus
from reconciler.model.watching import Mode
from reconciler.watch.state import MAX_HEALS, State, Trouble
from reconciler.watch.status import CycleResult

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from reconciler.model.plan import Plan
    from reconciler.model.report import Report
    from reconciler.watch.state import FieldOf

JITTER: Final = 0.1
"""A cycle starts every interval, so much of it earlier or later."""

_UNTOUCHED: Final = frozenset({OutcomeStatus.NOT_ATTEMPTED, OutcomeStatus.STALE})
"""Outcomes of an action that wrote nothing."""


@dataclass(frozen=True, slots=True)
class Write:
    """Write the plan."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Write nothing; `reason` says why, for the log, and `result` how such a cycle ends."""

    result: CycleResult
    reason: str


Decision: TypeAlias = Write | Idle

IN_STEP: Final = Idle(CycleResult.IN_STEP, "in step")
SUSPENDED: Final = Idle(CycleResult.SUSPENDED, "suspended")
REPORTING: Final = Idle(CycleResult.DRIFT, "mode report")
REFUSED: Final = Idle(CycleResult.REFUSED, "a guard refuses")
INCOMPLETE: Final = Idle(CycleResult.ERROR, "a value is not known")
CONTESTED: Final = Idle(CycleResult.CONTESTED, "what differs is contested")
PAUSED: Final = Idle(CycleResult.FAILED, "writes are backing off")


def revise(state: State, revision: str) -> State:
    """Return the state on a revision. A new one forgets what was contested and every back-off: it may fix the cause."""
    if revision == state.revision:
        return state
    return State(revision=revision, first=state.revision is None)


def contest(state: State, plan: Plan, *, by_health: Collection[str] = ()) -> State:
    """Return the state that knows which runners of the whole fleet's plan are contested.

    That is a runner with a field that was written back MAX_HEALS times on this revision and differs again; it is not
    written any more until a new revision comes. `by_health` are the runners whose status changes because of their
    health: that is no other writer's doing. The plan is the proof that reading works again.
    """
    again = {key for key, name in _differing(plan, by_health) if state.heals.get((key, name), 0) >= MAX_HEALS}
    return replace(works(state, Trouble.READS), contested=state.contested | again)


def judge(state: State, plan: Plan, now: float, *, mode: Mode, suspended: bool) -> tuple[Decision, State]:
    """Whether to write a plan that leaves the contested runners out."""
    decision = _decide(state, plan, now, mode=mode, suspended=suspended)
    return decision, replace(state, planned=True) if isinstance(decision, Idle) else state


def _decide(state: State, plan: Plan, now: float, *, mode: Mode, suspended: bool) -> Decision:
    if suspended:
        return SUSPENDED
    if not plan.has_changes:
        return CONTESTED if state.contested else IN_STEP
    if mode is not Mode.APPLY:
        return REPORTING
    if any(finding.refuses for finding in plan.findings):
        return REFUSED
    if not plan.applyable:
        return INCOMPLETE
    return PAUSED if now < state.backoff(Trouble.WRITES).until else Write()


def settle(state: State, plan: Plan, report: Report, now: float, *, by_health: Collection[str] = ()) -> State:
    """Return the state after a write: heals counted, and the back-off of writes grown or gone.

    What the first plan of a new commit writes is the commit's own and no heal; at the very start of a watch there is
    no commit to distinguish it from, so it counts.
    """
    heals = dict(state.heals)
    touched = {each.key for each in report.outcomes if each.status not in _UNTOUCHED}
    if state.planned or state.first:
        for each in _differing(plan, by_health):
            if each[0] in touched:
                heals[each] = heals.get(each, 0) + 1
    state = replace(state, planned=True, heals=heals)
    whole = all(each.status == OutcomeStatus.APPLIED for each in report.outcomes)
    return works(state, Trouble.WRITES) if whole else failed(state, Trouble.WRITES, now)


def failed(state: State, trouble: Trouble, now: float) -> State:
    """Return the state after a failure of one kind: its own pause doubles, the others stay."""
    return replace(state, backoffs={**state.backoffs, trouble: state.backoff(trouble).grow(now)})


def works(state: State, trouble: Trouble) -> State:
    """Return the state after a success of one kind: its back-off is gone."""
    if trouble not in state.backoffs:
        return state
    return replace(state, backoffs={kind: backoff for kind, backoff in state.backoffs.items() if kind is not trouble})


def hurry(state: State) -> State:
    """Return the state after SIGHUP: whatever backs off is tried at once."""
    return replace(state, backoffs={})


def may_look(state: State, now: float) -> bool:
    """Whether the source may be asked for its revision; while it backs off, the last one stays in force."""
    return now >= state.backoff(Trouble.GIT).until


def next_cycle(state: State, started: float, now: float, *, interval_s: float, chance: float) -> float:
    """Return when the next cycle begins (monotonic seconds), for one that began at `started` and is over `now`.

    `chance` is uniform in 0 to 1. That is an interval after the start, 10 % earlier or later, or sooner, when a pause
    of git or of writes ends before. While reads fail it is when their pause ends, however long that is.
    """
    if Trouble.READS in state.backoffs:
        return max(now, state.backoffs[Trouble.READS].until)
    due = max(now, started + interval_s * (1 - JITTER + 2 * JITTER * chance))
    return min([due, *(backoff.until for backoff in state.backoffs.values() if backoff.until > now)])


def _differing(plan: Plan, by_health: Collection[str]) -> Iterator[FieldOf]:
    """Each field that another writer may have changed. A create has none: nothing was there to change."""
    for action in plan.actions:
        if action.id is None:
            continue
        for change in action.changes:
            if change.field != "status" or action.key not in by_health:
                yield action.key, change.field
