"""What every use case is given: which manifests, and how to reach the outside."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.errors import BadAnswer, Forbidden, ManifestError, NotFound, UsageProblem
from reconciler.manifests.files import PROJECT_FILES
from reconciler.manifests.git_environment import find_root
from reconciler.manifests.merge.compile import compile_manifests
from reconciler.manifests.project import BrokenProject, load_project
from reconciler.manifests.secrets.allowed import KnownNames
from reconciler.model.enums import UnmanagedMode
from reconciler.model.policy import Acknowledgement, Policy
from reconciler.model.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from reconciler.health.targets import Prober
    from reconciler.manifests.files import Files
    from reconciler.manifests.project import Project
    from reconciler.model.runner import Desired, Listing
    from reconciler.model.scope import Scope
    from reconciler.ports import Clock, Journal, Progress, RunnerApi, RunnerReader, SecretSource, Stop
    from reconciler.settings import Settings

TIMESTAMP: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which manifests, of which environment, for which runners. `cwd` is the folder that paths are relative to.

    `demand` is how many of the newest workflows are read besides those under way; None: what the project file says.
    `probe` says that endpoints are asked for a plan. `policy_from` is the git revision whose policy is in force; None:
    that of the working tree. `workspace` is the folder of a CI's checkout, where there is one. `files` is where
    manifests and project file are read; None: the disk.
    """

    paths: tuple[str, ...] = ()
    project: str | None = None
    environment: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    acknowledged: tuple[Acknowledgement, ...] = ()
    allow_empty: bool = False
    policy_from: str | None = None
    demand: int | None = None
    probe: bool = False
    cwd: Path = field(default_factory=Path.cwd)
    workspace: Path | None = None
    files: Files | None = None

    @property
    def place(self) -> str:
        """The project file's path below the root of its repository; outside of one, below `workspace` or `cwd`."""
        present = [name for name in PROJECT_FILES if (self.cwd / name).exists()]
        file = Path(os.path.realpath(self.cwd / (self.project or (*present, PROJECT_FILES[0])[0])))
        root = find_root(file.parent) or self.workspace or self.cwd
        return Path(os.path.relpath(file, os.path.realpath(root))).as_posix()


def select(paths: Iterable[str | os.PathLike[str]], scope: Scope, *, cwd: Path) -> Selection:
    """Return the selection of a call: its paths, what it chooses by name, and the folder that paths are relative to."""
    project, workspace = scope.get("project"), os.environ.get("GITHUB_WORKSPACE")
    return Selection(
        paths=tuple(os.fspath(path) for path in paths),
        project=None if project is None else os.fspath(project),
        environment=scope.get("environment"),
        variables=dict(scope.get("variables", {})),
        targets=_texts("targets", scope.get("targets", ())),
        acknowledged=tuple(map(Acknowledgement.parse, _texts("acknowledge", scope.get("acknowledge", ())))),
        allow_empty=scope.get("allow_empty", False),
        policy_from=scope.get("policy_from"),
        demand=scope.get("demand"),
        probe=scope.get("probe", False),
        cwd=cwd,
        workspace=Path(workspace) if workspace else None,
    )


def _texts(name: str, given: Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise UsageProblem(f"{name} takes several texts: write ({given!r},) for one")
    return tuple(given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """How a use case reaches the outside. `settings` raises UsageProblem when there is no token."""

    clock: Clock
    stop: Stop
    progress: Progress
    journal: Journal
    secrets: SecretSource
    stdin: Callable[[], bytes]
    warn: Callable[[str], None]
    settings: Callable[[Project], Settings]
    reader: Callable[[Settings], AbstractContextManager[RunnerReader]]
    client: Callable[[Settings], AbstractContextManager[RunnerApi]]
    prober: Callable[[], Prober]

    def now(self) -> str:
        """Return the time, ISO 8601 UTC to the second."""
        return self.clock.utc_now().strftime(TIMESTAMP)


def load(selection: Selection) -> Project:
    """Load the project for one environment. Raises ManifestError, UsageProblem where an environment must be picked."""
    project = load_project(
        selection.project,
        environment=selection.environment,
        variables=selection.variables,
        cwd=selection.cwd,
        files=selection.files,
    )
    if project.needs_environment:
        names = ", ".join(project.environments)
        raise UsageProblem(f"{project.file} declares environments: pick one with -e/--env: {names}")
    if selection.policy_from is None:
        return project
    from reconciler.manifests.policy import under_policy_of

    return under_policy_of(selection.policy_from, project, path=selection.project)


def load_and_compile(
    selection: Selection, ports: Ports, *, secrets: SecretSource | None, allow_unresolved: bool = False
) -> tuple[Project, Desired]:
    """Load the project and its manifests. Raises ManifestError with the problems of both."""
    try:
        project = load(selection)
    except BrokenProject as broken:
        problems = list(broken.problems)
        try:
            if selection.paths or broken.project.manifests:
                compile_selected(selection, broken.project, ports, secrets=None)
        except ManifestError as error:
            problems.extend(error.problems)
        raise ManifestError(problems) from broken
    return project, compile_selected(selection, project, ports, secrets=secrets, allow_unresolved=allow_unresolved)


def compile_selected(
    selection: Selection,
    project: Project,
    ports: Ports,
    *,
    secrets: SecretSource | None,
    allow_unresolved: bool = False,
) -> Desired:
    """Compile the manifests of the selection; with `secrets` None nothing is resolved. Raises ManifestError."""
    if secrets is None:
        secrets, allow_unresolved = KnownNames(ports.secrets), True
    return compile_manifests(
        project,
        selection.paths,
        secrets=secrets,
        allow_unresolved=allow_unresolved,
        allow_empty=selection.allow_empty,
        stdin=ports.stdin,
        files=selection.files,
    )


def hide(desired: Desired, api: RunnerReader) -> None:
    """Let foreign text be cleaned of the manifests' secrets too, before the service can echo one that it was sent."""
    api.scrubber.learn(
        value for runner in desired.runners for value in (runner.headers or {}).values() if isinstance(value, Secret)
    )


def read_runners(reader: RunnerReader, selection: Selection, project: Project) -> Listing:
    """Read the live runners, with what else the project or the selection asks for: workflows, managed runners."""
    listing = reader.list_runners()
    recent = project.demand if selection.demand is None else selection.demand
    if not recent and not project.managed:
        return listing
    return reader.read_surroundings(listing, recent=recent)


def read_live(
    reader: RunnerReader, selection: Selection, project: Project, settings: Settings, ports: Ports
) -> Listing:
    """Read the live runners with the account they are of, for a plan that is saved or was.

    A plan is bound to its account by the token it is signed under, or by its runners. Where there is neither (another
    key, and no runner yet) the service is asked, which is one more read.
    """
    listing = read_runners(reader, selection, project)
    if listing.account is not None or settings.binds_account:
        return listing
    account = account_of(listing, reader, ports, "the plan is bound to no account")
    return replace(listing, owner=account, reads=listing.reads + 1)


def account_of(listing: Listing, reader: RunnerReader, ports: Ports, without: str) -> str | None:
    """Return the account's id: as its runners say, else as the service says. None where neither does.

    Then a warning says what there is not, `without`.
    """
    if listing.account is not None:
        return listing.account
    try:
        return reader.account().id
    except (BadAnswer, Forbidden, NotFound) as exc:
        ports.warn(f"{without}: {exc}")
        return None


def policy_of(selection: Selection, project: Project, ports: Ports) -> Policy:
    """Return what the plan is judged by. Unmanaged runners are retired only when the whole project was read."""
    whole = not selection.paths and not selection.targets
    return Policy(
        today=ports.clock.utc_now().date(),
        guard=project.guard,
        promises=project.promises,
        unmanaged=project.unmanaged,
        retire_unmanaged=project.unmanaged_scope if whole and project.unmanaged == UnmanagedMode.DISABLE else (),
        targets=selection.targets,
        acknowledged=selection.acknowledged,
        public_headers=project.public_headers,
        changes=project.policy_changes,
    )
