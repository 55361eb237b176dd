"""What an apply did. It counts what was done, never what was planned."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.enums import ActionKind, OutcomeStatus


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an action is not applied: a stable `code` and a message that says what to do."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one action; `id` is the runner's, also one that was just created."""

    key: str
    action: ActionKind
    id: str | None
    status: OutcomeStatus
    error: Failure | None = None


@dataclass(frozen=True, slots=True)
class RequestCount:
    """What was sent: reads, writes, and how many attempts were repeats (`retries`) or met a 429 (`rate_limited`)."""

    reads: int = 0
    writes: int = 0
    retries: int = 0
    rate_limited: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes of one apply, in the order of the plan's actions."""

    outcomes: tuple[Outcome, ...]
    requests: RequestCount
    interrupted: bool = False

    def count(self, status: OutcomeStatus) -> int:
        """Count how many actions ended in one status."""
        return sum(outcome.status == status for outcome in self.outcomes)

    def applied(self, action: ActionKind) -> int:
        """Return how many actions of one kind were applied."""
        return sum(outcome.status == OutcomeStatus.APPLIED and outcome.action == action for outcome in self.outcomes)

    @property
    def exit_code(self) -> int:
        """0 when everything is applied, 130 when interrupted, else 3."""
        if self.interrupted:
            return 130
        return 0 if self.count(OutcomeStatus.APPLIED) == len(self.outcomes) else 3
