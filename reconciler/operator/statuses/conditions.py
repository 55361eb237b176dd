"""Conditions (metav1.Condition), and the difference between two statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reconciler.watch.status import CycleResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

READY: Final = "Ready"
SYNCED: Final = "Synced"
HEALTHY: Final = "Healthy"
CONTESTED: Final = "Contested"
SUSPENDED: Final = "Suspended"

TRUE: Final = "True"
FALSE: Final = "False"
UNKNOWN: Final = "Unknown"

MAX_MESSAGE: Final = 32768
"""Characters of a condition's message."""

IN_SYNC: Final = "InSync"
PENDING: Final = "Pending"
BLOCKED: Final = "Blocked"
INVALID: Final = "Invalid"
WAITING: Final = "WaitingForLock"
DRIFTED: Final = "Drifted"
WRITE_FAILED: Final = "WriteFailed"
GUARD_REFUSED: Final = "GuardRefused"
VALUE_UNKNOWN: Final = "ValueUnknown"
HELD: Final = "Held"
DRIFT: Final = {
    CycleResult.DRIFT: DRIFTED,
    CycleResult.REFUSED: GUARD_REFUSED,
    CycleResult.FAILED: WRITE_FAILED,
    CycleResult.SUSPENDED: SUSPENDED,
    CycleResult.ERROR: VALUE_UNKNOWN,
}
"""Why something is still out of step, by how the cycle ended."""
PLANNED: Final = frozenset(
    {IN_SYNC, DRIFTED, WRITE_FAILED, GUARD_REFUSED, VALUE_UNKNOWN, CONTESTED, SUSPENDED, HELD},
)
"""Reasons that a plan led to."""
_OPEN: Final = frozenset({PENDING, BLOCKED, WAITING, HELD})
"""Reasons of an unknown Synced that are no failure."""


class Condition(NamedTuple):
    """One condition, but for what is of its resource: generation and time."""

    type: str
    status: str
    reason: str
    message: str


def ready(synced: Condition, healthy: Condition) -> Condition:
    """True where it is in sync and not unhealthy; Unknown where it is only too early to say."""
    if synced.status == TRUE:
        if healthy.status == FALSE:
            return healthy._replace(type=READY)
        return Condition(READY, TRUE, READY, "in sync" if healthy.status == UNKNOWN else "in sync and healthy")
    too_early = synced.status == UNKNOWN and synced.reason in _OPEN
    return synced._replace(type=READY, status=UNKNOWN if too_early else FALSE)


def conditions(
    found: Iterable[Condition],
    before: Mapping[str, Any],
    *,
    generation: int,
    now: str,
    scrub: Callable[[str], str],
) -> list[dict[str, Any]]:
    """Return the conditions as a status has them. The time of a transition is kept where the status is what it was."""
    earlier = by_type(before)
    made = []
    for each in found:
        last = earlier.get(each.type, {})
        since = last.get("lastTransitionTime") if last.get("status") == each.status else None
        made.append(
            {
                "type": each.type,
                "status": each.status,
                "observedGeneration": generation,
                "lastTransitionTime": since or now,
                "reason": each.reason,
                "message": bounded(scrub(each.message)),
            }
        )
    return made


def by_type(status: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the conditions of a status."""
    return {each["type"]: each for each in status.get("conditions") or ()}


def bounded(message: str) -> str:
    """Return a message that is not too long, and valid Unicode."""
    text = message.encode(errors="replace").decode()
    return text if len(text) <= MAX_MESSAGE else f"{text[: MAX_MESSAGE - 1]}…"


def patch_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what merges one status into the other (RFC 7386); empty where they are the same."""
    changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
    return {**changed, **dict.fromkeys(before.keys() - after.keys())}
