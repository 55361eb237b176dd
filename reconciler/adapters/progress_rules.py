"""What of a run's progress is worth showing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.model.enums import OutcomeStatus

if TYPE_CHECKING:
    from reconciler.model.report import Outcome

FEW_PAGES: Final = 3
"""Pages of a list that are read too quickly to show."""
SHORT_WAIT_S: Final = 2.0
"""Seconds; a shorter pause is not worth a line."""


def worth_a_line(outcome: Outcome) -> bool:
    """Whether an outcome stays on the screen beside a bar that counts."""
    return outcome.status not in (OutcomeStatus.APPLIED, OutcomeStatus.NOT_ATTEMPTED)
