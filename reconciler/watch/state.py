"""What a watch remembers between cycles. Frozen data: `decide` gives a new state for each thing that happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 15 * 60.0
MAX_HEALS: Final = 3
"""How often one field of one runner is written back on one commit before it counts as contested."""

FieldOf: TypeAlias = tuple[str, str]
"""A runner's key and the name of one of its fields."""


class Trouble(StrEnum):
    """What can fail, each with a back-off of its own."""

    GIT = "git"
    READS = "reads"
    WRITES = "writes"


@dataclass(frozen=True, slots=True)
class Backoff:
    """Failures in a row, and the moment (monotonic seconds) before which it is not tried again."""

    failures: int = 0
    until: float = 0.0

    def grow(self, now: float) -> Backoff:
        """After one more failure: the pause doubles from 2 s to 15 min."""
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self.failures, 20))
        return Backoff(self.failures + 1, now + pause_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`revision` is the one in force, `planned` whether it had a cycle with a whole plan.

    `heals` counts the writes that brought a field back on this revision; `contested` are the runners that are not
    written any more on it; `backoffs` hold only what fails at the moment.
    """

    revision: str | None = None
    planned: bool = False
    first: bool = True
    heals: Mapping[FieldOf, int] = field(default_factory=dict)
    contested: frozenset[str] = frozenset()
    backoffs: Mapping[Trouble, Backoff] = field(default_factory=dict)

    def backoff(self, trouble: Trouble) -> Backoff:
        """Return how one kind of failure goes; the empty one where it does not fail."""
        return self.backoffs.get(trouble, Backoff())
