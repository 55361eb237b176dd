"""`comment`: a saved plan to its pull request's one comment, or to the one issue that tells of drift."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.errors import ReconcilerError
from reconciler.forge.github.event import number_of, repository_of
from reconciler.forge.github.rest import FORBIDDEN, GitHub, GitHubError
from reconciler.forge.github.sticky import Posted, Sticky, marker, whoami
from reconciler.render.views.plan_markdown import render_plan
from reconciler.settings import check_api_url
from reconciler.workflow.show import show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.forge.github.step import Step
    from reconciler.model.plan import Plan
    from reconciler.ports import Clock

GITHUB_API: Final = "https://api.github.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commenting:
    """Where to: None stands for what the environment of the run says. `issue` means the drift issue."""

    repository: str | None
    number: int | None
    author: str | None
    issue: bool
    max_size: int


def comment(planfile: str, where: Commenting, environ: Mapping[str, str], clock: Clock, step: Step | None) -> str:
    """Post or update; returns one line that says what was done.

    A 403, as on a fork's pull request, falls back to the step summary. Raises PlanFileError, UsageProblem, GitHubError.
    """
    plan = show(planfile)
    repository = repository_of(where.repository, environ)
    number = 0 if where.issue else number_of(where.number, environ)
    token = environ.get("GITHUB_TOKEN", "")
    if not token:
        raise ReconcilerError("no GitHub token: set GITHUB_TOKEN (in Actions, from `github.token`)")
    address = check_api_url(environ.get("GITHUB_API_URL") or GITHUB_API, insecure_http=False)
    with closing(GitHub.connect(address, token, clock)) as github:
        try:
            posted = _post(github, plan, repository, number, where)
        except GitHubError as error:
            if error.status != FORBIDDEN:
                raise
            if step is not None:
                step.summarise(lambda room: render_plan(plan, max_size=room))
                step.notice("this token may not comment (a fork's pull request?): the plan is in the step summary")
            return f"not posted, the token may not write here ({error}); the plan is in the step summary"
    return f"{posted.how}: {posted.url}" if posted.url else "nothing to post: no drift, and no issue open"


def _post(github: GitHub, plan: Plan, repository: str, number: int, where: Commenting) -> Posted:
    ours = Sticky(
        github=github,
        repository=repository,
        author=where.author or whoami(github),
        mark=marker("drift" if where.issue else "plan", plan.environment),
        render=lambda room: render_plan(plan, max_size=room),
        limit=where.max_size,
    )
    if not where.issue:
        return ours.comment(number)
    environment = f" of {plan.environment}" if plan.environment else ""
    return ours.issue(f"Runners{environment} have drifted from the manifests", drifted=plan.has_changes)
