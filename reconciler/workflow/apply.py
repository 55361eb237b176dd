"""`apply`: plan, show, ask, read again, write, verify; or exactly a saved plan."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.apply.executor import execute
from reconciler.errors import Declined, GuardRefused, PlanFileError, StalePlan
from reconciler.model.plan import Plan
from reconciler.model.report import Report
from reconciler.planning.findings.severity import FOR_THIS_RUN, REMEDY, why_refused
from reconciler.workflow.locks import lock_account, lock_token
from reconciler.workflow.plan import plan_for, warn_of_unmatched
from reconciler.workflow.run import hide, load, load_and_compile, read_live, read_runners
from reconciler.workflow.saved import check_applyable, recorded_selection, usage_is_stale

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from reconciler.apply.lock import Held
    from reconciler.manifests.project import Project
    from reconciler.model.demand import Demand
    from reconciler.model.runner import Desired, Listing
    from reconciler.planfile.saved import SavedPlan
    from reconciler.ports import RunnerApi
    from reconciler.settings import Settings
    from reconciler.workflow.run import Ports, Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How to write. With `verify` one more list is read after the writes; without, each write's answer is trusted."""

    parallelism: int
    verify: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Applying(Writing):
    """How to apply. `show` prints the plan, `ask` (None: do not ask) says whether to go on."""

    show: Callable[[Plan], None]
    ask: Callable[[Plan], bool] | None
    lock_timeout_s: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before the first request."""

    selection: Selection
    ports: Ports
    project: Project
    desired: Desired
    settings: Settings
    verify: bool


def apply(selection: Selection, ports: Ports, applying: Applying) -> Report:
    """Plan and apply. Asks between, if there is a terminal, and then goes on only with the very plan it showed.

    Raises ManifestError and ApiError before anything is written, GuardRefused, StalePlan, LockTimeout, Declined.
    """
    prepared = _prepare(selection, ports, applying)
    with ports.client(prepared.settings) as client:
        if applying.ask is None:
            with lock_token(prepared.settings, ports, applying.lock_timeout_s) as held:
                return _apply_fresh(Attempt(prepared, applying, client, held), _plan(prepared, client))
        plan, _listing = _plan(prepared, client)
        warn_of_unmatched(selection, ports, plan)
        applying.show(plan)
        _refuse(plan)
        if not plan.has_changes:
            return Report((), client.requests)
        if not applying.ask(plan):
            raise Declined("not applied: the answer was not yes; nothing was written")
        with lock_token(prepared.settings, ports, applying.lock_timeout_s) as held:
            again = _prepare(selection, ports, applying)
            return _apply_shown(Attempt(again, applying, client, held), plan)


def apply_saved(saved: Plan | SavedPlan, selection: Selection, ports: Ports, applying: Applying) -> Report:
    """Apply exactly a saved plan, whose signature has been checked (see `open_saved`), or one that was made before."""
    prepared = _prepare(selection, ports, applying)
    with (
        lock_token(prepared.settings, ports, applying.lock_timeout_s) as held,
        ports.client(prepared.settings) as client,
    ):
        return _apply_shown(Attempt(prepared, applying, client, held, alone=True), saved)


def apply_plan(plan: Plan, selection: Selection, ports: Ports, applying: Applying) -> Report:
    """Apply exactly a plan, made by anybody in this process or opened from a file.

    `selection` says where its paths are relative to, and what is accepted besides. Raises StalePlan, GuardRefused, and
    PlanFileError for a plan that no apply can take.
    """
    if plan.inputs is None:
        raise PlanFileError("the plan can't be applied: it does not hold what it was made from")
    check_applyable(plan, "the plan")
    recorded = recorded_selection(plan.inputs, selection)
    with usage_is_stale():
        load(recorded)
    from reconciler.planfile.saved import SavedPlan

    marks = plan.fingerprints
    shown = plan if marks is None else SavedPlan(plan, plan.inputs, marks, verified=True)
    return apply_saved(shown, recorded, ports, applying)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One apply under the token's lock, which is `held`; `alone`: of a plan for itself, which was not shown."""

    prepared: Prepared
    applying: Applying
    client: RunnerApi
    held: Held
    alone: bool = False

    def lock_account(self, listing: Listing) -> AbstractContextManager[bool]:
        """Return the account's lock; whether what was read must be read again."""
        prepared = self.prepared
        timeout_s = self.applying.lock_timeout_s
        return lock_account(prepared.settings, prepared.ports, self.client, listing, self.held, timeout_s)


def _apply_fresh(attempt: Attempt, read: tuple[Plan, Listing]) -> Report:
    """Apply the plan that was just made, or the one that another token's apply has made of it meanwhile."""
    plan, listing = read
    warn_of_unmatched(attempt.prepared.selection, attempt.prepared.ports, plan)
    attempt.applying.show(plan)
    _refuse(plan)
    if not plan.has_changes:
        return Report((), attempt.client.requests)
    with attempt.lock_account(listing) as changed:
        if changed:
            plan, listing = _plan(attempt.prepared, attempt.client)
            attempt.applying.show(plan)
            _refuse(plan)
        return _execute(plan, listing, attempt)


def _apply_shown(attempt: Attempt, shown: Plan | SavedPlan) -> Report:
    """Read again, and apply only what was shown, or saved. Raises StalePlan and GuardRefused."""
    now, listing = _plan_still(attempt, shown)
    if attempt.alone or not isinstance(shown, Plan):
        before = shown if isinstance(shown, Plan) else shown.plan
        warn_of_unmatched(attempt.prepared.selection, attempt.prepared.ports, now)
        attempt.applying.show(now)
        if not before.applyable:
            name = "plan" if isinstance(shown, Plan) else "saved plan"
            raise GuardRefused(
                f"the {name} was refused when it was made ({why_refused(before.findings)}); plan again", now
            )
    _refuse(now)
    if not now.has_changes:
        return Report((), attempt.client.requests)
    with attempt.lock_account(listing) as changed:
        if changed:
            now, listing = _plan_still(attempt, shown)
            _refuse(now)
        return _execute(now, listing, attempt)


def _plan_still(attempt: Attempt, shown: Plan | SavedPlan) -> tuple[Plan, Listing]:
    """The plan as it is now. Raises StalePlan where it is not the one that was shown."""
    from reconciler.planfile.staleness import find_differences

    settings, saved = attempt.prepared.settings, not isinstance(shown, Plan)
    with usage_is_stale() if saved or attempt.alone else nullcontext():
        first = (shown if isinstance(shown, Plan) else shown.plan).demand
        now, listing = _plan(attempt.prepared, attempt.client, saved=saved, asked_first=first)
    if differences := find_differences(shown, now, settings.plan_key, one_account=not saved or settings.binds_account):
        raise StalePlan(differences, now)
    return now, listing


def _prepare(selection: Selection, ports: Ports, applying: Applying) -> Prepared:
    """Everything that needs no request: manifests first, so that their problems show before a missing token does."""
    project, desired = load_and_compile(selection, ports, secrets=ports.secrets)
    return Prepared(selection, ports, project, desired, ports.settings(project), applying.verify)


def _plan(
    prepared: Prepared, client: RunnerApi, *, saved: bool = False, asked_first: Demand | None = None
) -> tuple[Plan, Listing]:
    hide(prepared.desired, client)
    of = (client, prepared.selection, prepared.project)
    listing = read_live(*of, prepared.settings, prepared.ports) if saved else read_runners(*of)
    plan = plan_for(
        prepared.selection,
        prepared.ports,
        prepared.project,
        prepared.settings,
        prepared.desired,
        listing,
        verify=prepared.verify,
        asked_first=asked_first,
    )
    return plan, listing


def _refuse(plan: Plan) -> None:
    if why := why_refused(plan.findings):
        raise GuardRefused(f"refused, nothing was written: {why}; {REMEDY} {FOR_THIS_RUN}", plan)


def _execute(plan: Plan, listing: Listing, attempt: Attempt) -> Report:
    prepared = attempt.prepared
    if not plan.has_changes:
        return Report((), attempt.client.requests)
    return write_plan(plan, listing, attempt.client, prepared.settings, prepared.ports, attempt.applying)


def write_plan(
    plan: Plan, listing: Listing, client: RunnerApi, settings: Settings, ports: Ports, writing: Writing
) -> Report:
    """Write a plan that was just made from `listing`, and verify it as `writing` says."""
    return execute(
        plan,
        client,
        known_ids={runner.id for runner in listing.runners},
        clock=ports.clock,
        stop=ports.stop,
        progress=ports.progress,
        journal=ports.journal,
        parallelism=writing.parallelism,
        verify=writing.verify,
        grace_s=settings.request_timeout_s,
    )
