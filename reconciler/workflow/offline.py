"""`validate` and `render`: what can be checked and shown offline, without a token or a secret."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import ManifestError
from reconciler.manifests.project import BrokenProject, load_project
from reconciler.model.results import Effective, Explained, Valid, Validity
from reconciler.planning.findings.registry import manifest_findings
from reconciler.planning.findings.severity import settle
from reconciler.planning.targets import targeted
from reconciler.workflow.run import load, load_and_compile, policy_of

if TYPE_CHECKING:
    from reconciler.model.position import Problem
    from reconciler.workflow.run import Ports, Selection


def validate(selection: Selection, ports: Ports) -> Validity:
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
            project, desired = load_and_compile(chosen, ports, secrets=None)
        except ManifestError as error:
            problems.extend(error.problems)
        else:
            entries = {entry.key: entry for entry in desired.runners}
            raised = manifest_findings(desired.runners)
            findings = settle(raised, entries, (), policy_of(chosen, project, ports))
            valid.append(Valid(environment, len(desired.runners), desired.files, findings, tuple(entries)))
    if problems:
        raise ManifestError(problems)
    return Validity(tuple(valid))


def effective_runners(selection: Selection, ports: Ports) -> Effective:
    """List every runner of the selection, or its targets. Raises ManifestError, and UsageProblem for idle targets."""
    from reconciler.manifests.explain import effective, settings

    project, desired = load_and_compile(selection, ports, secrets=None)
    picked = targeted([runner.key for runner in desired.runners], selection.targets)
    desired = replace(desired, runners=tuple(runner for runner in desired.runners if runner.key in picked))
    return Effective(project.environment, tuple(effective(desired)), settings(project))


def explained(selection: Selection, ports: Ports, key: str) -> Explained:
    """Return where every field, tag and header of one runner comes from. Raises ManifestError and UsageProblem."""
    from reconciler.manifests.explain import explain_runner

    return Explained(explain_runner(load(selection), selection.paths, key=key, stdin=ports.stdin))
