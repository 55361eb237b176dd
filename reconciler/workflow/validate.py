"""`validate`: everything that can be checked offline, in every environment, without a token or a secret."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.errors import ManifestError
from reconciler.manifests.project import BrokenProject, load_project
from reconciler.workflow.run import load_and_compile

if TYPE_CHECKING:
    from reconciler.model.position import Problem
    from reconciler.workflow.run import Ports, Selection


@dataclass(frozen=True, slots=True)
class Valid:
    """One environment's manifests (None: without environments), all well."""

    environment: str | None
    runners: int
    files: tuple[str, ...]


def validate(selection: Selection, ports: Ports) -> tuple[Valid, ...]:
    """Check the selected environment, or each of them when none is picked. Raises ManifestError with every problem."""
    try:
        first = load_project(
            selection.project, environment=selection.environment, variables=selection.variables, cwd=selection.cwd
        )
    except BrokenProject as broken:
        first = broken.project
    environments = first.environments if first.needs_environment else (first.environment,)
    valid: list[Valid] = []
    problems: list[Problem] = []
    for environment in environments:
        chosen = replace(selection, environment=environment)
        try:
            _, desired = load_and_compile(chosen, ports, secrets=None)
        except ManifestError as error:
            problems.extend(error.problems)
        else:
            valid.append(Valid(environment, len(desired.runners), desired.files))
    if problems:
        raise ManifestError(problems)
    return tuple(valid)
