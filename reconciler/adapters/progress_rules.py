"""What of a run's progress is worth showing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from reconciler.model.enums import OutcomeStatus

if TYPE_CHECKING:
    from reconciler.model.report import Outcome

FEW_PAGES: Final = 3
"""Pages of a list that are read too quickly to show."""
SHORT_WAIT_S: Final = 2.0
"""Seconds; a shorter pause is not worth a line."""
SAME_LINES: Final = 3
"""Outcomes that failed alike and stay on the screen; the report has them all."""
_MINUTE_S: Final = 99.5
"""Seconds that are shown as such."""


def worth_a_line(outcome: Outcome) -> bool:
    """Whether an outcome stays on the screen beside a bar that counts."""
    return outcome.status not in (OutcomeStatus.APPLIED, OutcomeStatus.NOT_ATTEMPTED)


def time_left(done: int, total: int, elapsed_s: float, least_s: float = 0.0) -> str:
    """About how long a bar has to go, `about 50 s left`; empty where nothing is known.

    By the pace so far, and never less than the rate limit makes of it: `least_s` is what all of it takes at least.
    """
    todo = total - done
    if todo <= 0:
        return ""
    left_s = max(elapsed_s / done * todo if done else 0.0, least_s * todo / total)
    if left_s < 1:
        return ""
    return f"about {left_s:.0f} s left" if left_s < _MINUTE_S else f"about {math.ceil(left_s / 60)} min left"
