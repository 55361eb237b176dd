"""`init`: the files that a repository of manifests starts from. Overwrites nothing and follows no link."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from reconciler.errors import UsageProblem
from reconciler.files import create_file, write_file
from reconciler.forge.github.callers import FOLDER, REUSED, Calling, caller_name, job_names, pattern, render_caller
from reconciler.forge.gitlab import pipeline as gitlab
from reconciler.manifests.checkout import inspect_checkout
from reconciler.manifests.files import SUFFIXES
from reconciler.manifests.project import load_project
from reconciler.workflow.schema import schema
from reconciler.workflow.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.manifests.checkout import Checkout
    from reconciler.manifests.project import Project

WRITTEN: Final = "wrote"
KEPT: Final = "kept"
EXTENDED: Final = "extended"

GITHUB: Final = "github"
GITLAB: Final = "gitlab"
NONE: Final = "none"
CIS: Final = (GITHUB, GITLAB, NONE)
_HOST: Final = re.compile(r"(?:\w+://)?(?:[^@/]*@)?([^:/]+)")

TO_BE_SET: Final = "<set this: what pip installs>"
"""Stands for a requirement where none is known; pip refuses it, so that nothing of that name is ever installed."""

PROJECT: Final = """\
# yaml-language-server: $schema=./runner-project.schema.json
version: 1
manifests: [runners]
# defaults:                      # for every runner
#   tags: [production]
# guard:                         # refuse a plan that goes further; `--acknowledge CODE` accepts one for a run
#   max_disables: 1
#   max_changes: 50%
# coverage:                      # what must stay served
#   - {tags: [production, image-generation], min_active: 1}
"""

MANIFEST: Final = """\
# yaml-language-server: $schema={schema}
version: 1
runners: {{}}
# Take the braces away and declare runners like this one, or adopt the live ones: reconciler export --out {folder}
#
#  my-first-runner:
#    endpoint: https://comfy.example.com
#    tags: [image-generation]
#    headers:
#      Authorization: Bearer ${{env:RECONCILER_COMFY_TOKEN}}
#    status: active
"""

IGNORED: Final = ("*.plan", "reconciler.journal", "reconciler-plan.html")

SCHEMAS: Final = {"manifest": "runner-manifest.schema.json", "project": "runner-project.schema.json"}


@dataclass(frozen=True, slots=True)
class Started:
    """One file of the start: `how` is wrote, kept (it was there) or extended (lines were added to it)."""

    path: str
    how: str


@dataclass(frozen=True, slots=True)
class Start:
    """Every file, its path as seen from the folder, and what is left to do."""

    files: tuple[Started, ...]
    notes: tuple[str, ...]


def init(folder: Path, *, ci: str | None = None, requirement: str | None = None) -> Start:
    """Write what is not there yet. `ci` None is what the remote is, `requirement` None one that is still to be set.

    A project file that is there is read: the rest is written for its manifests and environments. Raises ManifestError
    where it is wrong, FileError where a file or link is in the way, UsageProblem for a CI without templates.
    """
    checkout = inspect_checkout(folder)
    notes: list[str] = []
    chosen = _choose_ci(ci, checkout, notes)
    projects = _read_projects(folder)
    contents = {projects[0].file or "reconciler.yaml": PROJECT}
    first = _first_manifest(folder, projects[0].manifests[0])
    if first is not None:
        contents[str(first)] = MANIFEST.format(schema=_schema_from(first), folder=first.parent)
    contents |= {name: schema(kind) for kind, name in SCHEMAS.items()}
    started = [_write(folder, path, content) for path, content in contents.items()]
    if chosen == GITHUB:
        started += _write_callers(checkout, projects, requirement, notes)
    elif chosen == GITLAB:
        started += _write_pipeline(checkout, projects, requirement, notes)
    return Start((*started, _ignore(folder)), tuple(notes))


def _choose_ci(asked: str | None, checkout: Checkout, notes: list[str]) -> str:
    """What was asked for, else what the remote's host is called; GitHub without a remote."""
    if asked is not None or checkout.remote is None:
        return asked or GITHUB
    found = _HOST.match(checkout.remote)
    host = found[1].lower() if found else ""
    if "github" in host:
        return GITHUB
    if "gitlab" in host:
        return GITLAB
    if checkout.remote.startswith(("/", ".", "file:")):
        return GITHUB
    notes.append(
        f"no CI was written: {host} is not known; give --ci github or --ci gitlab where it is one of them, else see "
        "the README for three lines of shell"
    )
    return NONE


def _read_projects(folder: Path) -> list[Project]:
    """The project of each environment, or the one without; the defaults where there is no file yet."""
    whole = load_project(None, cwd=folder)
    return [load_project(None, environment=each, cwd=folder) for each in whole.environments] or [whole]


def _first_manifest(folder: Path, manifests: str) -> PurePosixPath | None:
    """Where the first manifest goes; None where there are some already, or where that is not below the folder."""
    home = PurePosixPath(os.path.normpath(manifests))
    if home.is_absolute() or ".." in home.parts:
        return None
    if home.name.endswith(SUFFIXES):
        return home
    first = home / "first.yaml"
    others = (each for suffix in SUFFIXES for each in (folder / home).rglob(f"*{suffix}"))
    return first if all(each == folder / first for each in others) or home == PurePosixPath(".") else None


def _schema_from(path: PurePosixPath) -> str:
    """The editor schema as seen from a file below the folder."""
    return ("../" * (len(path.parts) - 1) or "./") + SCHEMAS["manifest"]


def _write_callers(
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
        made = _write(checkout.root, f"{FOLDER}/{each}", content)
        written.append(Started((to_folder / made.path).as_posix(), made.how))
    if written[0].how == WRITTEN and requirement is None:
        notes.append(f"set `requirement` in {written[0].path}: until then its jobs fail")
    return written


def _write_pipeline(
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
    made = [_write(checkout.root, name, content)]
    if not whole:
        include = _write(checkout.root, gitlab.FILE, f"---\ninclude:\n  - local: {name}\n")
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


def _write(folder: Path, path: str, content: str) -> Started:
    target = folder / path
    if target.is_symlink() or target.exists():
        return Started(path, KEPT)
    create_file(target, content, below=folder)
    return Started(path, WRITTEN)


def _ignore(folder: Path) -> Started:
    target = folder / ".gitignore"
    if target.is_symlink():
        return Started(".gitignore", KEPT)
    present = target.read_bytes().decode() if target.exists() else ""
    missing = [line for line in IGNORED if line not in present.splitlines()]
    if not missing:
        return Started(".gitignore", KEPT)
    end = "\n" if present and not present.endswith("\n") else ""
    added = "".join(f"{line}\n" for line in missing)
    write_file(target, f"{present}{end}{added}")
    return Started(".gitignore", EXTENDED if present else WRITTEN)
