"""The plan: what would be sent, in which order, what it changes and what is worth a look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.model.enums import ActionKind, MatchedBy, Purpose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.demand import Demand
    from reconciler.model.fields.change import Change
    from reconciler.model.fields.spec import RunnerBody
    from reconciler.model.finding import Finding
    from reconciler.model.position import Position
    from reconciler.model.runner import DesiredRunner, LiveRunner


@dataclass(frozen=True, slots=True)
class Wait:
    """A request waits until `at_least` of the runners of gate number `gate` have taken their first write, verified."""

    gate: int
    at_least: int


@dataclass(frozen=True, slots=True)
class Gate:
    """A tag set (or promise) that must stay served while runners change over.

    `tags` is the set; empty means "any workflow", which only a wildcard serves, if `wildcard`, and for a workflow
    without tags otherwise. `keys` are the actions whose first write makes one more runner serve it.
    """

    tags: tuple[str, ...]
    keys: tuple[str, ...]
    wildcard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One write. `path` has the literal `{id}` where the id is known only after the create before it."""

    method: str
    path: str
    body: RunnerBody
    purpose: Purpose
    waits: tuple[Wait, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What becomes of one runner: its changes and the requests that bring them, in order.

    `unmanaged` are the fields whose live value is carried over: if there are any, each PUT is preceded by a GET.
    `live` and `desired` are what it was planned from; None in a plan read from a file.
    """

    action: ActionKind
    key: str
    id: str | None
    name: str
    matched_by: MatchedBy
    at: Position | None
    live_updated_at: str | None
    changes: tuple[Change, ...]
    requests: tuple[Request, ...]
    unmanaged: tuple[str, ...] = ()
    turns_off: bool = False
    live: LiveRunner | None = None
    desired: DesiredRunner | None = None

    @property
    def checks(self) -> int:
        """How many GETs go before its writes: one before each PUT that carries unmanaged fields."""
        return len(self.requests) if self.unmanaged and self.action != ActionKind.CREATE else 0


@dataclass(frozen=True, slots=True)
class UnmanagedRunner:
    """A live runner that no entry matches."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many active runners serve one tag set before and after; `tags` empty means wildcards."""

    tags: tuple[str, ...]
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Budget:
    """Requests: `reads` done; `writes`, `checks` and the `verify` reads of the closing list to come.

    `seconds` is what all of them take at the rate limit.
    """

    reads: int
    writes: int
    checks: int
    seconds: float
    verify: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """What a plan was made from, as it was given; `acknowledged` holds CODE or CODE:KEY.

    `policy_from` is the commit whose policy it was made under, by its full hash.
    `place` is the project file's path below the root of its repository, whether it is there or not: it keeps the
    projects of one repository apart. `demand` is how many of the newest workflows were asked for by option, None for
    what the project file says. `probe` says that endpoints were asked: what they answer decides again at its apply.
    """

    paths: tuple[str, ...] = ()
    project: str | None = None
    environment: str | None = None
    targets: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    acknowledged: tuple[str, ...] = ()
    allow_empty: bool = False
    policy_from: str | None = None
    place: str | None = None
    demand: int | None = None
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Pin:
    """One action: what it was planned from and would send.

    `live` has the fingerprint of every field of the live runner; `requests` those of the header values of each request.
    """

    key: str
    live: Mapping[str, Any] | None
    requests: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """One plan's pins, in the order of its actions, all salted with `nonce`."""

    nonce: str
    pins: tuple[Pin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan. Actions are in the order of their keys; `unchanged` counts the runners that match already.

    `complete` is False when a value could not be known; `live_as_of` is set when the live state came from a snapshot;
    `sandbox` is the file of the embedded emulator, when that was talked to. `demand` is what workflows ask for, each
    set with how many runners serve it before and after, and `managed` how many of the service's own runners were
    counted; None where that was not read. `inputs` say what it was made from; `fingerprints` stand for the header
    values of a plan that was read from a file.
    """

    created_at: str
    api_url: str
    environment: str | None
    manifest_digest: str
    complete: bool
    actions: tuple[Action, ...]
    unchanged: int
    unmanaged: tuple[UnmanagedRunner, ...]
    findings: tuple[Finding, ...]
    gates: tuple[Gate, ...]
    capacity: tuple[Capacity, ...]
    budget: Budget
    account: str | None = None
    demand: Demand | None = None
    managed: int | None = None
    live_as_of: str | None = None
    sandbox: str | None = None
    targets: tuple[str, ...] = ()
    inputs: PlanInputs | None = field(default=None, compare=False, repr=False)
    fingerprints: Fingerprints | None = field(default=None, compare=False, repr=False)

    @property
    def applyable(self) -> bool:
        """Whether apply would go on: everything known, read live, and no finding refuses."""
        return self.complete and self.live_as_of is None and not any(finding.refuses for finding in self.findings)

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.actions)

    def count(self, action: ActionKind) -> int:
        """Count how many actions are of one kind."""
        return sum(each.action == action for each in self.actions)

    @property
    def turned_off(self) -> int:
        """How many updates and disables end an active status."""
        return sum(each.turns_off for each in self.actions)
