"""The workflow that `init` writes: it calls the reusable ones for each environment of a project."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.settings import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FOLDER: Final = ".github/workflows"
REUSED: Final = ("reconcile.yml", "drift.yml")
_PATTERN: Final = re.compile(r"[\\*?+\[\]!]")

_HEAD: Final = """\
# Plans runners in pull requests, applies them after the merge behind a GitHub environment, reports drift on weekdays.
# Before the first merge:
# - make the environments named under apply-environment (Settings, Environments) with required reviewers: GitHub creates
#   one that it does not know, and that protects nothing;
# - set the secrets COMFYCONTROL_API_TOKEN and, one NAME=VALUE a line for what manifests refer to as ${{env:NAME}},
#   RECONCILER_HEADER_SECRETS, for the repository, or again in those environments for what the apply gets;
# - a check that `paths` leaves out stays pending: require none of these jobs, or take the filter away.
name: {name}

on:
  pull_request:
    paths: {paths}
  push:
    branches: [{branch}]
    paths: {paths}
  schedule:
    - cron: "17 5 * * 1-5"
  workflow_dispatch:

permissions: {{}}

jobs:
"""
_RECONCILE: Final = """\
  {job}:
    if: github.event_name != 'schedule'
    permissions:
      actions: write
      contents: read
      pull-requests: write
    uses: ./.github/workflows/reconcile.yml
    with:
{common}
      apply-environment: {apply_environment}
    secrets:
      COMFYCONTROL_API_TOKEN: ${{{{ secrets.{token} }}}}
      RECONCILER_HEADER_SECRETS: ${{{{ secrets.RECONCILER_HEADER_SECRETS }}}}
      RECONCILER_PLAN_KEY: ${{{{ secrets.RECONCILER_PLAN_KEY }}}}

"""
_DRIFT: Final = """\
  {job}:
    if: github.event_name == 'schedule' || github.event_name == 'workflow_dispatch'
    permissions:
      contents: read
      issues: write
    uses: ./.github/workflows/drift.yml
    with:
{common}
    secrets:
      COMFYCONTROL_API_TOKEN: ${{{{ secrets.{token} }}}}
      RECONCILER_HEADER_SECRETS: ${{{{ secrets.RECONCILER_HEADER_SECRETS }}}}

"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """What a caller is written for. `prefix` is the project's folder below the root, empty at the root.

    `patterns` are the paths that it runs for, as GitHub's filters have them; without `environments` there is one job.
    `tokens` has the variable of an environment's token where the project file names one: its secret has that name too.
    """

    prefix: str
    branch: str
    patterns: tuple[str, ...]
    environments: tuple[str, ...]
    tokens: Mapping[str, str]
    requirement: str


def caller_name(prefix: str) -> str:
    """Name the caller's file: `runners.yml`, for a project below the root with its folder in it, each another one."""
    if not prefix:
        return "runners.yml"
    readable = re.sub(r"[^A-Za-z0-9_]+", "-", prefix).strip("-")
    if readable.replace("-", "/") != prefix:  # two folders may read alike
        readable = f"{readable}-{hashlib.sha256(prefix.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
    return f"runners-{readable.lstrip('-')}.yml"


def render_caller(calling: Calling) -> str:
    """Render the caller's YAML."""
    own = f"{FOLDER}/{caller_name(calling.prefix)}"
    paths = [*calling.patterns, own, f"{FOLDER}/reconcile.yml"]
    name = f"runners ({calling.prefix})" if calling.prefix else "runners"
    text = _HEAD.format(
        name=_scalar(name),
        branch=_scalar(pattern(calling.branch)),
        paths=f"[{', '.join(map(_scalar, dict.fromkeys(paths)))}]",
    )
    names = job_names(calling.environments)
    for environment in calling.environments or (None,):
        suffix = "" if environment is None else f"-{names[environment]}"
        common = _common(calling, environment)
        chosen, token = _scalar(environment or "production"), calling.tokens.get(environment or "", TOKEN_VARIABLE)
        text += _RECONCILE.format(job=f"reconcile{suffix}", common=common, apply_environment=chosen, token=token)
        text += _DRIFT.format(job=f"drift{suffix}", common=common, token=token)
    return text.rstrip("\n") + "\n"


def pattern(path: str) -> str:
    """Return a path or branch as a filter pattern that matches it alone (GitHub Docs, Filter pattern cheat sheet)."""
    return _PATTERN.sub(r"\\\g<0>", path)


def _common(calling: Calling, environment: str | None) -> str:
    inputs = {
        "environment": environment,
        "working-directory": calling.prefix or None,
        "token-env": calling.tokens.get(environment or ""),
        "requirement": calling.requirement,
    }
    return "\n".join(f"      {name}: {_scalar(value)}" for name, value in inputs.items() if value is not None)


def job_names(environments: Iterable[str]) -> dict[str, str]:
    """Return a job's name for each environment; GitHub takes letters, digits, `-` and `_`."""
    names: dict[str, str] = {}
    for environment in environments:
        base = re.sub(r"[^A-Za-z0-9_-]", "-", environment)
        name, number = base, 2
        while name.lower() in {each.lower() for each in names.values()}:
            name, number = f"{base}-{number}", number + 1
        names[environment] = name
    return names


def _scalar(text: str) -> str:
    """A string as YAML: as it is where it can't be read as anything else, in double quotes otherwise.

    Nothing in it is an expression: `${{` would be one.
    """
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", text) and text.lower() not in (
        "null",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
    ):
        return text
    return json.dumps(text, ensure_ascii=False).replace("${{", "$ {{").replace("\x7f", "\\x7f")
