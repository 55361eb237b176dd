"""What may stand only once in all manifests: keys, ids, and names of entries without id."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    def key(self, key: str, at: Position) -> bool:
        """Whether the key is new."""
        first = self._keys.setdefault(key, at)
        if first is at:
            return True
        self._problems.append(
            Problem(at, f"runners.{key}: this key is already used at {first}; keys are unique over all files")
        )
        return False

    def runner(self, runner: DesiredRunner) -> None:
        """Check a runner's id, or its name where it has none."""
        if runner.id is not None:
            first = self._ids.setdefault(runner.id.lower(), runner)
            what, place = f"the id {runner.id}", runner.place("id")
        else:
            first = self._names.setdefault(runner.name, runner)
            what, place = f"the name {runner.name!r} without an id", runner.place("name")
        if first is not runner:
            message = (
                f"runners.{runner.key}: {what} is already that of {first.key} at {first.at}; "
                "two entries can't stand for one runner"
            )
            self._problems.append(Problem(place, message))
