"""`validate`: everything that can be checked offline, in every environment, without a token or a secret."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import ManifestError
from reconciler.manifests.project import BrokenProject, load_project
from reconciler.model.results import Valid, Validity
from reconciler.planning.findings.registry import manifest_findings
from reconciler.planning.findings.severity import settle
from reconciler.workflow.run import load_and_compile, policy_of

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
            valid.append(Valid(environment, len(desired.runners), desired.files, findings))
    if problems:
        raise ManifestError(problems)
    return Validity(tuple(valid))
