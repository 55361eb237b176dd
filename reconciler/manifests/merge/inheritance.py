"""What a runner inherits: defaults and profiles, as layers, each combination merged once."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from reconciler.manifests.format.problems import add_problem
from reconciler.manifests.merge.layers import EMPTY, Source, declared, overlay
from reconciler.manifests.yaml.nodes import Map, Seq
from reconciler.model.position import Position, Problem
from reconciler.text.suggestions import meant

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.manifests.documents import Document
    from reconciler.manifests.format.manifest import Runner
    from reconciler.manifests.merge.layers import Merged
    from reconciler.manifests.project import Project


class Inheritance:
    """The layers below each runner. They are expanded when first used; what is wrong then is added to `problems`."""

    def __init__(self, project: Project, problems: list[Problem]) -> None:
        self._project = project
        self._problems = problems
        self._sources: dict[tuple[int, str], Source] = {}
        self._merged: dict[tuple[int, bool, tuple[str, ...]], tuple[Document, Merged]] = {}

    def merged(self, document: Document, runner: Runner, own: Source) -> Merged:
        """Merge all that a runner inherits; `own` is the runner as its own layer."""
        key = id(document), runner.inherit is not False, self._profiles(document, runner, own)
        known = self._merged.get(key)
        if known is None:  # with the document itself, so that its id is not used again
            layers = (declared(source) for source in self._stack(document, *key[1:]))
            known = self._merged[key] = document, reduce(overlay, layers, EMPTY)
        return known[1]

    def sources(self, document: Document, runner: Runner, own: Source) -> tuple[Source, ...]:
        """List the layers that a runner inherits, lowest first."""
        return self._stack(document, runner.inherit is not False, self._profiles(document, runner, own))

    def _stack(self, document: Document, inherits: bool, profiles: tuple[str, ...]) -> tuple[Source, ...]:
        project = self._project
        stack: list[Source] = []
        if inherits:
            for path, node in project.defaults:
                stack.append(self._of_project(f"{path} in {project.file}", path, node))
            defaults = document.node.get("defaults")
            if isinstance(defaults, Map):
                label = f"defaults in {document.file}"
                stack.append(self._read(label, "defaults", document.file, document.folder, defaults))
        for name in profiles:
            if name in document.profiles:
                node = document.profiles[name]
                stack.append(self._read(f"profile {name}", f"profiles.{name}", document.file, document.folder, node))
            else:
                path, node = project.profiles[name]
                stack.append(self._of_project(f"profile {name} in {project.file}", path, node))
        return tuple(stack)

    def _profiles(self, document: Document, runner: Runner, own: Source) -> tuple[str, ...]:
        """List the profiles that a runner names and that exist; one named twice counts where it was named last."""
        known: list[str] = []
        for index, name in enumerate(runner.profiles or ()):
            if name in document.profiles or name in self._project.profiles:
                known.append(name)
            else:
                named = own.node["profiles"]
                place = named.item_at[index] if isinstance(named, Seq) else own.node.at
                message = f"{own.path}.profiles[{index}]: no profile {name!r}; {self._meant(name, document)}"
                add_problem(self._problems, Problem(Position(own.file, *place), message))
        return tuple(dict.fromkeys(reversed(known)))[::-1] if len(known) > 1 else tuple(known)

    def _meant(self, name: str, document: Document) -> str:
        names = {*document.profiles, *self._project.profiles}
        return meant(name, sorted(names)) if names else "declare it under profiles in this file or in the project file"

    def _of_project(self, label: str, path: str, node: Map) -> Source:
        return self._read(label, path, self._project.file or "", self._project.folder, node)

    def _read(self, label: str, path: str, file: str, folder: Path, node: Map) -> Source:
        """Read the layer with its variables. What else could be wrong with it was reported with its document."""
        from reconciler.manifests.format.manifest import Layer
        from reconciler.manifests.format.parse import parse

        known = self._sources.get((id(node), path))  # an anchor can make one mapping both defaults and a profile
        if known is None:
            layer, read = parse(Layer, node, file, self._problems, variables=self._project.vars, path=path)
            known = self._sources[id(node), path] = Source(label, path, file, folder, read, layer)
        return known
