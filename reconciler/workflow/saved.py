"""Saved plans: written, read to be shown without their key, read with it to be applied."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import PlanFileError, StalePlan, UsageProblem
from reconciler.files import read_file, write_file
from reconciler.manifests.git_process import RevisionProblem
from reconciler.model.plan import PlanInputs
from reconciler.model.policy import Acknowledgement
from reconciler.model.runner import Listing
from reconciler.workflow.run import account_of, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.manifests.project import Project
    from reconciler.model.plan import Plan
    from reconciler.model.secret import Secret
    from reconciler.planfile.saved import SavedPlan
    from reconciler.settings import Settings
    from reconciler.workflow.run import Ports, Selection


def show(path: str) -> Plan:
    """Return the plan that the file holds. Raises PlanFileError."""
    return read_saved(path).plan


def read_saved(path: str) -> SavedPlan:
    """Read the plan that the file holds and what it was made from, its signature unchecked. Raises PlanFileError."""
    from reconciler.planfile.saved import read_plan

    return read_plan(read_file(path, error=PlanFileError), None, file=path)


def open_saved(path: str, selection: Selection, ports: Ports, *, to_apply: bool = True) -> tuple[SavedPlan, Selection]:
    """Open a saved plan, its signature checked, and the selection it was made from.

    With `to_apply` it must be one that an apply can take. Raises PlanFileError and StalePlan.
    """
    from reconciler.planfile.saved import read_plan

    content = read_file(path, error=PlanFileError)
    shown = read_plan(content, None, file=path)
    if to_apply:
        check_applyable(shown.plan, path)
    recorded = recorded_selection(shown.inputs, selection)
    with usage_is_stale():
        project = load(recorded)
    settings = ports.settings(project)
    return read_plan(content, settings.plan_key, file=path), recorded


def check_applyable(plan: Plan, name: str) -> None:
    """Refuse a plan that no apply can take, whatever is live: it was made offline, or without a secret."""
    if plan.live_as_of is not None:
        raise PlanFileError(
            f"{name} can't be applied: it was made against a saved list of {plan.live_as_of}; plan again without --live"
        )
    if not plan.complete:
        raise PlanFileError(f"{name} can't be applied: a secret was not resolved when it was made; plan again with it")


def recorded_selection(inputs: PlanInputs, selection: Selection) -> Selection:
    """Return what a plan was made from; what `selection` accepts is accepted besides."""
    return replace(
        selection,
        paths=inputs.paths,
        project=inputs.project,
        environment=inputs.environment,
        variables=inputs.variables,
        targets=inputs.targets,
        acknowledged=(*map(Acknowledgement.parse, inputs.acknowledged), *selection.acknowledged),
        allow_empty=inputs.allow_empty,
        policy_from=inputs.policy_from,
        demand=inputs.demand if selection.demand is None else selection.demand,
        probe=inputs.probe or selection.probe,
    )


def inputs_of(selection: Selection, project: Project) -> PlanInputs:
    """Return what a plan of the selection is made from, for an apply to read again."""
    return PlanInputs(
        paths=selection.paths,
        project=selection.project,
        environment=selection.environment,
        variables=dict(selection.variables),
        targets=selection.targets,
        acknowledged=tuple(str(each) for each in selection.acknowledged),
        allow_empty=selection.allow_empty,
        policy_from=project.policy_commit,
        place=selection.place,
        demand=selection.demand,
        probe=selection.probe,
    )


def save(plan: Plan, key: Secret, out: str) -> None:
    """Write the plan and what it was made from to `out`, signed under `key`, readable by its owner only."""
    from reconciler.planfile.saved import write_plan

    if plan.inputs is None:
        raise PlanFileError("the plan can't be saved: it does not hold what it was made from")
    text = write_plan(plan, plan.inputs, key)
    write_file(out, text, private=True, encoding_errors="surrogatepass", error=PlanFileError)


def save_made(plan: Plan, out: str, selection: Selection, ports: Ports) -> None:
    """Save a plan that was made before. `selection` says where its paths are relative to. Raises PlanFileError."""
    if plan.inputs is None or plan.fingerprints is not None:
        raise PlanFileError("only a plan that was just made can be saved; of one read from a file, copy the file")
    settings = ports.settings(load(recorded_selection(plan.inputs, selection)))
    save(_bound(plan, settings, ports), settings.plan_key, out)


def _bound(plan: Plan, settings: Settings, ports: Ports) -> Plan:
    """The plan with the account it is of, which is asked for where neither runners nor the key say it."""
    if plan.account is not None or plan.live_as_of or settings.sandbox or settings.plan_key == settings.token:
        return plan
    with ports.reader(settings) as reader:
        empty = Listing((), plan.created_at, 0)
        return replace(plan, account=account_of(empty, reader, ports, "the plan is bound to no account"))


@contextmanager
def usage_is_stale() -> Iterator[None]:
    """Turn a usage problem into StalePlan: an environment or target was there when the plan was saved."""
    try:
        yield
    except RevisionProblem as problem:
        raise PlanFileError(
            f"the plan was made under the policy of a commit, which must be here: {problem}"
        ) from problem
    except UsageProblem as problem:
        raise StalePlan((str(problem),), None) from problem
