"""Which forge a comment goes to, by the variables of the CI that runs. A new one is its adapter and a branch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.errors import ReconcilerError, UsageProblem
from reconciler.forge.github import event
from reconciler.forge.github.forge import FORGEJO, GITEA, GITHUB, GitHubForge, Kind
from reconciler.forge.gitlab import variables
from reconciler.forge.gitlab.forge import DIALECT, GitLabForge
from reconciler.forge.rest import Rest
from reconciler.settings import check_api_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.forge.context import Context
    from reconciler.forge.port import Forge
    from reconciler.ports import Clock

_NOT_YET: Final = {"BITBUCKET_BUILD_NUMBER": "Bitbucket", "TF_BUILD": "Azure DevOps"}
_GITEA_API: Final = "/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a comment goes, and what for. `refused` is what to do about a token that may not write; None: nothing."""

    context: Context
    connect: Callable[[Clock], Rest]
    forge: Callable[[Rest], Forge]
    refused: str | None = None


def choose(repository: str | None, number: int | None, environ: Mapping[str, str], *, pull_request: bool) -> Target:
    """Choose by flags and variables. Raises UsageProblem where they name no place, or a forge without adapter."""
    if environ.get("GITHUB_ACTIONS") != "true":
        for variable, name in _NOT_YET.items():
            if environ.get(variable):
                raise UsageProblem(
                    f"comment can't post to {name} yet: keep the plan as an artifact, with `--report plan.html`, "
                    f"or unset {variable} to post to another forge from there"
                )
        if variables.is_gitlab(environ):
            page = variables.page_of(repository, environ)
            context = variables.context_of(repository, number, environ, pull_request=pull_request)
            return Target(
                context=context,
                connect=lambda clock: _connect_gitlab(environ, clock),
                forge=lambda rest: GitLabForge(rest, context.repository, page),
                refused=variables.refused(environ),
            )
    kind = kind_of(environ)
    here = event.context_of(repository, number, environ, pull_request=pull_request, kind=kind)
    return Target(
        context=here,
        connect=lambda clock: connect_github(environ, clock, kind),
        forge=lambda rest: GitHubForge(rest, here.repository, kind),
    )


def kind_of(environ: Mapping[str, str]) -> Kind:
    """Return which of GitHub's family this is; Gitea and Forgejo set GitHub's variables as well, and have /api/v1."""
    if environ.get("FORGEJO_ACTIONS") == "true" or (not environ.get("GITHUB_TOKEN") and environ.get("FORGEJO_TOKEN")):
        return FORGEJO
    if environ.get("GITEA_ACTIONS") == "true" or _address(environ).endswith(_GITEA_API):
        return GITEA
    return GITHUB


def connect_github(environ: Mapping[str, str], clock: Clock, kind: Kind = GITHUB) -> Rest:
    """Make a client with the job's token. Raises ReconcilerError without one, UsageProblem for a forbidden address."""
    name = kind.dialect.name
    token = next((value for each in kind.token_variables if (value := environ.get(each))), "")
    if not token:
        wanted = " or ".join(kind.token_variables)
        raise ReconcilerError(f"no {name} token: set {wanted} (in Actions, from `github.token`)")
    address = _address(environ) or kind.default_address or _beside_server(environ)
    return Rest.connect(check_api_url(address, insecure_http=False), token, clock, kind.dialect)


def _connect_gitlab(environ: Mapping[str, str], clock: Clock) -> Rest:
    token = variables.token_of(environ)
    address = check_api_url(environ.get("CI_API_V4_URL") or variables.DEFAULT_ADDRESS, insecure_http=False)
    return Rest.connect(address, token, clock, DIALECT)


def _address(environ: Mapping[str, str]) -> str:
    return environ.get("GITHUB_API_URL", "").rstrip("/")


def _beside_server(environ: Mapping[str, str]) -> str:
    """Gitea's API, where only the server's own address is known. Raises UsageProblem where that isn't either."""
    server = environ.get("GITHUB_SERVER_URL", "").rstrip("/")
    if not server:
        raise UsageProblem(f"no address: set GITHUB_API_URL, as in https://git.example.com{_GITEA_API}")
    return server + _GITEA_API
