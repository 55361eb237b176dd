"""The project file: read, checked, and one environment laid over its top level, as a frozen `Project`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconciler.errors import ManifestError, UsageProblem
from reconciler.manifests.files import PROJECT_FILES, Disk, show_path
from reconciler.manifests.format.field_types import check_variable_name
from reconciler.manifests.yaml.read import read_documents
from reconciler.model.enums import UnmanagedMode
from reconciler.model.fields.headers import fold
from reconciler.model.health import HealthPolicy
from reconciler.model.policy import POLICY_KEYS, Guard, Promise
from reconciler.model.position import Position, Problem
from reconciler.model.watching import Watching
from reconciler.text.cause import reason_of
from reconciler.text.suggestions import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from reconciler.manifests.files import Files
    from reconciler.manifests.merge.environments import Declared
    from reconciler.manifests.yaml.nodes import Map
    from reconciler.model.policy import PolicyChange

DEFAULT_MANIFESTS: Final = ("runners",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The project file with one environment laid over it; all defaults without a file (`file` None).

    `cwd` is the working folder, `folder` the project file's (the working folder without one). `manifests` and
    `file_allow` are paths seen from `folder`. `token_variables` are those of every environment. `public_headers` are
    lower-case. `defaults` are layers, lowest first, and `profiles` layers by name: what messages call them, and the
    mapping. `declared_guard` is `guard` without what other keys imply, `policy_at` has the places of the policy's keys.
    `unmanaged_scope` holds globs. `demand` is how many of the newest workflows are read (0: none), `managed` whether
    the service's own runners are. `policy_commit` is the commit whose policy is in force (None: the file's
    own), and `policy_changes` where the file would have it otherwise.
    """

    cwd: Path
    folder: Path
    file: str | None = None
    environment: str | None = None
    environments: tuple[str, ...] = ()
    manifests: tuple[str, ...] = DEFAULT_MANIFESTS
    token_env: str | None = None
    token_variables: frozenset[str] = frozenset()
    public_headers: frozenset[str] = frozenset()
    env_allow: tuple[str, ...] = ()
    file_allow: tuple[str, ...] = ()
    vars: Mapping[str, str] = field(default_factory=dict)
    unmanaged: UnmanagedMode = UnmanagedMode.REPORT
    unmanaged_scope: tuple[str, ...] = ()
    guard: Guard = field(default_factory=Guard)
    promises: tuple[Promise, ...] = ()
    defaults: tuple[tuple[str, Map], ...] = ()
    profiles: Mapping[str, tuple[str, Map]] = field(default_factory=dict)
    declared_guard: Guard = field(default_factory=Guard)
    health: HealthPolicy = field(default_factory=HealthPolicy)
    watching: Watching = field(default_factory=Watching)
    demand: int = 0
    managed: bool = False
    policy_at: Mapping[str, Position] = field(default_factory=dict)
    policy_commit: str | None = None
    policy_changes: tuple[PolicyChange, ...] = ()

    @property
    def needs_environment(self) -> bool:
        """Whether environments are declared and none is picked."""
        return bool(self.environments) and self.environment is None

    @property
    def declares_defaults(self) -> bool:
        """Whether runners inherit anything from the project file."""
        return any(node for _, node in self.defaults)

    @property
    def secret_roots(self) -> tuple[Path, ...]:
        """The folders below which secrets' files may lie."""
        return (self.folder, *(self.folder / each for each in self.file_allow))


class BrokenProject(ManifestError):
    """Problems of the project file. `project` is what could be read of it: only good for finding more problems.

    It names no manifests where nothing is known of which ones are meant.
    """

    def __init__(self, problems: Sequence[Problem], project: Project) -> None:
        self.project = project
        super().__init__(problems)


def load_project(
    path: str | None,
    *,
    environment: str | None = None,
    variables: Mapping[str, str] | None = None,
    cwd: Path,
    files: Files | None = None,
) -> Project:
    """Load the project file at `path`, or reconciler.yaml (or .yml) in `cwd` when that is there.

    `variables` (`--var`) beat those of the environment, which beat the top level's. Raises BrokenProject with every
    problem of the file, ManifestError when it can't be read, and UsageProblem for an unknown environment.
    """
    variables = _check_variables(variables or {})
    tree = files or Disk(cwd)
    file = _find(path, cwd, tree)
    if file is None:
        if path is not None:
            raise ManifestError([Problem(Position(show_path(path, cwd), 1, 1), "there is no such project file")])
        _pick(environment, (), None)
        return Project(cwd=cwd, folder=cwd, vars=variables)
    problems: list[Problem] = []
    declared = _read(tree, file, file, problems)
    _pick(environment, declared.environments, file)
    project = _build(declared, environment, variables, cwd, problems)
    if problems:
        raise BrokenProject(problems, project)
    return project


def load_policy(path: str | None, *, environment: str | None, cwd: Path, files: Files, revision: str) -> Project:
    """Load the project file that `files` has in the same place, for its policy; the defaults where it has none.

    An environment that it does not declare has its top level's policy. `revision` is what messages call it. Raises
    ManifestError.
    """
    file = _find(path, cwd, files)
    if file is None:
        return Project(cwd=cwd, folder=cwd)
    shown = f"{revision}:{file}"
    problems: list[Problem] = []
    declared = _read(files, file, shown, problems)
    picked = environment if environment in declared.environments else None
    project = _build(declared, picked, {}, cwd, problems)
    if problems:
        raise ManifestError(problems)
    return project


def _find(path: str | None, cwd: Path, tree: Files) -> str | None:
    """The project file as it is shown; None where there is none. Raises ManifestError where it is unclear."""
    names = PROJECT_FILES if path is None else (show_path(path, cwd),)
    problems: list[Problem] = []
    found = {name: files for name in names if (files := tree.find(name, problems)) is not None}
    for name, files in found.items():
        if list(files) != [name] and not problems:
            problems.append(Problem(Position(name, 1, 1), "there is no such project file: this is a folder"))
    if all(found.get(name) for name in PROJECT_FILES) and len(found) > 1:
        both = " and ".join(found)
        problems.append(Problem(Position(names[-1], 1, 1), f"{both} are both there; keep one, or name it by --project"))
    if problems:
        raise ManifestError(problems)
    return next(iter(found), None)


def _read(tree: Files, file: str, shown: str, problems: list[Problem]) -> Declared:
    from reconciler.manifests.format.parse import empty_document, parse
    from reconciler.manifests.format.project import ProjectFile
    from reconciler.manifests.merge.environments import Declared

    try:
        content = tree.read(file)
    except OSError as exc:
        raise ManifestError([Problem(Position(shown, 1, 1), f"can't be read: {reason_of(exc)}")]) from exc
    document = _only_document(read_documents(content, shown, problems), shown, problems)
    return Declared(*parse(ProjectFile, document or empty_document(), shown, problems), shown)


def _check_variables(variables: Mapping[str, str]) -> dict[str, str]:
    for name in variables:
        if wrong := check_variable_name(name):
            raise UsageProblem(f"--var {name}: {wrong}")
    return dict(variables)


def _only_document(documents: Sequence[Map], file: str, problems: list[Problem]) -> Map | None:
    if not documents:
        if not problems:
            problems.append(Problem(Position(file, 1, 1), "the project file is empty; it starts with `version: 1`"))
        return None
    problems.extend(
        Problem(Position(file, *extra.at), "a project file is one YAML document; remove this one")
        for extra in documents[1:]
    )
    return documents[0]


def _pick(environment: str | None, environments: tuple[str, ...], file: str | None) -> None:
    """Raise UsageProblem for an environment that is not declared."""
    if environment is None or environment in environments:
        return
    if file is None:
        raise UsageProblem(f"no environment {environment!r}: there is no project file that could declare it")
    if not environments:
        raise UsageProblem(f"no environment {environment!r}: {file} declares none")
    close = nearest(environment, environments)
    meant = f"; did you mean {close}?" if close else ""
    raise UsageProblem(f"no environment {environment!r} in {file}, which declares {', '.join(environments)}{meant}")


def _build(
    declared: Declared, environment: str | None, variables: Mapping[str, str], cwd: Path, problems: list[Problem]
) -> Project:
    from reconciler.manifests.merge.environments import Levels

    levels = Levels(declared, environment)
    settings = levels.settings
    unmanaged = settings.unmanaged or UnmanagedMode.REPORT
    project = Project(
        cwd=cwd,
        folder=(cwd / declared.shown).parent,
        file=declared.shown,
        environment=environment,
        environments=declared.environments,
        manifests=() if levels.is_unclear("manifests") else tuple(settings.manifests or DEFAULT_MANIFESTS),
        token_env=levels.token_env,
        token_variables=declared.token_variables,
        public_headers=frozenset(map(fold, settings.public_headers or ())),
        env_allow=tuple(settings.env_allow or ()),
        file_allow=tuple(settings.file_allow or ()),
        vars={**(settings.vars or {}), **variables},
        unmanaged=unmanaged,
        unmanaged_scope=tuple(settings.unmanaged_scope or ()),
        guard=levels.guard(retires=unmanaged == UnmanagedMode.DISABLE),
        declared_guard=levels.guard(retires=False),
        health=levels.health(),
        watching=levels.watching(),
        demand=(settings.demand.recent if settings.demand else None) or 0,
        managed=bool(settings.managed),
        policy_at=levels.places(POLICY_KEYS),
        promises=levels.promises(),
        defaults=levels.layers("defaults"),
        profiles=levels.profiles(),
    )
    is_wrong = settings.unmanaged_scope is None and "unmanaged_scope" in project.policy_at  # which is said already
    has_scope = is_wrong or bool(project.unmanaged_scope)
    if unmanaged == UnmanagedMode.DISABLE and not has_scope and not project.needs_environment:
        message = "unmanaged: disable needs unmanaged_scope, globs of the names that may be disabled"
        problems.append(Problem(levels.place("unmanaged"), message))
    return project
