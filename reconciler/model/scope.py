"""What the methods of the engine take by name, for programs and for the command line alike. Nothing heavy is imported.

A name that is not given has the default that the method's use case says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping


class Scope(TypedDict, total=False):
    """Which manifests, of which environment, for which runners: what `plan`, `list` and the others take by name.

    `variables` are for `${var:NAME}`; `targets` are keys, or globs, of the runners to write; `acknowledge` holds
    findings taken on, as CODE or CODE:KEY; `policy_from` is a git revision, whose policy is in force;
    `demand` is how many of the newest workflows are read, None for what the project file says; `probe` says that
    endpoints are asked for a plan, or for a list.
    """

    project: str | os.PathLike[str] | None
    environment: str | None
    variables: Mapping[str, str]
    targets: Iterable[str]
    acknowledge: Iterable[str]
    allow_empty: bool
    policy_from: str | None
    demand: int | None
    probe: bool


class ListScope(Scope, total=False):
    """Which live runners besides, for `list` and `coverage`: of any of the statuses, with all of the tags.

    `drifted` and `unmanaged` choose those that manifests say this of; both together choose either.
    """

    statuses: Iterable[str]
    tags: Iterable[str]
    drifted: bool
    unmanaged: bool


class Writes(TypedDict, total=False):
    """How an apply writes: so many writes at once (4), which are verified by one more list at the end, or trusted.

    `lock_timeout_s` is how long another apply on this machine is waited for.
    """

    parallelism: int
    verify: bool
    lock_timeout_s: float


class Reconciling(Scope, Writes, total=False):
    """What `reconcile` takes by name."""
