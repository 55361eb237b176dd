"""Reports what may be declared only once in all manifests: keys, ids, and names of entries without id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.manifests.format.problems import add_problem
from reconciler.model.position import Problem

if TYPE_CHECKING:
    from reconciler.model.position import Position
    from reconciler.model.runner import DesiredRunner


class Unique:
    """Remembers where each was first; a second one is added to `problems`, naming the first."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        self._keys: dict[str, Position] = {}
        self._ids: dict[str, DesiredRunner] = {}
        self._names: dict[str, DesiredRunner] = {}

    def key(self, key: str, path: str, at: Position) -> bool:
        """Whether the key is new; `path` is how messages call its entry."""
        first = self._keys.setdefault(key, at)
        if first is at:
            return True
        add_problem(
            self._problems, Problem(at, f"{path}: this key is already used at {first}; keys are unique over all files")
        )
        return False

    def runner(self, runner: DesiredRunner) -> None:
        """Check a runner's id, or its name where it has none."""
        by_id = runner.id is not None
        taken, own = (self._names, runner.name) if runner.id is None else (self._ids, runner.id.lower())
        first = taken.setdefault(own, runner)
        if first is not runner:
            what = f"the id {runner.id}" if by_id else f"the name {runner.name!r} without an id"
            message = f"runners.{runner.key}: {what} is already that of {first.key} at {first.at}"
            place = runner.place("id" if by_id else "name")
            add_problem(self._problems, Problem(place, f"{message}; two entries can't be one runner"))
