"""How many answers in a row decide: one probe never turns a runner off or on. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.model.health import Health

if TYPE_CHECKING:
    from reconciler.model.health import HealthPolicy, Probed


@dataclass(frozen=True, slots=True)
class Streak:
    """Answers of one runner in a row, and what they amount to so far."""

    good: int = 0
    bad: int = 0
    health: Health = Health.UNKNOWN
    reason: str = ""


def extend(streak: Streak, probed: Probed, policy: HealthPolicy) -> Streak:
    """Return the streak with one more answer. One that is unknown says nothing: it neither counts nor breaks a row."""
    match probed.health:
        case Health.HEALTHY:
            grown = Streak(streak.good + 1, 0, streak.health, streak.reason)
            return replace(grown, health=Health.HEALTHY, reason="") if grown.good >= policy.healthy_after else grown
        case Health.UNHEALTHY:
            grown = Streak(0, streak.bad + 1, streak.health, probed.reason)
            return replace(grown, health=Health.UNHEALTHY) if grown.bad >= policy.unhealthy_after else grown
        case Health.UNKNOWN:
            return streak
