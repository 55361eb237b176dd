"""Findings: what a plan would do that a reviewer should look at, with stable codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.model.enums import Severity

if TYPE_CHECKING:
    import datetime as dt

    from reconciler.model.position import Position

_WORST_FIRST: Final = tuple(Severity)
STRANDED: Final = "stranded-tags"
UNSERVED: Final = "unserved-demand"
POLICY_CHANGED: Final = "policy-changed"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """`accept` in a manifest: a finding taken on in git, with a reason, until the end of the day `until` (UTC)."""

    code: str
    reason: str
    until: dt.date | None
    at: Position


@dataclass(frozen=True, slots=True)
class Raised:
    """One case that a rule found: the runner it is about (None for the fleet) and its place in the manifests.

    `severity` is None for the rule's default; `asked` says whether any workflow asks for what it is about.
    """

    message: str
    key: str | None = None
    at: Position | None = None
    severity: Severity | None = None
    asked: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. `key` is the runner it is about; None for one about the fleet.

    `accepted` says whether it was accepted; `accepted_by` how: `manifest: REASON (until DAY)` or `--acknowledge`.
    `asked` says whether any workflow asks for what it is about; None where that is not known, or has no meaning.
    """

    code: str
    severity: Severity
    message: str
    key: str | None = None
    at: Position | None = None
    accepted: bool = False
    accepted_by: str | None = None
    asked: bool | None = None

    @property
    def refuses(self) -> bool:
        """Whether this finding keeps the plan from being applied."""
        return self.severity == Severity.ERROR and not self.accepted

    @property
    def rank(self) -> tuple[int, int]:
        """Where it is shown, lowest first, so that no number of others can hide what matters.

        Errors that were accepted, errors that refuse, workflows that wait for what no runner serves, changes of the
        policy, the rest by severity; last what else was accepted.
        """
        if self.severity == Severity.ERROR:
            place = 0 if self.accepted else 1
        elif self.code in (UNSERVED, POLICY_CHANGED):
            place = 2
        else:
            place = 4 if self.accepted else 3
        return place, _WORST_FIRST.index(self.severity)
