"""What a project file asks of every plan: guards, promises, and what becomes of unmanaged runners."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconciler.model.enums import Severity, UnmanagedMode

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from reconciler.model.position import Position


POLICY_KEYS: Final = (
    *(
        "env_allow",
        "file_allow",
        "public_headers",
        "guard",
        "coverage",
        "unmanaged",
        "unmanaged_scope",
        "token_env",
        "health",
    ),
)
"""The keys of a project file that a pull request must not loosen: `--policy-from` takes them from another revision."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A guard's bound: `amount` runners, or `amount` per cent of the matched live runners (never less than one)."""

    amount: float
    percent: bool = False

    def __str__(self) -> str:
        return f"{self.amount:g}%" if self.percent else f"{self.amount:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """`guard` in the project file. None means not limited; `severity` maps finding codes to severities.

    That of stranded tags may be two: for sets that workflows ask for (`asked`) and for those that none does.
    """

    max_disables: Limit | None = None
    max_changes: Limit | None = None
    max_creates: Limit | None = None
    endpoint_hosts: tuple[str, ...] | None = None
    two_phase: bool = True
    severity: Mapping[str, Severity | Mapping[str, Severity]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Promise:
    """`coverage` in the project file: at least `min_active` active runners serve `tags`."""

    tags: tuple[str, ...]
    min_active: int
    at: Position


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A policy key that the working tree sets otherwise than the revision whose policy is in force; values as text.

    `revision` is what that revision was named.
    """

    key: str
    before: str
    after: str
    revision: str
    at: Position | None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """`--acknowledge CODE[:KEY]`: a finding taken on for one run; `key` None means wherever it is raised."""

    code: str
    key: str | None = None

    @classmethod
    def parse(cls, text: str) -> Acknowledgement:
        """From `CODE` or `CODE:KEY`."""
        code, _, key = text.partition(":")
        return cls(code, key or None)

    def accepts(self, code: str, key: str | None) -> bool:
        """Whether this takes on a finding of that code about that runner."""
        return self.code == code and self.key in (None, key)

    def __str__(self) -> str:
        return self.code if self.key is None else f"{self.code}:{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything a plan is judged by. `today` is the day (UTC) by which acceptances expire.

    `retire_unmanaged` holds the globs of `unmanaged_scope` when `unmanaged: disable` is in force for this run, else
    nothing. `targets` are the globs of `--target`; empty means every runner. `public_headers` are lower-case names.
    `skipped` are keys of runners that are judged like all others and not written.
    `changes` say where the policy in force is not that of the working tree (`--policy-from`).
    """

    today: dt.date
    guard: Guard = field(default_factory=Guard)
    promises: tuple[Promise, ...] = ()
    unmanaged: UnmanagedMode = UnmanagedMode.REPORT
    retire_unmanaged: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    acknowledged: tuple[Acknowledgement, ...] = ()
    public_headers: frozenset[str] = frozenset()
    changes: tuple[PolicyChange, ...] = ()
    skipped: frozenset[str] = frozenset()
