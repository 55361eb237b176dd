"""How a watch is doing: the data behind its page, `/status.json`, metrics, logs and notifications. No secret in it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from reconciler.model.health import Health
from reconciler.model.report import RequestCount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.enums import Severity
    from reconciler.model.health import Probed
    from reconciler.model.watching import Mode


class CycleResult(StrEnum):
    """How a cycle can end: `drift` in mode report, `failed` where a write was not applied, `error` without a plan."""

    IN_STEP = "in-step"
    DRIFT = "drift"
    APPLIED = "applied"
    FAILED = "failed"
    REFUSED = "refused"
    CONTESTED = "contested"
    SUSPENDED = "suspended"
    ERROR = "error"


SUCCESSES: Final = frozenset(CycleResult) - {CycleResult.FAILED, CycleResult.REFUSED, CycleResult.ERROR}
"""Where everything was done that the mode asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One cycle: when it began (ISO 8601 UTC), how many seconds it took, and how it ended, in words too: `reason`."""

    started_at: str
    duration_s: float
    result: CycleResult
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
    severity: Severity
    key: str | None
    message: str
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All that is known after a cycle.

    `revision` is the one in force, `troubles` what fails at the moment, in words, by kind (git, manifests, reads,
    writes, refused). `drift_since` and `last_success_at` are ISO 8601 UTC. `drifted` are the runners that the last
    plan changes, contested ones included; `contested` maps keys to the fields that another writer keeps changing.
    `workflows` counts those under way that some runner serves (`served`) and that none does (`unserved`), after the
    last plan; empty where workflows are not read.
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
    workflows: Mapping[str, int] = field(default_factory=dict)

    def unhealthy(self) -> frozenset[str]:
        """Return the keys of the runners whose endpoint does not answer as a ComfyUI."""
        return frozenset(key for key, probed in self.health.items() if probed.health is Health.UNHEALTHY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What happened since the start: cycles by result, writes by outcome, requests."""

    cycles: Mapping[str, int] = field(default_factory=dict)
    writes: Mapping[str, int] = field(default_factory=dict)
    requests: RequestCount = field(default_factory=RequestCount)


def said(text: str, status: Status) -> str:
    """Return a line of the log; while nothing is written, it says so."""
    return text if not status.suspended or text.startswith("suspended") else f"suspended; {text}"


def status_document(status: Status, counts: Counts) -> dict[str, Any]:
    """Return the status as `/status.json` has it."""
    facts = asdict(status)
    facts["contested"] = {key: list(fields) for key, fields in status.contested.items()}
    return {"format_version": "1.0", **facts, "totals": asdict(counts)}
