"""Whether runners answer: the policy of the project file, and what one probe found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MIN_SECONDS: Final = 0.1
MAX_IN_A_ROW: Final = 100
"""Bounds of what `health` in the project file may say."""


class Health(StrEnum):
    """What is known of a runner's endpoint. `unknown`: not asked, not allowed to be asked, or not yet sure."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """`health` in the project file: how endpoints are asked, and how many answers in a row decide.

    It is policy, so that a branch can't send the runners' headers to another path. `path` is appended to the endpoint;
    no runner is asked twice within `interval_s`; `timeout_s` bounds one whole probe. `unhealthy_after` bad answers in a
    row make a runner unhealthy, `healthy_after` good ones healthy.
    """

    path: str = "/system_stats"
    interval_s: float = 30.0
    timeout_s: float = 5.0
    unhealthy_after: int = 3
    healthy_after: int = 2


@dataclass(frozen=True, slots=True)
class Probed:
    """What one runner's endpoint showed. `reason` is a sentence of ours, never text of the answer; empty if healthy."""

    health: Health
    reason: str = ""
