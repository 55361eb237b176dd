"""Results that a use case gives and render shows: one type a kind of answer, each with a view in every format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from reconciler.errors import ReconcilerError
from reconciler.model.enums import CheckStatus, SetStanding
from reconciler.model.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.demand import Asked
    from reconciler.model.enums import Standing
    from reconciler.model.finding import Finding
    from reconciler.model.health import Probed
    from reconciler.model.position import Position
    from reconciler.model.report import Report
    from reconciler.model.runner import Listing


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did, and the plan that it did it by; `shown` where that plan is on the same screen above."""

    report: Report
    plan: Plan
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Valid:
    """One environment's manifests (environment None: without environments), all well; what is worth a look in them.

    `keys` are those of the runners.
    """

    environment: str | None
    runners: int
    files: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Validity:
    """What `validate` found to be well, environment by environment."""

    environments: tuple[Valid, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was `found`, and what to do about it, `advice` (empty: nothing)."""

    name: str
    status: CheckStatus
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Checks:
    """What `doctor` found, in the order of its checks."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether none fails."""
        return all(check.status != CheckStatus.FAIL for check in self.checks)


@dataclass(frozen=True, slots=True)
class Listed:
    """The live runners; `standing` maps an id to managed, drifted or unmanaged, None where there are no manifests.

    `health` maps an id to what its endpoint has shown; None where none was asked. `keys` are those of the entries that
    declare them, by id.
    """

    listing: Listing
    api_url: str
    standing: Mapping[str, Standing] | None
    sandbox: str | None
    filtered: bool = False
    health: Mapping[str, Probed] | None = None
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetDemand:
    """A tag set, the names of the active runners that serve it, and who asks for just it (None: no workflow).

    No tags are what workflows without any ask for.
    """

    tags: tuple[str, ...]
    runners: tuple[str, ...]
    asked: Asked | None

    @property
    def standing(self) -> SetStanding:
        """Whether it is served, asked for, both or neither."""
        if self.runners:
            return SetStanding.BOTH if self.asked else SetStanding.SERVED
        return SetStanding.ASKED if self.asked else SetStanding.NEITHER


@dataclass(frozen=True, slots=True)
class Served:
    """Tag sets with the names of the active runners that serve each; an empty set means wildcards.

    Where the demand was read, `demand` has all sets by who asks for them, and `recent` how many workflows of late were.
    `listed` are the runners that were read; where their endpoints were asked, `healthy` counts for each set the healthy
    ones that serve it.
    """

    sets: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    sandbox: str | None = None
    demand: tuple[SetDemand, ...] = ()
    recent: int | None = None
    listed: Listed | None = None
    healthy: Mapping[tuple[str, ...], int] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One runner's entry as a manifest has it, a literal `${` escaped, and what is to be noted about it."""

    fields: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """One manifest's text; the `variables` that it refers to; what could not be written; and the emulator's file.

    `declared` counts the runners that manifests declare already; `written` are the paths of the files that were
    written; `entries` are those of the text, by their keys.
    """

    text: str
    variables: tuple[str, ...]
    left_out: tuple[str, ...]
    sandbox: str | None
    declared: int = 0
    written: tuple[str, ...] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effective:
    """The effective runners as plain data; secrets are references or `(sensitive)`.

    `settings` are those of the project file that are no default, its environment laid over its top level.
    """

    environment: str | None
    runners: tuple[dict[str, Any], ...]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one part of a runner comes from.

    `field` is one of FIELD_NAMES, `headers.NAME` for one header, id, former_name or wildcard; each tag has an Origin.
    `value` is as it is shown, secrets as references. `source` names the layer: `runner`, `profile a100`, `defaults in
    reconciler.yaml`. `at` is None for what is declared nowhere.
    """

    field: str
    value: str
    at: Position | None
    source: str


@dataclass(frozen=True, slots=True)
class Explained:
    """Where every field, tag and header of one runner comes from."""

    origins: tuple[Origin, ...]


Result: TypeAlias = (
    Plan | Applied | Validity | Checks | Listed | Served | Exported | Effective | Explained | ReconcilerError
)
"""Everything that a format can be asked to show."""
