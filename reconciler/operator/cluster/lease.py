"""Who may act: one candidate at most. State, an answer and a time in, a request and a new state out. Pure.

    ask -> (the request is sent, or lost) -> answered | failed -> … pause … -> ask

No clock of another machine is trusted. A holder believes in its hold until GIVE_UP_S after the *start* of its last
renewal that worked; everybody else waits until the record has not changed for its whole duration, since the *end* of
the request that showed it first. Whatever is written is written on the version that was read, so of two that are
equally late one fails. So two believe at once only if the rates of their clocks differ by more than 12 to 7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from reconciler.operator.cluster.record import Record

DURATION_S: Final = 12
"""What a Lease says that it lasts, since its last renewal."""
GIVE_UP_S: Final = 7.0
RENEW_S: Final = 2.0
LOOK_S: Final = 1.0
"""Seconds from one request of a holder, and of everybody else, to the next one."""
_RELEASED_S: Final = 1


@dataclass(frozen=True, slots=True)
class Hold:
    """It is ours: renew it."""


@dataclass(frozen=True, slots=True)
class Take:
    """It is free: take it."""


@dataclass(frozen=True, slots=True)
class Create:
    """There is none: create it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """It is another's, who may believe in it until then."""

    until: float


Decision: TypeAlias = Hold | Take | Create | Wait


def decide(record: Record | None, me: str, observed_since: float, now: float) -> Decision:
    """Return what to do about a record that has not changed since `observed_since` or before. Monotonic seconds."""
    if record is None:
        return Create()
    if record.holder == me:
        return Hold()
    until = observed_since + max(record.duration_s, DURATION_S)
    return Take() if not record.holder or now >= until else Wait(until)


@dataclass(frozen=True, slots=True)
class Look:
    """Read the Lease."""


@dataclass(frozen=True, slots=True)
class Put:
    """Write a record: on its version, or, where it has none, as a new Lease. It makes us the holder."""

    record: Record


Ask: TypeAlias = Look | Put


@dataclass(frozen=True, slots=True)
class Candidacy:
    """What one candidate knows. `record` was first seen as it is at `observed_since`; `fresh`: it needs no look.

    `believes_until` is when its own hold ends, for itself; None: it has none. `renewed`: the last request began or
    prolonged it.
    """

    me: str
    record: Record | None = None
    observed_since: float = 0.0
    fresh: bool = False
    believes_until: float | None = None
    renewed: bool = False

    def holds(self, now: float) -> bool:
        """Say whether it may act."""
        return self.believes_until is not None and now < self.believes_until

    @property
    def holder(self) -> str:
        """Say who holds the Lease, as far as is known; empty: no one."""
        return "" if self.record is None else self.record.holder


def ask(state: Candidacy, now: float, written_at: str) -> Ask:
    """Return the next request. `written_at` is the time of day as a MicroTime, which only people read."""
    if not state.fresh:
        return Look()
    decision = decide(state.record, state.me, state.observed_since, now)
    if isinstance(decision, Wait):
        return Look()
    before = state.record
    if before is None:
        return Put(_record(state.me, written_at))
    if isinstance(decision, Hold):
        return Put(replace(before, duration_s=DURATION_S, renewed_at=written_at))
    taken = replace(_record(state.me, written_at), transitions=before.transitions + 1)
    return Put(replace(taken, version=before.version, document=before.document))


def _record(me: str, written_at: str) -> Record:
    return Record(holder=me, duration_s=DURATION_S, acquired_at=written_at, renewed_at=written_at, transitions=0)


def answered(state: Candidacy, asked: Ask, found: Record | None, started: float, ended: float) -> Candidacy:
    """Return the state after an answer: the record that was read (None: there is none) or written."""
    if isinstance(asked, Put):
        until = started + GIVE_UP_S
        return Candidacy(state.me, found, observed_since=ended, fresh=True, believes_until=until, renewed=True)
    same = found is not None and state.record is not None and found.version == state.record.version
    since = state.observed_since if same else ended
    believes_until = state.believes_until if found is not None and found.holder == state.me else None
    return Candidacy(state.me, found, observed_since=since, fresh=True, believes_until=believes_until)


def failed(state: Candidacy) -> Candidacy:
    """Return the state after a request without a good answer: a write may have happened, so it must look."""
    return replace(state, fresh=False, renewed=False)


def pause_s(state: Candidacy, now: float) -> float:
    """Return how long to wait until the next request: never beyond the end of a belief, or of another's hold."""
    if state.believes_until is not None and state.holds(now) and (state.renewed or not state.fresh):
        return min(RENEW_S if state.renewed else LOOK_S, state.believes_until - now)
    if not state.fresh:
        return LOOK_S
    decision = decide(state.record, state.me, state.observed_since, now)
    return min(LOOK_S, decision.until - now) if isinstance(decision, Wait) else 0.0


def released(state: Candidacy, written_at: str) -> Record | None:
    """Return the record to write on exit, so that the next one need not wait; None where the Lease is not ours."""
    if state.record is None or state.record.holder != state.me:
        return None
    return replace(state.record, holder="", duration_s=_RELEASED_S, renewed_at=written_at)
