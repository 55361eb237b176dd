"""An order for changes too large to weigh set by set: everything widens, then moves, then narrows.

Ten thousand runners retagged at random hand over hundreds of thousands of tag sets, and to weigh each would take
minutes. Here every runner that loses something first widens to the union of its tags, where that fits into ten, and
narrows only when all others have what they get. That opens no gap, but takes more second writes and waits than needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.model.fields.spec import MAX_TAGS
from reconciler.model.finding import Raised
from reconciler.model.plan import Gate, Wait
from reconciler.planning.serving.states import name_some

if TYPE_CHECKING:
    from reconciler.planning.ordering.requirements import Changeover

_NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Coarse:
    """The runners (by position) that take two writes, the gates, what each last write waits for, and the gaps."""

    twice: tuple[int, ...]
    gates: tuple[Gate, ...]
    waits: dict[int, list[Wait]]
    gaps: tuple[Raised, ...]


def arrange_coarsely(changeover: Changeover, *, two_phase: bool) -> Coarse:
    """In up to three steps, each of which waits for the whole of the one before."""
    runners, movers = changeover.runners, changeover.movers
    twice = [mover for mover in movers if two_phase and _fits(changeover, mover)]
    once = sorted(set(movers).difference(twice))
    steps = [[*range(movers.start), *twice], once, [*twice, *range(movers.stop, len(runners))]]
    gates: list[Gate] = []
    waits: dict[int, list[Wait]] = {}
    before: list[int] = []
    for step in steps:
        if before and step:
            for runner in step:
                waits[runner] = [Wait(len(gates), len(before))]
            gates.append(Gate((), tuple(str(runners[place].key) for place in before), wildcard=True))
        before = [*before, *step]
    return Coarse(tuple(twice), tuple(gates), waits, tuple(_gap(changeover, once, two_phase=two_phase)))


def _fits(changeover: Changeover, mover: int) -> bool:
    runner = changeover.runners[mover]
    return len((runner.before or _NOTHING) | (runner.after or _NOTHING)) <= MAX_TAGS


def _gap(changeover: Changeover, once: list[int], *, two_phase: bool) -> list[Raised]:
    if not once:
        return []
    names = name_some([changeover.runners[place].label for place in once])
    why = f"their unions are over {MAX_TAGS} tags" if two_phase else "guard.two_phase is false"
    message = (
        f"more tag sets change hands than can be weighed one by one, and {names} take one write each, as {why}: what "
        "only these serve may go unserved for a moment. Apply in parts with --target to have every write ordered"
    )
    return [Raised(message)]
