"""Reads a project's manifests into typed documents, before anything is merged."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.manifests.files import (
    MAX_FILE_BYTES,
    PROJECT_FILES,
    STDIN,
    STDIN_SHOWN,
    Disk,
    read_manifests,
    show_path,
)
from reconciler.manifests.format.problems import add_problem
from reconciler.manifests.merge.layers import Source
from reconciler.manifests.yaml.nodes import Map, section
from reconciler.manifests.yaml.read import read_documents
from reconciler.model.position import Position, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from reconciler.manifests.files import Files
    from reconciler.manifests.format.manifest import Manifest
    from reconciler.manifests.project import Project
    from reconciler.manifests.yaml.nodes import Place


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One YAML document: its models, and the nodes that know their places.

    What is wrong is left out of both, but its keys still have places. `profiles` are those of its whole file.
    """

    file: str
    folder: Path
    node: Map
    manifest: Manifest
    profiles: Mapping[str, Map]
    runners: Map

    @property
    def runner_places(self) -> Mapping[str, Place]:
        """Give the place of each runner's key, also of one whose value is wrong."""
        return self.runners.key_at

    def own_layer(self, key: str, path: str) -> Source:
        """Give a runner as its own layer; `path` is what messages call it."""
        entries = self.manifest.runners or {}
        return Source("runner", path, self.file, self.folder, section(self.runners, key), entries[key])


@dataclass(frozen=True, slots=True)
class Documents:
    """All documents, in order, and the files they come from; `sources` are the paths that were asked for."""

    documents: tuple[Document, ...]
    files: tuple[str, ...]
    sources: tuple[str, ...]


_BEGIN: Final = "; give a PATH, or begin with `reconciler init`"
"""What to do where it was not said which manifests, and the default is not there."""


def read_all(
    project: Project,
    paths: Sequence[str],
    problems: list[Problem],
    *,
    stdin: Callable[[], bytes] | None = None,
    files: Files | None = None,
) -> Documents:
    """Read and check the manifests at `paths`, or the project's own when there are none. Problems are added."""
    from reconciler.manifests.format.manifest import Manifest
    from reconciler.manifests.format.parse import parse

    cwd = project.cwd
    if paths:
        chosen = [path if path == STDIN else show_path(path, cwd) for path in paths]
    else:
        shown = [show_path(project.folder / path, cwd) for path in project.manifests]
        chosen = [f"./{path}" if path == STDIN else path for path in shown]  # only a PATH may mean stdin
    found = read_manifests(
        chosen,
        files or Disk(cwd, project.secret_roots),
        passed_over=PROJECT_FILES if project.file is None else (*PROJECT_FILES, project.file),
        stdin=stdin or _read_stdin,
        problems=problems,
        hint=_BEGIN if not paths and project.file is None else "",
    )
    documents: list[Document] = []
    for file in found:
        folder = cwd if file.shown == STDIN_SHOWN else (cwd / file.shown).parent
        nodes = read_documents(file.content, file.shown, problems)
        read = [parse(Manifest, node, file.shown, problems, variables=project.vars) for node in nodes]
        profiles = _profiles([node for _, node in read], file.shown, problems)
        documents.extend(
            Document(file.shown, folder, node, manifest, profiles, section(node, "runners")) for manifest, node in read
        )
    return Documents(tuple(documents), tuple(file.shown for file in found), tuple(chosen))


def _profiles(nodes: Sequence[Map], file: str, problems: list[Problem]) -> dict[str, Map]:
    """Collect the profiles that all documents of one file declare; one with a wrong value counts as empty."""
    profiles: dict[str, Map] = {}
    first: dict[str, Position] = {}
    for node in nodes:
        declared = section(node, "profiles")
        for name, place in declared.key_at.items():
            at = Position(file, *place)
            if name in first:
                message = f"profiles.{name}: already declared at {first[name]}; use another name"
                add_problem(problems, Problem(at, message))
                continue
            first[name] = at
            profiles[name] = section(declared, name)
    return profiles


def _read_stdin() -> bytes:
    return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
