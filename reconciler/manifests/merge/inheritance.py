"""What a runner inherits: defaults and profiles, as layers, each combination merged once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from reconciler.manifests.format.field_types import check_key
from reconciler.manifests.format.problems import add_problem
from reconciler.manifests.format.suggestions import meant
from reconciler.manifests.merge.layers import EMPTY, LayerReader, flag, overlay
from reconciler.manifests.yaml.nodes import Map, Seq
from reconciler.model.position import Position, Problem

if TYPE_CHECKING:
    from reconciler.manifests.documents import Document
    from reconciler.manifests.merge.layers import Layer
    from reconciler.manifests.project import Project


@dataclass(frozen=True, slots=True)
class Source:
    """A layer and what people call it: `defaults in reconciler.yaml`, `profile a100`, `runner`."""

    label: str
    layer: Layer
    file: str
    node: Map

    def place(self, key: str) -> Position:
        """Where the layer declares a key."""
        return self.layer.places[key]


class Inheritance:
    """The layers below each runner. Layers are read when first used; what is wrong in them is added to `problems`."""

    def __init__(self, project: Project, problems: list[Problem]) -> None:
        self._project = project
        self._problems = problems
        self._sources: dict[tuple[int, str], Source] = {}
        self._merged: dict[tuple[int, bool, tuple[str, ...]], tuple[Document, Layer]] = {}

    def reader(self, document: Document) -> LayerReader:
        """Reads layers of this document's file."""
        return LayerReader(document.file, document.folder, self._project.vars, self._problems)

    def merged(self, document: Document, runner: Map, path: str) -> Layer:
        """All that a runner inherits, merged; `path` is how messages call the runner."""
        key = id(document), flag(runner, "inherit") is not False, self._profiles(document, runner, path)
        known = self._merged.get(key)
        if known is None:  # with the document itself, so that its id is not used again
            layers = (source.layer for source in self._stack(document, *key[1:]))
            known = self._merged[key] = document, reduce(overlay, layers, EMPTY)
        return known[1]

    def sources(self, document: Document, runner: Map, path: str) -> tuple[Source, ...]:
        """All that a runner inherits, lowest first."""
        inherits = flag(runner, "inherit") is not False
        return self._stack(document, inherits, self._profiles(document, runner, path))

    def _stack(self, document: Document, inherits: bool, profiles: tuple[str, ...]) -> tuple[Source, ...]:
        project = self._project
        stack: list[Source] = []
        if inherits:
            for where, node in project.defaults:
                stack.append(self._of_project(f"{where} in {project.file}", where, node))
            defaults = document.node.get("defaults")
            if isinstance(defaults, Map):
                stack.append(self._of_document(document, f"defaults in {document.file}", "defaults", defaults))
        for name in profiles:
            if name in document.profiles:
                node = document.profiles[name]
                stack.append(self._of_document(document, f"profile {name}", f"profiles.{name}", node))
            else:
                where, node = project.profiles[name]
                stack.append(self._of_project(f"profile {name} in {project.file}", where, node))
        return tuple(stack)

    def _profiles(self, document: Document, runner: Map, path: str) -> tuple[str, ...]:
        """The profiles that a runner names and that exist."""
        named = runner.get("profiles")
        if not isinstance(named, Seq):
            return ()
        known: list[str] = []
        profiles = self._project.profiles
        for index, written in enumerate(named):
            if not isinstance(written, str):
                continue
            name: str | None = written
            if "${" in written:
                name = self.reader(document).item(named, index, f"{path}.profiles", check_key)
            if name is None:
                continue
            if name in document.profiles or name in profiles:
                known.append(name)
            elif check_key(name) is None:  # else it was reported with the document
                message = f"{path}.profiles[{index}]: no profile {name!r}; {self._meant(name, document)}"
                add_problem(self._problems, Problem(Position(document.file, *named.item_at[index]), message))
        if len(known) > 1:  # one named twice counts where it was named last
            known = list(dict.fromkeys(reversed(known)))[::-1]
        return tuple(known)

    def _meant(self, name: str, document: Document) -> str:
        names = {*document.profiles, *self._project.profiles}
        return meant(name, names) if names else "declare it under profiles in this file or in the project file"

    def _of_document(self, document: Document, label: str, path: str, node: Map) -> Source:
        return self._read(self.reader(document), label, path, node)

    def _of_project(self, label: str, path: str, node: Map) -> Source:
        project = self._project
        return self._read(
            LayerReader(project.file or "", project.folder, project.vars, self._problems), label, path, node
        )

    def _read(self, reader: LayerReader, label: str, path: str, node: Map) -> Source:
        known = self._sources.get((id(node), path))  # an anchor can make one mapping both defaults and a profile
        if known is None:
            known = self._sources[id(node), path] = Source(label, reader.read(node, path), reader.file, node)
        return known
