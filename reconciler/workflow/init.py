"""`init`: the files that a repository of manifests starts from. Overwrites nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import __version__
from reconciler.files import create_file, write_file
from reconciler.workflow.schema import schema
from reconciler.workflow.shipped import shipped

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN: Final = "wrote"
KEPT: Final = "kept"
EXTENDED: Final = "extended"

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
# yaml-language-server: $schema=../runner-manifest.schema.json
version: 1
runners: {}
# Take the braces away and declare runners like this one, or adopt the live ones: reconciler export --out runners
#
#  my-first-runner:
#    endpoint: https://comfy.example.com
#    tags: [image-generation]
#    headers:
#      Authorization: Bearer ${env:RECONCILER_COMFY_TOKEN}
#    status: active
"""

IGNORED: Final = ("*.plan", "reconciler.journal", "reconciler-plan.html")

CALLER: Final = f"""\
# Plans runners in pull requests, applies them after the merge behind the GitHub environment `production`, and tells of
# drift on weekdays. Secrets to set: COMFYCONTROL_API_TOKEN, and RECONCILER_HEADER_SECRETS with one NAME=VALUE a line
# for what manifests refer to as ${{env:RECONCILER_...}}.
name: runners

on:
  pull_request:
  push:
    branches: [main]
  schedule:
    - cron: "17 5 * * 1-5"
  workflow_dispatch:

permissions: {{}}

jobs:
  reconcile:
    if: github.event_name != 'schedule'
    permissions:
      actions: write
      contents: read
      pull-requests: write
    uses: ./.github/workflows/reconcile.yml
    with:
      requirement: comfycontrol-reconciler=={__version__}
    secrets:
      COMFYCONTROL_API_TOKEN: ${{{{ secrets.COMFYCONTROL_API_TOKEN }}}}
      RECONCILER_HEADER_SECRETS: ${{{{ secrets.RECONCILER_HEADER_SECRETS }}}}

  drift:
    if: github.event_name == 'schedule' || github.event_name == 'workflow_dispatch'
    permissions:
      contents: read
      issues: write
    uses: ./.github/workflows/drift.yml
    with:
      requirement: comfycontrol-reconciler=={__version__}
    secrets:
      COMFYCONTROL_API_TOKEN: ${{{{ secrets.COMFYCONTROL_API_TOKEN }}}}
      RECONCILER_HEADER_SECRETS: ${{{{ secrets.RECONCILER_HEADER_SECRETS }}}}
"""


@dataclass(frozen=True, slots=True)
class Started:
    """One file of the start: `how` is wrote, kept (it was there) or extended (lines were added to it)."""

    path: str
    how: str


def init(folder: Path) -> tuple[Started, ...]:
    """Write what is not there yet. Raises ReconcilerError where a file stands in the way of a folder."""
    contents = {
        "reconciler.yaml": PROJECT,
        "runners/first.yaml": MANIFEST,
        "runner-manifest.schema.json": schema("manifest"),
        "runner-project.schema.json": schema("project"),
        ".github/workflows/runners.yml": CALLER,
        ".github/workflows/reconcile.yml": _workflow("reconcile.yml"),
        ".github/workflows/drift.yml": _workflow("drift.yml"),
    }
    started = [_write(folder, path, content) for path, content in contents.items()]
    return (*started, _ignore(folder))


def _workflow(name: str) -> str:
    return shipped(f".github/workflows/{name}").read_text(encoding="utf-8")


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
