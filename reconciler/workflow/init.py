"""`init`: the files that a repository of manifests starts from. Overwrites nothing and follows no link."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from reconciler.files import write_file
from reconciler.manifests.checkout import inspect_checkout
from reconciler.manifests.files import SUFFIXES
from reconciler.manifests.project import load_project
from reconciler.workflow.ci_files import KEPT, WRITTEN, Started, write_callers, write_new, write_pipeline
from reconciler.workflow.schema import schema

if TYPE_CHECKING:
    from reconciler.manifests.checkout import Checkout
    from reconciler.manifests.project import Project

EXTENDED: Final = "extended"

GITHUB: Final = "github"
GITLAB: Final = "gitlab"
NONE: Final = "none"
_GITEA: Final = ("gitea", "forgejo", "codeberg")
"""What is in the names of hosts that run Gitea or Forgejo."""
COMMANDS: Final = (
    "`reconciler plan --out fleet.plan`, `reconciler comment fleet.plan` and, after a look, `reconciler apply --plan "
    "fleet.plan`: see On GitLab, Gitea and Forgejo in the README"
)
"""All that a CI without a template needs."""
_HOST: Final = re.compile(r"(?:\w+://)?(?:[^@/]*@)?([^:/]+)")

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
    started = [write_new(folder, path, content) for path, content in contents.items()]
    if chosen == GITHUB:
        started += write_callers(checkout, projects, requirement, notes)
    elif chosen == GITLAB:
        started += write_pipeline(checkout, projects, requirement, notes)
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
    if any(name in host for name in _GITEA):
        notes.append(
            f"no CI was written: {host} is a Gitea or Forgejo, for which there is no template. Write a workflow below "
            f".gitea/workflows or .forgejo/workflows that runs {COMMANDS}"
        )
    else:
        notes.append(
            f"no CI was written: {host} is not known; give --ci github or --ci gitlab where it is one of them, else "
            f"let its CI run {COMMANDS}"
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
