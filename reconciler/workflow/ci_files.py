"""The CI files that `init` writes at the root of a repository: workflows for GitHub, a pipeline for GitLab."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.errors import UsageProblem
from reconciler.files import create_file
from reconciler.forge.github.callers import FOLDER, REUSED, Calling, caller_name, job_names, pattern, render_caller
from reconciler.forge.gitlab import pipeline as gitlab
from reconciler.manifests.files import SUFFIXES
from reconciler.workflow.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.manifests.checkout import Checkout
    from reconciler.manifests.project import Project

WRITTEN: Final = "wrote"
KEPT: Final = "kept"

TO_BE_SET: Final = "<set this: what pip installs>"
"""A requirement where none is known; pip refuses it, so that nothing of that name is ever installed."""


@dataclass(frozen=True, slots=True)
class Started:
    """One file of the start: `how` is wrote, kept (it was there) or extended (lines were added to it)."""

    path: str
    how: str


def write_callers(
    checkout: Checkout, projects: Sequence[Project], requirement: str | None, notes: list[str]
) -> list[Started]:
    """GitHub's workflows, at the root of the repository: only there they run."""
    if not checkout.prefix.isprintable():
        raise UsageProblem(f"{checkout.folder}: no workflow can name this folder; rename it, or give --ci none")
    branch = checkout.branch or "main"
    if checkout.problem is not None or (checkout.branch is None and checkout.root != checkout.folder):
        notes.append(
            f"the default branch is not known ({checkout.problem or 'git does not say'}): {branch} was written"
        )
    name = caller_name(checkout.prefix)
    caller = render_caller(
        Calling(
            prefix=checkout.prefix,
            branch=branch,
            patterns=_patterns(checkout.prefix, projects),
            environments=projects[0].environments,
            tokens={each.environment: each.token_env for each in projects if each.environment and each.token_env},
            requirement=requirement or TO_BE_SET,
        )
    )
    contents = {name: caller} | {each: _shipped_workflow(each) for each in REUSED}
    to_folder = Path(os.path.relpath(checkout.root, checkout.folder))
    written = []
    for each, content in contents.items():
        made = write_new(checkout.root, f"{FOLDER}/{each}", content)
        written.append(Started((to_folder / made.path).as_posix(), made.how))
    if written[0].how == WRITTEN and requirement is None:
        notes.append(f"set `requirement` in {written[0].path}: until then its jobs fail")
    return written


def write_pipeline(
    checkout: Checkout, projects: Sequence[Project], requirement: str | None, notes: list[str]
) -> list[Started]:
    """GitLab's pipeline: the file that it reads, or beside one that is there, or for a folder, one to be included."""
    if not checkout.prefix.isprintable():
        raise UsageProblem(f"{checkout.folder}: no pipeline can name this folder; rename it, or give --ci none")
    main = checkout.root / gitlab.FILE
    whole = not checkout.prefix and not main.is_symlink() and not main.exists()
    name = gitlab.FILE if whole else f".gitlab/{caller_name(checkout.prefix)}"
    patterns = [each.replace("/**", "/**/*") for each in _patterns(checkout.prefix, projects, gitlab.pattern)]
    content = gitlab.render_pipeline(
        gitlab.Pipeline(
            prefix=checkout.prefix,
            patterns=(*("**/*" if each == "**" else each for each in patterns), name),
            names=job_names(projects[0].environments),
            tokens={each.environment: each.token_env for each in projects if each.environment and each.token_env},
            requirement=requirement or TO_BE_SET,
        ),
        shipped(gitlab.COMPONENT).read_text(encoding="utf-8"),
    )
    made = [write_new(checkout.root, name, content)]
    if not whole:
        include = write_new(checkout.root, gitlab.FILE, f"---\ninclude:\n  - local: {name}\n")
        if include.how == KEPT and name not in _text(main):
            notes.append(f"{gitlab.FILE} is there already: add `include: [{{local: {name}}}]` to it")
        made.append(include)
    if made[0].how == WRITTEN and requirement is None:
        notes.append(f"set `requirement` (REQUIREMENT) in {name}: until then its jobs fail")
    to_folder = Path(os.path.relpath(checkout.root, checkout.folder))
    return [Started((to_folder / each.path).as_posix(), each.how) for each in made]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() and not path.is_symlink() else ""


def _patterns(prefix: str, projects: Sequence[Project], pattern: Callable[[str], str] = pattern) -> tuple[str, ...]:
    """What the workflow runs for: a project's whole folder, or its files at the root; and manifests elsewhere."""
    found = [f"{pattern(prefix)}/**"] if prefix else [projects[0].file or "reconciler.yaml", "live.json"]
    for path in dict.fromkeys(each for project in projects for each in project.manifests):
        inside = os.path.normpath(f"{prefix}/{path}" if prefix else path).replace(os.sep, "/")
        if inside == ".":
            found.append("**")
        elif not inside.startswith(("..", "/")) and not (prefix and inside.startswith(f"{prefix}/")):
            found.append(pattern(inside) if inside.endswith(SUFFIXES) else f"{pattern(inside)}/**")
    return tuple(dict.fromkeys(found))


def _shipped_workflow(name: str) -> str:
    return shipped(f"{FOLDER}/{name}").read_text(encoding="utf-8")


def write_new(folder: Path, path: str, content: str) -> Started:
    """Write a file that is not there yet; one that is there, or a link, is kept."""
    target = folder / path
    if target.is_symlink() or target.exists():
        return Started(path, KEPT)
    create_file(target, content, below=folder)
    return Started(path, WRITTEN)
