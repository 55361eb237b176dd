"""From manifests to what is wanted: every runner merged, expanded, checked, with its secrets or references to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import ManifestError
from reconciler.manifests.documents import read_all
from reconciler.manifests.files import STDIN, STDIN_SHOWN
from reconciler.manifests.format.problems import add_problem
from reconciler.manifests.merge.digest import digest_of
from reconciler.manifests.merge.duplicates import Unique
from reconciler.manifests.merge.inheritance import Inheritance
from reconciler.manifests.merge.layers import declared, overlay
from reconciler.manifests.secrets.resolve import HeaderValues
from reconciler.manifests.yaml.trail import dotted
from reconciler.model.fields.headers import Headers
from reconciler.model.fields.spec import MAX_TAGS
from reconciler.model.position import Position, Problem
from reconciler.model.runner import Desired, DesiredRunner
from reconciler.text.hidden import is_hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reconciler.manifests.documents import Document, Documents
    from reconciler.manifests.files import Files
    from reconciler.manifests.format.manifest import Runner
    from reconciler.manifests.merge.layers import Merged, Source
    from reconciler.manifests.project import Project
    from reconciler.model.secret import HeaderValue
    from reconciler.ports import SecretSource

_NOTHING: frozenset[str] = frozenset()


def compile_manifests(
    project: Project,
    paths: Sequence[str] = (),
    *,
    secrets: SecretSource | None,
    allow_unresolved: bool = False,
    allow_empty: bool = False,
    stdin: Callable[[], bytes] | None = None,
    files: Files | None = None,
) -> Desired:
    """Compile the manifests at `paths`, or of the project's own manifests when there are none.

    `secrets` None means offline: what refers to a secret stays Unresolved. With `allow_unresolved` so does what is not
    set or not there. `stdin` reads what `-` means, `files` the rest (default: the disk). Raises ManifestError with
    every problem of every file, also when there is no runner at all, unless `allow_empty`.
    """
    problems: list[Problem] = []
    documents = read_all(project, paths, problems, stdin=stdin, files=files)
    compiler = Compiler(project, secrets, problems, allow_unresolved=allow_unresolved)
    runners = compiler.compile(documents)
    if not runners and not problems and not allow_empty:
        problems.append(_none_declared(documents))
    if problems:
        raise ManifestError(problems)
    digest = digest_of(runners, compiler.shown)
    return Desired(tuple(runners), digest, documents.files, complete=compiler.headers.complete)


class Compiler:
    """Compiles runners. What is wrong is added to `problems`; `shown` has each key's headers with references."""

    def __init__(
        self, project: Project, secrets: SecretSource | None, problems: list[Problem], *, allow_unresolved: bool = False
    ) -> None:
        self.inheritance = Inheritance(project, problems)
        self.headers = HeaderValues(project, secrets, problems, unresolved_allowed=allow_unresolved)
        self.shown: dict[str, Mapping[str, str]] = {}
        self._problems = problems
        self._unique = Unique(problems)

    def compile(self, documents: Documents) -> list[DesiredRunner]:
        """Make every runner that can be made, in order."""
        compiled: list[DesiredRunner] = []
        for document in documents.documents:
            entries = document.manifest.runners or {}
            for key, place in document.runner_places.items():
                at = Position(document.file, *place)
                path = dotted(("runners", key)) if is_hidden(key) else f"runners.{key}"
                first = self._unique.key(key, path, at)
                if key in entries:
                    runner = self._runner(key, entries[key], document.own_layer(key, path), at, document)
                    if first and runner is not None:
                        self._unique.runner(runner)
                        compiled.append(runner)
        return compiled

    def _runner(
        self, key: str, entry: Runner, source: Source, at: Position, document: Document
    ) -> DesiredRunner | None:
        inherited = self.inheritance.merged(document, entry, source)
        own = declared(source)
        layer = overlay(inherited, own)
        name = entry.name or (None if "name" in own.places else key)  # None: the one declared is wrong
        released = frozenset(entry.unmanaged) if entry.unmanaged else _NOTHING
        tags = None if "tags" in released else layer.tags
        if tags is not None and len(tags) > MAX_TAGS:
            self._too_many(tags, inherited, own, source.path, at)
        if layer.endpoint is None and "endpoint" not in layer.places:
            message = f"{source.path}: endpoint is required, here or in what the runner inherits"
            add_problem(self._problems, Problem(at, message))
        headers: Mapping[str, HeaderValue] | None = None
        if layer.headers is not None and "headers" not in released:
            resolve = self.headers.resolve_inherited if own.headers is None else self.headers.resolve
            headers, shown = resolve(layer.headers)
            self.shown[key] = shown
        if name is None or layer.endpoint is None:
            return None
        return DesiredRunner(
            key=key,
            at=at,
            name=name,
            endpoint=layer.endpoint,
            id=entry.id,
            former_name=entry.former_name,
            headers=None if headers is None else Headers(headers),
            tags=tags,
            status=None if "status" in released else layer.status,
            unmanaged=released,
            wildcard=layer.wildcard or False,
            accept=layer.accept or (),
            field_at=layer.places,
        )

    def _too_many(self, tags: tuple[str, ...], inherited: Merged, own: Merged, path: str, at: Position) -> None:
        # No layer alone has too many, so some of them are inherited.
        came = f"{len(inherited.tags or ())} of them inherited, the last at {inherited.places['tags']}"
        message = f"{path}.tags: {len(tags)} tags, {came}; the API takes at most {MAX_TAGS}"
        add_problem(self._problems, Problem(own.places.get("tags", at), message))


def _none_declared(documents: Documents) -> Problem:
    """Nothing would look like "everything is fine" where a path was mistyped or a checkout was empty."""
    source = documents.sources[0] if documents.sources else "."
    shown = STDIN_SHOWN if source == STDIN else source
    declare = "the manifests declare no runner; declare one, or adopt the live ones by `reconciler export`"
    what = declare if documents.files else "no manifest was found"
    return Problem(Position(shown, 1, 1), f"{what}; give --allow-empty if that is meant")
