"""Runners as the service has them (live) and as the manifests want them (desired)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from reconciler.model.enums import AUTO
from reconciler.model.fields.table import FIELD_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.demand import Demand, ManagedRunner
    from reconciler.model.fields.headers import Headers
    from reconciler.model.fields.spec import RunnerSpec
    from reconciler.model.finding import Acceptance
    from reconciler.model.position import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRunner:
    """A runner as the service answered it.

    Timestamps are ISO 8601 UTC strings as received.
    """

    id: str
    spec: RunnerSpec
    user_id: str = ""
    created_at: str = ""
    updated_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredRunner:
    """A runner as the manifests want it, after merging and interpolation.

    `tags`, `headers` and `status` are None where they are unmanaged; a status AUTO is left to health. `name` and
    `endpoint` always hold a value (a create needs them); they are unmanaged where `unmanaged` lists them. `at` is the
    runner's key in its manifest, `field_at` the place of each declared field.
    """

    key: str
    at: Position
    name: str
    endpoint: str
    id: str | None = None
    former_name: str | None = None
    headers: Headers | None = None
    tags: tuple[str, ...] | None = None
    status: str | None = None
    unmanaged: frozenset[str] = frozenset()
    wildcard: bool = False
    accept: tuple[Acceptance, ...] = ()
    field_at: Mapping[str, Position] = field(default_factory=dict)

    @property
    def is_auto(self) -> bool:
        """Whether health decides the status. Once it has, this entry's status is what it has decided."""
        return self.status == AUTO and "status" not in self.unmanaged

    def declares(self, name: str) -> bool:
        """Whether this manifest says what the field `name`, one of FIELD_NAMES, is to be."""
        return name not in self.unmanaged and getattr(self, name) is not None

    def owns(self, name: str) -> bool:
        """Whether this manifest owns the field `name`: a status that health has not decided it does not."""
        return self.declares(name) and not (name == "status" and self.is_auto)

    def owned(self) -> dict[str, Any]:
        """Give every field that this manifest owns, by name."""
        released = self.unmanaged if self.status != AUTO else self.unmanaged | {"status"}
        return {
            name: value for name in FIELD_NAMES if (value := getattr(self, name)) is not None and name not in released
        }

    def place(self, name: str) -> Position:
        """Return where the field `name` is written, or the runner's key where it has no place of its own."""
        return self.field_at.get(name, self.at)


@dataclass(frozen=True, slots=True)
class Desired:
    """All that the manifests want. `digest` is a SHA-256 over the effective manifests, secrets as references.

    `complete` is False when a header value could not be resolved. `files` are the manifests read, in order.
    """

    runners: tuple[DesiredRunner, ...]
    digest: str
    files: tuple[str, ...]
    complete: bool = True


PER_PAGE: Final = 100
"""The most runners that the API gives on a page."""


def list_reads(count: int) -> int:
    """Count how many reads a list of so many runners takes: a full last page is followed by one more."""
    return count // PER_PAGE + 1


@dataclass(frozen=True, slots=True)
class Listing:
    """All runners of the account at one time: `read_at` is ISO 8601 UTC by our clock, `reads` the requests it took.

    `owner` is the account's id where it was asked for; the runners say it too. `managed` are the service's own runners
    and `demand` what workflows ask for: None where that was not read, or the tier has no managed runners.
    """

    runners: tuple[LiveRunner, ...]
    read_at: str
    reads: int
    owner: str | None = None
    managed: tuple[ManagedRunner, ...] | None = None
    demand: Demand | None = None

    @property
    def account(self) -> str | None:
        """The id of the account that owns the runners; None for an empty fleet whose owner was not asked for."""
        return (self.runners[0].user_id if self.runners else "") or self.owner


@dataclass(frozen=True, slots=True)
class Account:
    """`GET /v1/user`: who the token belongs to, and the tier.

    `answered_at` is the answer's Date header (RFC 9110, 6.6.1), empty where there was none.
    """

    id: str
    name: str
    email: str
    tier: str
    answered_at: str = ""
