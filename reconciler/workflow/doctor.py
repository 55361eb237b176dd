"""`doctor`: whether a plan would get as far as the service, and what to do where it would not."""

from __future__ import annotations

import datetime as dt
import os
from contextlib import closing
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from reconciler.errors import (
    ApiError,
    Forbidden,
    ManifestError,
    RateLimited,
    ReconcilerError,
    Unauthorized,
    Unreachable,
    UsageProblem,
)
from reconciler.forge.choose import connect_github
from reconciler.forge.github.environments import REVIEWERS, read_protection
from reconciler.forge.github.event import repository_of
from reconciler.manifests.project import load_project
from reconciler.model.demand import MANAGED_TIERS
from reconciler.model.enums import CheckStatus
from reconciler.model.health import Health
from reconciler.model.results import Check, Checks
from reconciler.settings import DOCUMENTED_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.manifests.project import Project
    from reconciler.model.runner import Account
    from reconciler.ports import Clock, RunnerReader
    from reconciler.settings import Settings
    from reconciler.workflow.run import Ports, Selection

_EVERY: Final = ("project file", "limit", "address", "token", "tier", "clock")
MAX_SKEW_S: Final = 60
_SETTINGS: Final = {"no-token": "token", "weak-plan-key": "plan key"}
"""What a setting that can't be used is called, by the error's code."""


def doctor(selection: Selection, ports: Ports, *, endpoint: str | None = None, protected: str | None = None) -> Checks:
    """Return every check, in order; those that need an earlier one to pass are unknown when it fails.

    `endpoint` is the key, or a glob, of runners whose endpoints are asked too; `protected` a GitHub environment that an
    apply is to wait for.
    """
    checks = tuple(_checks(selection, ports))
    checks += tuple(_unchecked(checks))
    if endpoint is not None and not any(check.status == CheckStatus.FAIL for check in checks):
        checks += tuple(_endpoints(replace(selection, targets=(endpoint,), probe=True), ports))
    if protected is not None:
        checks += (check_protection(protected, os.environ, ports.clock),)
    return Checks(checks)


def _unchecked(checks: Sequence[Check]) -> Iterator[Check]:
    """The checks that were not reached, because an earlier one failed."""
    failed = ", ".join(dict.fromkeys(check.name for check in checks if check.status == CheckStatus.FAIL))
    for name in _EVERY:
        if all(check.name != name for check in checks):
            yield Check(
                name, CheckStatus.UNKNOWN, f"not checked: {failed} comes first", "correct that, and run doctor again"
            )


def _endpoints(selection: Selection, ports: Ports) -> Iterator[Check]:
    """Whether a ComfyUI answers the live runners that the selection's targets name, asked once each."""
    from reconciler.workflow.listing import list_live

    try:
        listed = list_live(selection, ports)
    except ReconcilerError as error:
        said = str(error).replace("--target ", "--endpoint ")  # as what is asked for was called here
        yield Check("endpoint", CheckStatus.FAIL, said, "`reconciler list` shows the runners there are")
        return
    for runner in listed.listing.runners:
        probed = (listed.health or {})[runner.id]
        key, name = listed.keys.get(runner.id), runner.spec.name
        called = name if key in (None, name) else f'{key} "{name}"'
        found = f"{called}: {probed.reason or 'a ComfyUI answers'}"
        match probed.health:
            case Health.HEALTHY:
                yield Check("endpoint", CheckStatus.OK, found)
            case Health.UNHEALTHY:
                advice = f"look from here at {runner.spec.endpoint}, and at the runner's headers"
                yield Check("endpoint", CheckStatus.FAIL, found, advice)
            case Health.UNKNOWN:
                yield Check("endpoint", CheckStatus.UNKNOWN, found)


def check_protection(environment: str, environ: Mapping[str, str], clock: Clock) -> Check:
    """Whether the GitHub environment that an apply waits behind makes it wait, as far as GITHUB_TOKEN can see it."""
    name = "protection"
    todo = f"make {environment} with required reviewers (Settings, Environments), or correct its name"
    try:
        repository = repository_of(None, environ)
        with closing(connect_github(environ, clock)) as github:
            rules = read_protection(github, repository, environment)
    except ReconcilerError as error:
        advice = "set GITHUB_REPOSITORY, and GITHUB_TOKEN with the right to read actions, or look it up by hand"
        return Check(name, CheckStatus.WARN, f"{environment} can't be seen: {error}", advice)
    if rules is None:
        return Check(
            name, CheckStatus.FAIL, f"there is no {environment}, and GitHub would create it without protection", todo
        )
    if not rules:
        return Check(
            name, CheckStatus.FAIL, f"{environment} has no protection: an apply would not wait for approval", todo
        )
    if REVIEWERS not in rules:
        return Check(
            name, CheckStatus.WARN, f"{environment} has no required reviewers: an apply waits for no approval", todo
        )
    return Check(name, CheckStatus.OK, f"{environment} has required reviewers")


def _checks(selection: Selection, ports: Ports) -> Iterator[Check]:
    try:
        project = load_project(
            selection.project, environment=selection.environment, variables=selection.variables, cwd=selection.cwd
        )
    except ManifestError as error:
        advice = "correct it; `reconciler validate` checks it offline"
        if selection.project is not None and not (selection.cwd / selection.project).exists():
            advice = "correct --project, or leave it out where reconciler.yaml is in this folder"
        for problem in error.problems:
            yield Check("project file", CheckStatus.FAIL, str(problem), advice)
        return
    except ReconcilerError as error:
        yield Check("project file", CheckStatus.FAIL, str(error), "name the project file with --project PATH")
        return
    yield _project(project)
    try:
        settings = ports.settings(project)
    except UsageProblem as error:
        yield Check(_SETTINGS.get(error.code, "address"), CheckStatus.FAIL, str(error), "set it, and run doctor again")
        return
    yield _limit(settings)
    with ports.reader(settings) as reader:
        yield from _service(settings, reader, ports)


def _project(project: Project) -> Check:
    if project.file is None:
        return Check(
            "project file",
            CheckStatus.OK,
            "none here; the defaults hold",
            "`reconciler init` writes one, if you want it",
        )
    if project.needs_environment:
        names = ", ".join(project.environments)
        return Check(
            "project file",
            CheckStatus.FAIL,
            f"{project.file} declares environments",
            f"pick one with -e/--env: {names}",
        )
    chosen = f", environment {project.environment}" if project.environment else ""
    return Check("project file", CheckStatus.OK, f"{project.file}{chosen}")


def _limit(settings: Settings) -> Check:
    limit = settings.rate_limit
    found = f"at most {limit.requests} requests in any {limit.seconds:g} s"
    if limit.requests * DOCUMENTED_LIMIT.seconds > DOCUMENTED_LIMIT.requests * limit.seconds and not settings.sandbox:
        advice = f"the service documents {DOCUMENTED_LIMIT}, over it everything waits; leave --rate-limit out"
        return Check("limit", CheckStatus.WARN, found, advice)
    return Check("limit", CheckStatus.OK, found)


def _service(settings: Settings, reader: RunnerReader, ports: Ports) -> Iterator[Check]:
    where = f"the sandbox in {settings.sandbox}" if settings.sandbox else settings.api_url
    try:
        account = reader.account()
    except Unauthorized as error:
        yield Check("address", CheckStatus.OK, where)
        yield Check("token", CheckStatus.FAIL, str(error), "make a new token in the dashboard and set it")
    except Forbidden as error:
        yield Check("address", CheckStatus.OK, where)
        yield Check("token", CheckStatus.FAIL, str(error), "the token lacks a right; make one that may manage runners")
    except RateLimited as error:
        yield Check("address", CheckStatus.OK, where)
        yield Check(
            "limit",
            CheckStatus.FAIL,
            str(error),
            "something else behind this address uses up the limit; try again later",
        )
    except Unreachable as error:
        advice = "check the address, the network, and HTTPS_PROXY, SSL_CERT_FILE where they are needed"
        yield Check("address", CheckStatus.FAIL, f"{where}: {error}", advice)
    except ApiError as error:
        yield Check(
            "address",
            CheckStatus.FAIL,
            f"{where}: {error}",
            "something else than ComfyControl answers there; check --api-url",
        )
    else:
        yield Check("address", CheckStatus.OK, where)
        yield Check("token", CheckStatus.OK, f"valid, of {account.name} ({account.id})")
        yield _tier(account)
        yield _clock(account, ports)


def _tier(account: Account) -> Check:
    """The account's tier, and what to do where it has managed runners (API: List Managed Runners)."""
    advice = "it has managed runners: `managed: true` in the project file counts them for coverage"
    return Check("tier", CheckStatus.OK, account.tier, advice if account.tier in MANAGED_TIERS else "")


def _clock(account: Account, ports: Ports) -> Check:
    try:
        theirs = parsedate_to_datetime(account.answered_at)
    except ValueError:
        advice = "compare it with another clock: acceptances and token expiry go by the day and the second"
        return Check("clock", CheckStatus.UNKNOWN, "the service does not say what time it is", advice)
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=dt.UTC)
    skew_s = (ports.clock.utc_now() - theirs).total_seconds()
    if abs(skew_s) > MAX_SKEW_S:
        ahead = "ahead of" if skew_s > 0 else "behind"
        advice = "set it by NTP: acceptances and token expiry go by the day and the second"
        return Check("clock", CheckStatus.WARN, f"{abs(skew_s):.0f} s {ahead} the service's", advice)
    return Check("clock", CheckStatus.OK, f"within {MAX_SKEW_S} s of the service's")
