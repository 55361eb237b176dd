"""What the project file says about watching: how often, and what to do with a plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_INTERVAL_S: Final = 24 * 60 * 60


class Mode(StrEnum):
    """What a watch does with a plan."""

    REPORT = "report"
    APPLY = "apply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """`watch` in the project file. Suspended: it plans and reports, and writes nothing."""

    interval_s: float = 60.0
    mode: Mode = Mode.REPORT
    suspend: bool = False
