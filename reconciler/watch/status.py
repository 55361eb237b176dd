"""How a watch is doing: the data behind its page, `/status.json`, metrics, logs and notifications. No secret in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model.health import Health

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.health import Probed
    from reconciler.model.watching import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One cycle: when it began (ISO 8601 UTC), how many seconds it took, and how it ended.

    `result` is `in-step`, `drift`, `applied`, `failed`, `refused`, `contested`, `suspended` or `error`; `reason` says
    more in words.
    """

    started_at: str
    duration_s: float
    result: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Drifted:
    """A runner that differs from the manifests: its key, and the names of the fields that differ."""

    key: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Noticed:
    """A finding of the last plan."""

    code: str
    severity: str
    key: str | None
    message: str
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All that is known after a cycle.

    `revision` is the one in force, `troubles` what fails at the moment, in words, by kind (git, manifests, reads,
    writes, refused). `drift_since` and `last_success_at` are ISO 8601 UTC. `drifted` are the runners that the last
    plan changes, contested ones included; `contested` maps keys to the fields that another writer keeps changing.
    """

    environment: str | None
    api_url: str
    mode: Mode
    suspended: bool = False
    revision: str | None = None
    cycle: Cycle | None = None
    cycles: int = 0
    last_success_at: str | None = None
    drifted: tuple[Drifted, ...] = ()
    drift_since: str | None = None
    contested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    findings: tuple[Noticed, ...] = ()
    health: Mapping[str, Probed] = field(default_factory=dict)
    troubles: Mapping[str, str] = field(default_factory=dict)
    next_cycle_at: str | None = None
    waits_for: str | None = None

    def unhealthy(self) -> frozenset[str]:
        """The keys of the runners whose endpoint does not answer as a ComfyUI."""
        return frozenset(key for key, probed in self.health.items() if probed.health is Health.UNHEALTHY)
