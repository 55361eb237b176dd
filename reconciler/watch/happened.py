"""What one cycle came to, and the status that follows from it. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler.model.enums import OutcomeStatus
from reconciler.watch.state import MAX_HEALS
from reconciler.watch.status import SUCCESSES, Counts, Cycle, CycleResult, Drifted, Noticed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.errors import ReconcilerError
    from reconciler.model.demand import Demand
    from reconciler.model.health import Probed
    from reconciler.model.plan import Plan
    from reconciler.model.report import Report, RequestCount
    from reconciler.model.watching import Watching
    from reconciler.watch.state import State
    from reconciler.watch.status import Status

_EXIT_CODES: Final = {CycleResult.FAILED: 3, CycleResult.REFUSED: 5, CycleResult.ERROR: 1}
_ON_A_STOP: Final = frozenset({OutcomeStatus.APPLIED, OutcomeStatus.NOT_ATTEMPTED})
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Happened:
    """How a cycle ended (None: it waits), why, and what it planned and wrote.

    `plan` is the whole fleet's, what is contested included; None where none could be made. `waits` says whose the lock
    is that this watch waits for, `error` what ended the cycle.
    """

    result: CycleResult | None
    reason: str
    plan: Plan | None = None
    report: Report | None = None
    waits: str | None = None
    error: ReconcilerError | None = None

    @property
    def cut_short(self) -> bool:
        """Whether it was only asked to stop: what is not written was not begun, and nothing failed."""
        report = self.report
        return report is not None and report.interrupted and all(each.status in _ON_A_STOP for each in report.outcomes)

    @property
    def exit_code(self) -> int:
        """What a single cycle exits with."""
        if self.error is not None:
            return self.error.exit_code
        return 0 if self.result is None else _EXIT_CODES.get(self.result, 0)


def status_after(
    before: Status,
    happened: Happened,
    state: State,
    *,
    watching: Watching,
    revision: str | None,
    troubles: Mapping[str, str],
    health: Mapping[str, Probed],
    started_at: str,
    ended_at: str,
    duration_s: float,
) -> Status:
    """Return the status that one more cycle leads to. Times are ISO 8601 UTC."""
    contested = {key: _fields_of(key, state) for key in sorted(state.contested)}
    after = replace(before, revision=revision, troubles=dict(troubles), waits_for=happened.waits)
    after = replace(after, contested=contested, health=dict(health), mode=watching.mode, suspended=watching.suspend)
    if happened.result is None:
        return after
    cycle = Cycle(started_at=started_at, duration_s=duration_s, result=happened.result, reason=happened.reason)
    after = replace(after, cycle=cycle, cycles=before.cycles + 1)
    if happened.result in SUCCESSES:
        after = replace(after, last_success_at=ended_at)
    if happened.plan is None:
        return after
    drifted = _left(happened.plan, happened.report)
    findings = tuple(
        Noticed(each.code, each.severity, each.key, each.message, each.accepted) for each in happened.plan.findings
    )
    since = (before.drift_since or started_at) if drifted else None
    return replace(
        after, drifted=drifted, findings=findings, drift_since=since, workflows=_workflows(happened.plan.demand)
    )


def _workflows(demand: Demand | None) -> dict[str, int]:
    if demand is None:
        return {}
    counts = Counter(served=0, unserved=0)
    for each in demand.asked:
        counts["served" if each.after else "unserved"] += each.under_way
    return dict(counts)


def counted(counts: Counts, happened: Happened, requests: RequestCount) -> Counts:
    """Return the totals after one more cycle."""
    if happened.result is None:
        return replace(counts, requests=requests)
    cycles = Counter(counts.cycles)
    cycles[happened.result] += 1
    writes = Counter(counts.writes)
    writes.update(each.status for each in (happened.report.outcomes if happened.report else ()))
    return Counts(cycles=dict(cycles), writes=dict(writes), requests=requests)


def refusals(plan: Plan) -> str:
    """Return the findings that refuse a plan, in one line."""
    found = [f"{each.code}: {each.message}" for each in plan.findings if each.refuses]
    return _some(found)


def not_applied(report: Report) -> str:
    """Return what was not applied and why, in one line."""
    left = [each for each in report.outcomes if each.status != OutcomeStatus.APPLIED]
    why = [f"{each.key} {each.status}" + (f": {each.error.message}" if each.error else "") for each in left]
    return f"{len(left)} of {len(report.outcomes)} not applied: {_some(why)}"


def _some(lines: list[str]) -> str:
    more = len(lines) - _SHOWN
    return "; ".join((*lines[:_SHOWN], *((f"and {more} more",) if more > 0 else ())))


def _left(plan: Plan, report: Report | None) -> tuple[Drifted, ...]:
    """The runners that a cycle leaves different from the manifests; of a create there is no field."""
    done = (
        {each.key for each in report.outcomes if each.status == OutcomeStatus.APPLIED} if report else frozenset[str]()
    )
    return tuple(
        Drifted(each.key, tuple(change.field for change in each.changes) if each.id else ())
        for each in plan.actions
        if each.key not in done
    )


def _fields_of(key: str, state: State) -> tuple[str, ...]:
    return tuple(sorted(name for (owner, name), count in state.heals.items() if owner == key and count >= MAX_HEALS))
