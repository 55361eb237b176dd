"""Which project, merge request, commit and pipeline this is about (GitLab Docs, Predefined CI/CD variables)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from reconciler.errors import ReconcilerError, UsageProblem
from reconciler.forge.context import Context

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ADDRESS: Final = "https://gitlab.com/api/v4"
TOKEN: Final = "GITLAB_TOKEN"  # noqa: S105 - the name of a variable
_PROJECT: Final = re.compile(r"[0-9]{1,18}|[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+", re.ASCII)
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9_.-]+)*/?", re.ASCII)


def is_gitlab(environ: Mapping[str, str]) -> bool:
    """Whether this runs in GitLab CI, or is set up as if it did."""
    return bool(environ.get("GITLAB_CI") or environ.get("CI_API_V4_URL") or environ.get("CI_PROJECT_ID"))


def context_of(
    repository: str | None, number: int | None, environ: Mapping[str, str], *, pull_request: bool
) -> Context:
    """Return the context of this job; what is given wins. With `pull_request` there must be one. Raises UsageProblem.

    The pipeline of a fork's merge request runs in the fork: the merge request is the target's all the same.
    """
    given = environ.get("CI_MERGE_REQUEST_IID", "")
    found = number if number is not None else int(given) if _NUMBER.fullmatch(given) else None
    if pull_request and found is None:
        raise UsageProblem("no merge request: give --number N, or run in its pipeline (CI_MERGE_REQUEST_IID)")
    commit = _first(environ, _COMMIT, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA")
    pipeline = _first(environ, _NUMBER, "CI_PIPELINE_ID")
    page = _first(environ, _ADDRESS, "CI_PROJECT_URL")
    return Context(
        repository=_project(repository, environ),
        number=found,
        commit=commit,
        commit_url=page and commit and f"{page}/-/commit/{commit}",
        run=(int(pipeline), 1) if pipeline else None,
        run_url=page and pipeline and f"{page}/-/pipelines/{pipeline}",
    )


def page_of(repository: str | None, environ: Mapping[str, str]) -> str | None:
    """Return the address that people see the project of the merge request at; None where it is not known."""
    if repository is None:
        return _first(environ, _ADDRESS, "CI_MERGE_REQUEST_PROJECT_URL", "CI_PROJECT_URL")
    server = _first(environ, _ADDRESS, "CI_SERVER_URL")
    return f"{server.rstrip('/')}/{repository}" if server and "/" in repository else None


def token_of(environ: Mapping[str, str]) -> str:
    """GITLAB_TOKEN. Raises ReconcilerError without one, or for the job's own: it can't write notes."""
    token, job = environ.get(TOKEN, ""), environ.get("CI_JOB_TOKEN", "")
    if token and token != job:
        return token
    own = "; CI_JOB_TOKEN can't write notes or issues" if job else ""
    raise ReconcilerError(
        f"no GitLab token{own}: make a project access token with role Reporter or higher and scope api (Settings, "
        f"Access tokens) and put it into the CI/CD variable {TOKEN}, masked (Settings, CI/CD, Variables); without "
        "Protect variable, where merge requests of unprotected branches are to get comments"
    )


def refused(environ: Mapping[str, str]) -> str:
    """Return what to do about a token that may not write."""
    host = urlsplit(environ.get("CI_API_V4_URL") or DEFAULT_ADDRESS).hostname
    return f"{TOKEN} must be a token of {host} with scope api and role Reporter or higher in this project"


def _project(repository: str | None, environ: Mapping[str, str]) -> str:
    """The project's id, or its path in one segment. Raises UsageProblem."""
    named = repository or environ.get("CI_MERGE_REQUEST_PROJECT_ID") or environ.get("CI_PROJECT_ID", "")
    if not _PROJECT.fullmatch(named):
        raise UsageProblem("no project: give --repository GROUP/NAME or its id, or set CI_PROJECT_ID")
    return quote(named, safe="")


def _first(environ: Mapping[str, str], form: re.Pattern[str], *names: str) -> str | None:
    return next((value for name in names if (value := environ.get(name, "")) and form.fullmatch(value)), None)
