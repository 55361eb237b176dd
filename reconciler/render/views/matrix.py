"""Runners by tags, before and after: which tags a plan's runners carry, gain and lose, and which sets that strands."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.model.enums import ActionKind, RunnerStatus
from reconciler.model.fields.change import ScalarChange, TagsChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.demand import Asked
    from reconciler.model.plan import Action, Plan

MAX_COLUMNS: Final = 40
MAX_CELLS: Final = 16_000
"""A browser lays out so many cells of a table without a pause."""
MAX_STRANDED: Final = 20
MAX_ASKED: Final = 200

KEPT: Final = "kept"
GAINED: Final = "gained"
LOST: Final = "lost"
ABSENT: Final = "absent"


@dataclass(frozen=True, slots=True)
class Side:
    """A runner on one side of the plan: None for its tags when it is not there."""

    tags: tuple[str, ...] | None
    active: bool

    @property
    def wildcard(self) -> bool:
        """Whether it takes any workflow."""
        return self.tags == ()

    def serves(self, wanted: frozenset[str]) -> bool:
        """Whether it is active and takes workflows that ask for these tags; the empty set means any workflow."""
        if not self.active or self.tags is None:
            return False
        return self.wildcard or (bool(wanted) and wanted.issubset(self.tags))


@dataclass(frozen=True, slots=True)
class Row:
    """One runner: its number in the plan, one state for each column, and the stranded sets it no longer serves."""

    number: int
    key: str
    action: ActionKind
    status: str
    wildcard: str
    cells: tuple[str, ...]
    strands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The columns (tags, those that change first), the rows, and how much of the plan they leave out.

    `asked` has for each column how many workflows, under way and of late, ask for sets with its tag; empty where that
    was not read.
    """

    tags: tuple[str, ...]
    stranded: frozenset[str]
    rows: tuple[Row, ...]
    more_tags: int
    more_rows: int
    asked: tuple[tuple[int, int], ...] = ()

    @property
    def has_wildcard(self) -> bool:
        """Whether any runner takes any workflow, before or after."""
        return any(row.wildcard != ABSENT for row in self.rows)

    @property
    def has_strands(self) -> bool:
        """Whether any row strands a set."""
        return any(row.strands for row in self.rows)


def sides(action: Action) -> tuple[Side, Side]:
    """Return the runner before and after, from its changes and from what is sent last for the fields that stay."""
    sent = action.requests[-1].body.spec if action.requests else None
    tags = next((each for each in action.changes if isinstance(each, TagsChange)), None)
    status = next((each for each in action.changes if isinstance(each, ScalarChange) and each.field == "status"), None)
    after_tags = tags.after if tags else sent.tags if sent else ()
    after_status = status.after if status else sent.status if sent else RunnerStatus.ACTIVE
    after = Side(after_tags, after_status == RunnerStatus.ACTIVE)
    if action.action == ActionKind.CREATE:
        return Side(None, active=False), after
    before_tags = tags.before if tags else after.tags
    before_status = status.before if status else after_status
    return Side(before_tags, before_status == RunnerStatus.ACTIVE), after


def make_matrix(plan: Plan, *, max_columns: int = MAX_COLUMNS, max_cells: int = MAX_CELLS) -> Matrix:
    """Make the matrix of a plan, cut to what a browser shows without a pause; what changes most is kept."""
    both = [sides(action) for action in plan.actions]
    every = _ranked(both)
    columns = every[:max_columns]
    room = max(1, max_cells // max(1, len(columns)))
    numbers = sorted(range(len(both)), key=lambda number: both[number][0] == both[number][1])[:room]
    stranded = [frozenset(each.tags) for each in plan.capacity if each.before and not each.after][:MAX_STRANDED]
    rows = tuple(_row(number, plan.actions[number], both[number], columns, stranded) for number in sorted(numbers))
    marked = frozenset(tag for each in stranded for tag in each)
    return Matrix(tuple(columns), marked, rows, len(every) - len(columns), len(both) - len(rows), _asked(plan, columns))


def asked_sets(plan: Plan, most: int = MAX_ASKED) -> Sequence[Asked]:
    """Return what workflows ask for: first what no runner serves after the plan, then by how many ask; only so many."""
    found = plan.demand.asked if plan.demand else ()

    def first(each: Asked) -> tuple[bool, int, int, tuple[str, ...]]:
        return each.after > 0, -each.under_way, -each.recent, each.tags

    return heapq.nsmallest(most, found, key=first)


def _asked(plan: Plan, columns: Sequence[str]) -> tuple[tuple[int, int], ...]:
    if plan.demand is None:
        return ()
    under_way: Counter[str] = Counter()
    recent: Counter[str] = Counter()
    for each in plan.demand.asked:
        for tag in each.tags:
            under_way[tag] += each.under_way
            recent[tag] += each.recent
    return tuple((under_way[tag], recent[tag]) for tag in columns)


def state(*, before: bool, after: bool) -> str:
    """Return what becomes of one tag."""
    if before:
        return KEPT if after else LOST
    return GAINED if after else ABSENT


def set_name(tags: Iterable[str]) -> str:
    """`gpu+sdxl`, or what the empty set shows as."""
    return "+".join(sorted(tags)) or "any workflow"


def _ranked(both: Sequence[tuple[Side, Side]]) -> list[str]:
    """Every tag: those that most runners gain or lose first, then those that most carry, then by name."""
    changed: Counter[str] = Counter()
    carried: Counter[str] = Counter()
    for before, after in both:
        had, has = set(before.tags or ()), set(after.tags or ())
        changed.update(had ^ has)
        carried.update(had | has)
    return sorted(carried, key=lambda tag: (-changed[tag], -carried[tag], tag))


def _row(
    number: int, action: Action, both: tuple[Side, Side], columns: Sequence[str], stranded: Sequence[frozenset[str]]
) -> Row:
    before, after = both
    had, has = set(before.tags or ()), set(after.tags or ())
    return Row(
        number=number,
        key=action.key,
        action=action.action,
        status=state(before=before.active, after=after.active),
        wildcard=state(before=before.wildcard, after=after.wildcard),
        cells=tuple(state(before=tag in had, after=tag in has) for tag in columns),
        strands=tuple(set_name(each) for each in stranded if before.serves(each) and not after.serves(each)),
    )
