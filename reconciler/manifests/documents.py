"""The documents of a project's manifests, read and checked, before anything is merged."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
from reconciler.manifests.format.schema import check_manifest
from reconciler.manifests.secrets.markers import check_markers
from reconciler.manifests.yaml.nodes import Map
from reconciler.manifests.yaml.read import read_documents
from reconciler.model.position import Position, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from reconciler.manifests.files import Files
    from reconciler.manifests.project import Project


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One YAML document. `profiles` are those of its whole file: the profile's name, and its mapping."""

    file: str
    folder: Path
    node: Map
    profiles: dict[str, Map]


@dataclass(frozen=True, slots=True)
class Documents:
    """All documents, in order, and the files they come from; `sources` are the paths that were asked for."""

    documents: tuple[Document, ...]
    files: tuple[str, ...]
    sources: tuple[str, ...]


def read_all(
    project: Project,
    paths: Sequence[str],
    problems: list[Problem],
    *,
    stdin: Callable[[], bytes] | None = None,
    files: Files | None = None,
) -> Documents:
    """Read and check the manifests at `paths`, or the project's own when there are none. Problems are added."""
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
    )
    documents: list[Document] = []
    for file in found:
        folder = cwd if file.shown == STDIN_SHOWN else (cwd / file.shown).parent
        nodes = read_documents(file.content, file.shown, problems)
        for node in nodes:
            check_manifest(node, file.shown, problems)
            check_markers(node, (), file.shown, problems)
        profiles = _profiles(nodes, file.shown, problems)
        documents.extend(Document(file.shown, folder, node, profiles) for node in nodes)
    return Documents(tuple(documents), tuple(file.shown for file in found), tuple(chosen))


def _profiles(nodes: Sequence[Map], file: str, problems: list[Problem]) -> dict[str, Map]:
    """The profiles that all documents of one file declare together."""
    profiles: dict[str, Map] = {}
    first: dict[str, Position] = {}
    for node in nodes:
        declared = node.get("profiles")
        if not isinstance(declared, Map):
            continue
        for name, profile in declared.items():
            at = Position(file, *declared.key_at[name])
            if name in first:
                message = f"profiles.{name}: already declared at {first[name]}; use another name"
                add_problem(problems, Problem(at, message))
                continue
            first[name] = at
            profiles[name] = profile if isinstance(profile, Map) else Map(declared.value_at[name])
    return profiles


def _read_stdin() -> bytes:
    return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
