"""What is asked for: the tag sets of workflows, and the service's own runners that serve tags besides the account's.

A list of workflows moves all the time: it is a sample. That a set is in it proves that it was asked for; that a set is
not in it proves nothing. No workflow's name is kept anywhere.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

UNDER_WAY: Final = ("accepted", "uploaded", "queued", "running")
"""The statuses of a workflow that still needs a runner, or has one."""
MANAGED_TIERS: Final = ("pro", "plus")
"""The tiers whose accounts have managed runners, by the documentation."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow: what it asks for, and since when (ISO 8601 UTC, as received)."""

    id: str
    status: str
    tags: tuple[str, ...]
    created_at: str


@dataclass(frozen=True, slots=True)
class ManagedRunner:
    """A runner that the service hosts: read-only, it serves tags like any other."""

    id: str
    name: str
    status: str
    tags: tuple[str, ...]

    @property
    def label(self) -> str:
        """What it is called among the runners of the account."""
        return f"{self.name} (managed by the service)"


@dataclass(frozen=True, slots=True)
class Asked:
    """One tag set that workflows ask for: how many of those under way, how many of late, the first of them when.

    `tags` are sorted; empty for workflows without tags. `before` and `after` are how many active runners serve the set
    before and after a plan, those of the service included.
    """

    tags: tuple[str, ...]
    under_way: int
    recent: int
    since: str
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class Demand:
    """What a sample of workflows asks for; `recent` is how many of them were not under way."""

    asked: tuple[Asked, ...]
    recent: int

    @classmethod
    def count(cls, under_way: Iterable[Workflow], others: Iterable[Workflow]) -> Demand:
        """Count workflows by what they ask for; sets in order."""
        waiting, done = list(under_way), list(others)
        now = Counter(frozenset(workflow.tags) for workflow in waiting)
        of_late = Counter(frozenset(workflow.tags) for workflow in done)
        since: dict[frozenset[str], str] = {}
        for workflow in (*waiting, *done):
            tags = frozenset(workflow.tags)
            since[tags] = min(since.get(tags, workflow.created_at), workflow.created_at)
        asked = [Asked(tuple(sorted(tags)), now[tags], of_late[tags], first) for tags, first in since.items()]
        return cls(tuple(sorted(asked, key=attrgetter("tags"))), len(done))
