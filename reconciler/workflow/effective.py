"""`render`: the manifests after merging, offline; and where each part of one runner comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.manifests.explain import effective, explain_runner
from reconciler.model.results import Effective, Explained
from reconciler.planning.targets import targeted
from reconciler.workflow.run import load, load_and_compile

if TYPE_CHECKING:
    from reconciler.workflow.run import Ports, Selection


def effective_runners(selection: Selection, ports: Ports) -> Effective:
    """Every runner of the selection, or its targets. Raises ManifestError, and UsageProblem for idle targets."""
    project, desired = load_and_compile(selection, ports, secrets=None)
    picked = targeted([runner.key for runner in desired.runners], selection.targets)
    desired = replace(desired, runners=tuple(runner for runner in desired.runners if runner.key in picked))
    return Effective(project.environment, tuple(effective(desired)))


def explained(selection: Selection, ports: Ports, key: str) -> Explained:
    """Where every field, tag and header of one runner comes from. Raises ManifestError and UsageProblem."""
    return Explained(explain_runner(load(selection), selection.paths, key=key, stdin=ports.stdin))
