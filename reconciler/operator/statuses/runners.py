"""The status of a Runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.model.enums import ActionKind, OutcomeStatus
from reconciler.model.health import Health
from reconciler.operator.resources.names import in_spec
from reconciler.operator.resources.resource import key_of
from reconciler.operator.statuses import conditions as of
from reconciler.operator.statuses.conditions import Condition, by_type, conditions
from reconciler.operator.statuses.observed import called

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.plan import Plan
    from reconciler.model.report import Outcome
    from reconciler.operator.resources.resource import Ref, Resource
    from reconciler.operator.statuses.observed import Observed
    from reconciler.watch.happened import Happened

_NOT_PROBED: Final = Condition(of.HEALTHY, of.UNKNOWN, "NotProbed", "its endpoint is not probed")
_NO_ACCOUNT: Final = "NoAccount"
_HELD: Final = Condition(
    of.SYNCED, of.UNKNOWN, of.HELD, "it is not written until its endpoint has answered as a ComfyUI"
)
_IN_SYNC: Final = Condition(of.SYNCED, of.TRUE, of.IN_SYNC, "the live runner is as the spec says")
_WHY: Final = {
    of.SUSPENDED: "nothing is written while the account is suspended",
    of.DRIFTED: "mode report writes nothing",
}
_HEALTH: Final = {
    Health.HEALTHY: Condition(of.HEALTHY, of.TRUE, "Answers", "its endpoint answers as a ComfyUI"),
    Health.UNHEALTHY: Condition(of.HEALTHY, of.FALSE, "Unhealthy", "its endpoint does not answer as a ComfyUI"),
    Health.UNKNOWN: Condition(of.HEALTHY, of.UNKNOWN, "NotSure", "its endpoint was not probed often enough to be sure"),
}


class RunnerStatuses:
    """The statuses of the Runners of one Account, after one cycle."""

    def __init__(self, observed: Observed, synced_of_account: Condition) -> None:
        self._observed = observed
        self._account = synced_of_account
        self._differs = {each.key: each.fields for each in observed.status.drifted}
        in_force = observed.in_force
        self._in_force = {each.uid: each.generation for each in in_force.runners} if in_force else {}
        report = observed.happened.report if observed.happened else None
        self._outcomes: Mapping[str, Outcome] = {each.key: each for each in report.outcomes} if report else {}

    def status(self, runner: Resource) -> dict[str, Any]:
        """Return the status of one Runner."""
        observed, key = self._observed, key_of(runner.ref)
        planned = self._is_in_force(runner)
        synced, healthy = self._synced(runner, key), self._healthy(key) if planned else _NOT_PROBED
        found = (of.ready(synced, healthy), synced, healthy, self._contested(key), suspended(observed))
        before = observed.before(runner)
        outcome = self._outcomes.get(key)
        live = (outcome.id if outcome else None) or observed.ids.get(key) or before.get("id")
        differs = self._differs.get(key, ()) if planned else ()
        return _status(runner, found, observed, **({"id": live} if live else {}), differs=sorted(map(in_spec, differs)))

    def written(self, runner: Resource) -> str | None:
        """Return what this cycle wrote of a Runner, in words; None: nothing."""
        key = key_of(runner.ref)
        outcome, happened = self._outcomes.get(key), self._observed.happened
        if outcome is None or outcome.status != OutcomeStatus.APPLIED or happened is None or happened.plan is None:
            return None
        if outcome.action == ActionKind.CREATE:
            return "created"
        changes = next((each.changes for each in happened.plan.actions if each.key == key), ())
        return f"written: {', '.join(sorted({in_spec(each.field) for each in changes}))}"

    def _is_in_force(self, runner: Resource) -> bool:
        return self._in_force.get(runner.uid) == runner.generation

    def _synced(self, runner: Resource, key: str) -> Condition:
        problems, happened = self._observed.problems, self._observed.happened
        if runner.ref in problems:
            return _synced(of.FALSE, of.INVALID, problems[runner.ref])
        if not self._is_in_force(runner):
            return self._not_in_force()
        if happened is None or happened.plan is None:
            return self._as_before(runner)
        if key in self._differs:
            return self._drifted(key, happened, happened.plan)
        return _HELD if key in self._observed.held else _IN_SYNC

    def _not_in_force(self) -> Condition:
        problems = self._observed.problems
        if problems:
            return _synced(of.UNKNOWN, of.BLOCKED, f"not in force yet: {first_problem(problems)}")
        return self._as_account()

    def _as_before(self, runner: Resource) -> Condition:
        """Without a plan, what the last one of this generation led to."""
        last = by_type(self._observed.before(runner)).get(of.SYNCED, {})
        if last.get("observedGeneration") == runner.generation and last.get("reason") in of.PLANNED:
            return _synced(last["status"], last["reason"], last["message"])
        return self._as_account()

    def _as_account(self) -> Condition:
        """Not planned yet: because of what its Account says, unless that says nothing about it."""
        if self._account.status == of.UNKNOWN:
            return self._account
        return _synced(of.UNKNOWN, of.PENDING, "it is not planned yet")

    def _drifted(self, key: str, happened: Happened, plan: Plan) -> Condition:
        status, outcome = self._observed.status, self._outcomes.get(key)
        fields = ", ".join(sorted(map(in_spec, self._differs[key])))
        what = f"differs in {fields}" if fields else "there is no live runner of it yet"
        if key in status.contested:
            names = ", ".join(map(in_spec, status.contested[key]))
            message = f"another writer keeps changing {names}; it is not written until a spec of the account changes"
            return _synced(of.FALSE, of.CONTESTED, message)
        if outcome is not None:
            why = f": {outcome.error.message}" if outcome.error else ""
            return _synced(of.FALSE, of.WRITE_FAILED, f"{what}; {outcome.status}{why}")
        reason = of.DRIFT.get(happened.result, of.DRIFTED) if happened.result else of.DRIFTED
        if reason == of.GUARD_REFUSED:
            why = f"a guard refuses: {_refusals(plan, key)}"
        else:
            why = _WHY.get(reason, happened.reason)
        return _synced(of.FALSE, reason, f"{what}; {why}")

    def _contested(self, key: str) -> Condition:
        fields = self._observed.status.contested.get(key)
        if not fields:
            return NOT_CONTESTED
        return Condition(
            of.CONTESTED, of.TRUE, "AnotherWriter", f"another writer keeps changing {', '.join(map(in_spec, fields))}"
        )

    def _healthy(self, key: str) -> Condition:
        probed = self._observed.status.health.get(key)
        if probed is None:
            return _NOT_PROBED
        found = _HEALTH[probed.health]
        return found._replace(message=probed.reason) if probed.reason else found


NOT_CONTESTED: Final = Condition(of.CONTESTED, of.FALSE, "NotContested", "no other writer keeps changing it")


def suspended(observed: Observed) -> Condition:
    """Say whether nothing is written, by what is in force; before anything is, by the spec."""
    account = observed.snapshot.account
    off = account.spec.get("suspend") is True if observed.in_force is None else observed.status.suspended
    if off:
        return Condition(of.SUSPENDED, of.TRUE, of.SUSPENDED, "the account is suspended: nothing is written")
    return Condition(of.SUSPENDED, of.FALSE, "NotSuspended", "the account is not suspended")


def first_problem(problems: Mapping[Ref | None, str]) -> str:
    """Return the first of what is wrong, and how many others there are."""
    ref = min(problems, key=lambda each: (each is not None, each or ("", "")))
    more = len(problems) - 1
    return f"{called(ref)}: {problems[ref]}" + (f"; and {more} more" if more else "")


def stray_status(runner: Resource, why: str, *, now: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the status of a Runner that belongs to no Account."""
    synced = _synced(of.FALSE, _NO_ACCOUNT, why)
    found = (
        of.ready(synced, _NOT_PROBED),
        synced,
        _NOT_PROBED,
        NOT_CONTESTED,
        Condition(of.SUSPENDED, of.FALSE, _NO_ACCOUNT, why),
    )
    made = conditions(found, before, generation=runner.generation, now=now, scrub=str)
    kept = {"id": before["id"]} if before.get("id") else {}
    return {"conditions": made, **kept, "differs": [], "observedGeneration": runner.generation}


def _status(runner: Resource, found: Iterable[Condition], observed: Observed, **facts: Any) -> dict[str, Any]:
    generation = runner.generation
    made = conditions(found, observed.before(runner), generation=generation, now=observed.now, scrub=observed.scrub)
    return {"conditions": made, **facts, "observedGeneration": generation}


def _synced(status: str, reason: str, message: str) -> Condition:
    return Condition(of.SYNCED, status, reason, message)


def _refusals(plan: Plan, key: str) -> str:
    """Return the findings that refuse the plan: those about this runner; where there is none, all."""
    refusing = [each for each in plan.findings if each.refuses]
    own = [each for each in refusing if each.key == key]
    return "; ".join(f"{each.code}: {each.message}" for each in own or refusing)
