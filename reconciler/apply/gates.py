"""Which writes may be sent now, so that no tag set opens a gap: pure bookkeeping, linear in the waits of the plan.

A step is one action's number and the number of a step of it. A step waits for gates: for each, so many of the gate's
runners must have taken their first write, verified. When too many of them can't any more, the step is doomed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.plan import Gate, Wait


NAMED: Final = 5
"""How many runners a reason names."""


class Step(NamedTuple):
    """Step number `step` of action number `action`, both from 0."""

    action: int
    step: int


@dataclass(slots=True)
class _Watch:
    """One gate: how many runners serve it by now, how many still can, and who waits, the least demanding first."""

    gate: Gate
    reachable: int
    waiting: list[tuple[int, Step]]
    served: int = 0
    lost: list[str] = field(default_factory=list)
    opened: int = 0
    """Waits before this index are satisfied."""
    closed: int = 0
    """Waits from this index on can't be satisfied any more."""


class Gates:
    """The gates of one plan while it is applied."""

    def __init__(self, gates: Sequence[Gate], keys: Sequence[str], waits: Mapping[Step, Sequence[Wait]]) -> None:
        planned = frozenset(keys)
        self._watches = [_Watch(gate, len(planned.intersection(gate.keys)), []) for gate in gates]
        self._left: dict[Step, int] = {}
        self._doomed: dict[Step, _Watch] = {}
        for step, each in waits.items():
            self._left[step] = len(each)
            for wait in each:
                self._watches[wait.gate].waiting.append((wait.at_least, step))
        self._of_key: dict[str, list[_Watch]] = {}
        for watch in self._watches:
            watch.waiting.sort()
            watch.closed = len(watch.waiting)
            self._open(watch)
            self._close(watch)
            for key in dict.fromkeys(watch.gate.keys):
                self._of_key.setdefault(key, []).append(watch)

    def is_clear(self, step: Step) -> bool:
        """Whether nothing keeps the step from being sent."""
        return not self._left.get(step)

    def is_doomed(self, step: Step) -> bool:
        """Whether the step must not be sent any more."""
        return step in self._doomed

    @property
    def doomed(self) -> list[Step]:
        """Every step that must not be sent any more."""
        return list(self._doomed)

    def serve(self, key: str) -> list[Step]:
        """Return the steps that may be sent now that the first write of this action is verified."""
        clear: list[Step] = []
        for watch in self._of_key.get(key, ()):
            watch.served += 1
            clear += self._open(watch)
        return clear

    def lose(self, key: str) -> list[Step]:
        """Return the steps that must not be sent any more, for the first write of this action won't be verified."""
        doomed: list[Step] = []
        for watch in self._of_key.get(key, ()):
            watch.reachable -= 1
            watch.lost.append(key)
            doomed += self._close(watch)
        return doomed

    def reason(self, step: Step) -> str:
        """Return why a doomed step must not be sent: what would not be served, and which runners did not take over."""
        watch = self._doomed[step]
        more = len(watch.lost) - NAMED
        lost = ", ".join(watch.lost[:NAMED]) + (f" and {more} more" if more > 0 else "")
        because = f": {lost} did not take over" if lost else ": no planned runner takes over"
        return f"held back so that {served_by(watch.gate)} stays served{because}"

    def _open(self, watch: _Watch) -> list[Step]:
        clear: list[Step] = []
        while watch.opened < len(watch.waiting) and watch.waiting[watch.opened][0] <= watch.served:
            step = watch.waiting[watch.opened][1]
            watch.opened += 1
            self._left[step] -= 1
            if not self._left[step]:
                clear.append(step)
        return clear

    def _close(self, watch: _Watch) -> list[Step]:
        doomed: list[Step] = []
        while watch.closed > watch.opened and watch.waiting[watch.closed - 1][0] > watch.reachable:
            watch.closed -= 1
            step = watch.waiting[watch.closed][1]
            if step not in self._doomed:
                self._doomed[step] = watch
                doomed.append(step)
        return doomed


def served_by(gate: Gate) -> str:
    """Return what a gate keeps served, in words."""
    if gate.tags:
        return "+".join(gate.tags)
    return "any workflow" if gate.wildcard else "a workflow without tags"
