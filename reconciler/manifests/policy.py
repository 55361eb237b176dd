"""The policy of another revision: what a pull request can't loosen.

The policy keys of a project file say what manifests may read, what plans may show and do, and under which token. With
`--policy-from REF` they come from the project file of that revision, and everything else from the working tree.
"""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any, Final

from reconciler.manifests.git import open_revision
from reconciler.manifests.git_process import NoRepository
from reconciler.manifests.project import load_policy
from reconciler.model.health import HealthPolicy
from reconciler.model.policy import Guard, PolicyChange
from reconciler.model.position import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.manifests.project import Project

_SHOWN_COMMIT: Final = 12
_NOTHING: Final = "nothing"
"""How a key that is not set is shown."""


def under_policy_of(reference: str, project: Project, *, path: str | None) -> Project:
    """Return the project, with the policy of the git revision `reference` and the changes of the policy since.

    `path` is the project file as given by --project, None for the usual places. Raises UsageProblem for no such
    commit, and ManifestError where the project file there is not valid.
    """
    with open_revision(reference, project.cwd, "--policy-from") as revision:
        if path is not None and not revision.holds(path):
            raise NoRepository(
                f"--policy-from {reference}: {path} is not in the repository {revision.repository.root}, which the "
                "revision is of; run this in the repository of the project file"
            )
        shown = revision.commit[:_SHOWN_COMMIT]
        base = load_policy(path, environment=project.environment, cwd=project.cwd, files=revision, revision=shown)
    named = shown if revision.commit.startswith(reference) else f"{reference} ({shown})"
    top = None if project.file is None else Position(project.file, 1, 1)
    changes = [
        PolicyChange(key, _show(before), _show(after), named, project.policy_at.get(key, top))
        for key, declared in POLICY.items()
        if (before := declared(base)) != (after := declared(project))
    ]
    return replace(
        project,
        token_env=base.token_env,
        public_headers=base.public_headers,
        env_allow=base.env_allow,
        file_allow=base.file_allow,
        unmanaged=base.unmanaged,
        unmanaged_scope=base.unmanaged_scope,
        guard=base.guard,
        promises=base.promises,
        health=base.health,
        policy_commit=revision.commit,
        policy_changes=tuple(changes),
    )


def _guard(project: Project) -> Mapping[str, Any]:
    """What is declared, key by key, so that a key that this version learns is compared as well."""
    usual = Guard()
    declared = {each.name: getattr(project.declared_guard, each.name) for each in fields(Guard)}
    return {name: _plain(value) for name, value in declared.items() if value != getattr(usual, name)}


def _health(project: Project) -> Mapping[str, Any]:
    """What differs from what it is where nothing is declared."""
    usual = asdict(HealthPolicy())
    declared = {name: value for name, value in asdict(project.health).items() if value != usual[name]}
    return {name.removesuffix("_s"): _short(value) for name, value in declared.items()}


def _short(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _coverage(project: Project) -> list[Mapping[str, Any]]:
    promises = {(tuple(sorted(each.tags)), each.min_active) for each in project.promises}
    return [{"tags": list(tags), "min_active": count} for tags, count in sorted(promises)]


def _plain(value: object) -> Any:
    """A value as JSON has it; what is neither text nor a number as its text."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in sorted(value.items())}
    if isinstance(value, tuple | frozenset):
        return [_plain(each) for each in (sorted(value) if isinstance(value, frozenset) else value)]
    return value if isinstance(value, bool | int | float) else str(value)


def _show(value: object) -> str:
    """As the project file would have it, without quotes; a guard's keys without braces."""
    if not value:
        return _NOTHING
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_inner(each)}" for key, each in value.items())
    return _inner(value)


def _inner(value: object) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_inner(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inner, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


POLICY: Final[Mapping[str, Callable[[Project], Any]]] = {
    "env_allow": lambda project: sorted(set(project.env_allow)),
    "file_allow": lambda project: sorted(set(project.file_allow)),
    "public_headers": lambda project: sorted(project.public_headers),
    "guard": _guard,
    "coverage": _coverage,
    "unmanaged": lambda project: project.unmanaged,
    "unmanaged_scope": lambda project: sorted(set(project.unmanaged_scope)),
    "token_env": lambda project: project.token_env or "",
    "health": _health,
}
"""What each policy key declares, comparable: the order of a list of patterns means nothing."""
