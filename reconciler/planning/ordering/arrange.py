"""An order of writes that opens no gap: whatever is served before and after is served at every moment between.

What only widens goes first, what only narrows goes last, and what does both waits for those that take its place. The
order is carried by waits, not by the sequence of actions, so that all other writes run at the same time. Where runners
can only wait for each other in a circle, the fewest of them that break it take two writes: one to the union of the
tags before and after, and later one to what was asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.model.enums import Purpose
from reconciler.model.fields.spec import MAX_TAGS
from reconciler.model.finding import Raised
from reconciler.planning.ordering.coarse import arrange_coarsely
from reconciler.planning.ordering.conflicts import MOST_SETS, resolve
from reconciler.planning.ordering.requirements import Changeover, TooManySets
from reconciler.planning.ordering.waits import Timetable, waits_for
from reconciler.planning.serving.states import describe, name_some, spell
from reconciler.planning.serving.tagsets import places

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from reconciler.model.plan import Action, Gate, Wait
    from reconciler.model.policy import Promise
    from reconciler.planning.ordering.conflicts import Resolution
    from reconciler.planning.ordering.requirements import Requirement
    from reconciler.planning.serving.states import Serving, Tags


@dataclass(frozen=True, slots=True)
class _Gap:
    """A requirement that the order breaks, and the fewest servers that it leaves."""

    requirement: Requirement
    lowest: int


@dataclass(frozen=True, slots=True)
class Arranged:
    """The actions, now with waits and for some with two requests; the gates; who takes two writes; the gaps left."""

    actions: tuple[Action, ...]
    gates: tuple[Gate, ...]
    widened: tuple[Raised, ...] = ()
    gaps: tuple[Raised, ...] = ()


def arrange(
    actions: Sequence[Action],
    fleet: Sequence[Serving],
    promises: Sequence[Promise],
    *,
    two_phase: bool,
    asked: Collection[Tags] = (),
    most_sets: int = MOST_SETS,
) -> Arranged:
    """Add to the requests what they wait for, so that no write opens a gap.

    `fleet` holds every runner; one whose serving changes has the key of its action. Without `two_phase` no runner
    takes two writes. A gap that this leaves is a finding (`brief-gap`), as is one because a union is over 10 tags.
    Where one can't be avoided, it is left in what no workflow asks for rather than in the `asked` sets.
    Where over `most_sets` tag sets change hands, the order is a coarser one (see `coarse`).
    """
    if not actions:
        return Arranged((), ())
    changeover = Changeover(fleet)
    try:
        resolution = resolve(changeover, promises, two_phase=two_phase, asked=asked, most_sets=most_sets)
    except TooManySets:
        coarse = arrange_coarsely(changeover, two_phase=two_phase)
        return _arranged(actions, changeover, coarse.twice, coarse.gates, coarse.waits, coarse.gaps)
    timetable = Timetable(changeover, resolution)
    requirements, gaps = _settle(timetable, resolution)
    gates, waits = waits_for(timetable, requirements)
    found = _gaps(changeover, gaps, two_phase=two_phase)
    return _arranged(actions, changeover, resolution.twice, gates, waits, found)


def _arranged(
    actions: Sequence[Action],
    changeover: Changeover,
    twice: Iterable[int],
    gates: Iterable[Gate],
    waits: Mapping[int, Iterable[Wait]],
    gaps: Iterable[Raised],
) -> Arranged:
    runners = changeover.runners
    by_key = {runners[place].key: tuple(found) for place, found in waits.items()}
    widened = {runners[place].key: runners[place] for place in twice}
    return Arranged(
        tuple(_with_waits(action, by_key.get(action.key, ()), widened.get(action.key)) for action in actions),
        tuple(gates),
        tuple(_widened(widened.values())),
        tuple(gaps),
    )


def _with_waits(action: Action, waits: tuple[Wait, ...], twice: Serving | None) -> Action:
    *earlier, last = action.requests
    if twice is not None:
        union = tuple(dict.fromkeys((*sorted(twice.before or ()), *last.body.spec.tags)))
        earlier.append(
            replace(last, body=replace(last.body, spec=last.body.spec.replace(tags=union)), purpose=Purpose.WIDEN)
        )
        last = replace(last, purpose=Purpose.NARROW)
    elif not waits:
        return action
    return replace(action, requests=(*earlier, replace(last, waits=waits)))


def _settle(timetable: Timetable, resolution: Resolution) -> tuple[list[Requirement], dict[int, list[_Gap]]]:
    """The requirements with what the order found really keeps, and the gaps it leaves, by the mover that opens them."""
    originals: dict[tuple[Tags, Promise | None], Requirement] = {}
    for requirement in resolution.lowered:
        originals.setdefault((requirement.tags, requirement.promise), requirement)
    settled = [each for each in resolution.requirements if (each.tags, each.promise) not in originals]
    gaps: dict[int, list[_Gap]] = {}
    for original in originals.values():
        lowest, cause = timetable.lowest(original, timetable.helpers(original))
        if lowest < original.least and cause is not None:
            gaps.setdefault(cause, []).append(_Gap(original, lowest))
        if min(lowest, original.least) > original.stable:
            settled.append(replace(original, least=min(lowest, original.least)))
    return settled, gaps


def _widened(twice: Iterable[Serving]) -> Iterator[Raised]:
    for runner in sorted(twice, key=lambda runner: runner.key or ""):
        before, after = runner.before or frozenset(), runner.after or frozenset()
        message = (
            f"takes two writes, so that no tag set goes unserved: between them it serves {spell(before | after)}, "
            f"and whatever mixes {spell(before - after)} with {spell(after - before)}"
        )
        yield Raised(message, runner.key)


def _gaps(changeover: Changeover, gaps: dict[int, list[_Gap]], *, two_phase: bool) -> Iterator[Raised]:
    runners = changeover.runners
    for cause in sorted(gaps):
        said = "; ".join(_describe_gap(changeover, cause, gap) for gap in gaps[cause])
        if two_phase:
            involved = {
                mover for gap in gaps[cause] for mover in places(gap.requirement.losers | gap.requirement.gainers)
            }
            large = [runners[mover].label for mover in sorted(involved) if _union_size(runners[mover]) > MAX_TAGS]
            why = (
                f"Two writes would need over {MAX_TAGS} tags on {name_some(large)}"
                if large
                else "No order was found that avoids it"
            )
        else:
            why = "guard.two_phase is false: set it to true to let a runner take two writes"
        message = f"{said}. {why}"
        yield Raised(message, runners[cause].key)


def _describe_gap(changeover: Changeover, cause: int, gap: _Gap) -> str:
    requirement, runners = gap.requirement, changeover.runners
    gainers = name_some([runners[place].label for place in places(requirement.gainers)])
    stops = f"{runners[cause].label} stops serving it before {gainers} can begin"
    if gap.lowest:
        few = f"only {gap.lowest} of {requirement.least} promised runners"
        return f"{describe(requirement.tags)}: for a moment {few} serve it, as {stops}"
    return f"{describe(requirement.tags)}: for a moment no runner serves it, as {stops}"


def _union_size(runner: Serving) -> int:
    return len((runner.before or frozenset()) | (runner.after or frozenset()))
