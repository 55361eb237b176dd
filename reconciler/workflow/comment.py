"""`comment`: a saved plan to its pull request's one comment, or to the one issue that reports drift."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.forge.choose import choose
from reconciler.forge.context import marker, provenance
from reconciler.forge.port import Forge, ForgeError, Refusal
from reconciler.forge.sticky import Posted, Sticky
from reconciler.render.views.plan_markdown import render_plan
from reconciler.workflow.saved import read_saved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.forge.context import Context
    from reconciler.forge.github.step import Step
    from reconciler.model.plan import Plan
    from reconciler.planfile.saved import SavedPlan
    from reconciler.ports import Clock

ROOT_PROJECT: Final = "reconciler.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commenting:
    """Where to: None means what the environment of the run says. `issue` means the drift issue."""

    repository: str | None
    number: int | None
    author: str | None
    issue: bool
    max_size: int


def comment(planfile: str, where: Commenting, environ: Mapping[str, str], clock: Clock, step: Step | None) -> str:
    """Post or update; returns one line that says what was done.

    A 403, as on a fork's pull request, falls back to the step summary where there is one, as in GitHub's family.
    Raises PlanFileError, UsageProblem, ForgeError.
    """
    saved = read_saved(planfile)
    target = choose(where.repository, where.number, environ, pull_request=not where.issue)
    with closing(target.connect(clock)) as rest:
        try:
            posted = _post(target.forge(rest), saved, target.context, where)
        except ForgeError as error:
            if target.refused is not None and error.refusal in (Refusal.FORBIDDEN, Refusal.UNKNOWN, Refusal.MISSING):
                raise ForgeError(f"{error}; {target.refused}", error.refusal) from error
            if error.refusal is not Refusal.FORBIDDEN:
                raise
            if step is not None:
                step.summarise(lambda room: render_plan(saved.plan, max_size=room))
                step.notice("this token may not comment (a fork's pull request?): the plan is in the step summary")
            return f"not posted, the token may not write here ({error}); the plan is in the step summary"
    if posted.note and step is not None:
        step.notice(f"{posted.how}: {posted.note}")
    aside = f" ({posted.note})" if posted.note else ""
    return f"{posted.how}: {posted.url}{aside}" if posted.url else "nothing to post: no drift, and no issue open"


def _post(forge: Forge, saved: SavedPlan, context: Context, where: Commenting) -> Posted:
    plan, project = saved.plan, saved.inputs.place
    about = provenance(context, plan.environment, project)
    ours = Sticky(
        forge=forge,
        author=where.author,
        mark=marker("drift" if where.issue else "plan", project, plan.environment),
        run=context.run,
        planned_at=plan.created_at,
        render=lambda room: f"{render_plan(plan, max_size=room - len(about) - 2)}\n{about}",
        limit=where.max_size,
    )
    if context.number is None or where.issue:
        return ours.issue(_title(plan, project), drifted=plan.has_changes)
    return ours.comment(context.number)


def _title(plan: Plan, project: str | None) -> str:
    """Of the drift issue: with the environment, and with the project where it is not the repository's only one."""
    environment = f" of {plan.environment}" if plan.environment else ""
    folder = f" ({project})" if project not in (None, ROOT_PROJECT) else ""
    return f"Runners{environment} have drifted from the manifests{folder}"
