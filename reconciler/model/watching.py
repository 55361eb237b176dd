"""What the project file says about watching: how often, and what to do with a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """The flags that beat `watch` in the project file; None: not given."""

    interval_s: float | None = None
    mode: Mode | None = None
    suspend: bool | None = None

    def over(self, watching: Watching) -> Watching:
        """Return the project file's values, each beaten by its flag."""
        return replace(
            watching,
            interval_s=watching.interval_s if self.interval_s is None else self.interval_s,
            mode=self.mode or watching.mode,
            suspend=watching.suspend if self.suspend is None else self.suspend,
        )
