"""One environment laid over the project file's top level: maps merge by key, lists and scalars replace.

What is malformed was reported when the document was checked, and is passed over here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.manifests.yaml.nodes import Map, Node, Scalar, Seq
from reconciler.model.policy import Guard, Limit, Promise
from reconciler.model.position import Position

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONE: Final = Limit(1)


class Overlay:
    """A project file's document and the environment that is picked, None for the top level alone."""

    def __init__(self, top: Map, file: str, environment: str | None) -> None:
        self._top = top
        self._file = file
        environments = top.get("environments")
        self._all = environments if isinstance(environments, Map) else Map(top.at)
        picked = self._all.get(environment) if environment is not None else None
        self._levels: list[tuple[str, Map]] = [("", top)]
        if isinstance(picked, Map):
            self._levels.append((f"environments.{environment}.", picked))

    def word(self, key: str) -> str | None:
        """A string; the environment's wins."""
        return next((value for _, value in self._found(key) if isinstance(value, str)), None)

    def words(self, key: str) -> tuple[str, ...]:
        """A list of strings; the environment's replaces the top level's."""
        for _, value in self._found(key):
            if isinstance(value, Seq):
                return tuple(_strings(value))
        return ()

    def strings(self, key: str) -> dict[str, str]:
        """A map of strings, merged by key."""
        return {name: value for name, (value, _) in self._merged(key).items() if isinstance(value, str)}

    def everywhere(self, key: str) -> frozenset[str]:
        """A string's values at the top level and in every environment, picked or not."""
        levels = [self._top, *(each for each in self._all.values() if isinstance(each, Map))]
        values = (level.get(key) for level in levels)
        return frozenset(value for value in values if isinstance(value, str))

    def place(self, key: str) -> Position:
        """Where a key that is declared stands, the environment's first."""
        level = next(level for _, level in reversed(self._levels) if key in level)
        return Position(self._file, *level.key_at[key])

    def layers(self, key: str) -> tuple[tuple[str, Map], ...]:
        """A mapping of every level, lowest first, with what messages call it."""
        found = [(f"{path}{key}", level.get(key)) for path, level in self._levels]
        return tuple((path, value) for path, value in found if isinstance(value, Map))

    def profiles(self) -> dict[str, tuple[str, Map]]:
        """Profiles by name, merged by name, with what messages call them."""
        found = self._merged("profiles").items()
        return {name: (path, value) for name, (value, path) in found if isinstance(value, Map)}

    def guard(self, *, retires: bool) -> Guard:
        """`guard`, merged by key, its `severity` too. With `retires` one disable is allowed, unless a limit is set."""
        merged = self._merged("guard")
        nodes = {key: value for key, (value, _) in merged.items()}
        limit = _limit(nodes.get("max_disables"))
        hosts = nodes.get("endpoint_hosts")
        two_phase = nodes.get("two_phase")
        return Guard(
            max_disables=_ONE if retires and limit is None else limit,
            max_changes=_limit(nodes.get("max_changes")),
            max_creates=_limit(nodes.get("max_creates")),
            endpoint_hosts=tuple(_strings(hosts)) if isinstance(hosts, Seq) else None,
            two_phase=not (isinstance(two_phase, Scalar) and two_phase.value is False),
            severity=dict(self._severities()),
        )

    def promises(self) -> tuple[Promise, ...]:
        """`coverage`; the environment's replaces the top level's."""
        for _, value in self._found("coverage"):
            if isinstance(value, Seq):
                return tuple(self._promises(value))
        return ()

    def _promises(self, node: Seq) -> Iterator[Promise]:
        for item, place in zip(node, node.item_at, strict=True):
            if not isinstance(item, Map):
                continue
            tags, least = item.get("tags"), item.get("min_active")
            words = tuple(dict.fromkeys(_strings(tags)))
            count = least.value if isinstance(least, Scalar) and isinstance(least.value, int) else 1
            yield Promise(words, count, Position(self._file, *place))

    def _severities(self) -> Iterator[tuple[str, str]]:
        for _, level in self._levels:
            guard = level.get("guard")
            severity = guard.get("severity") if isinstance(guard, Map) else None
            for code, value in severity.items() if isinstance(severity, Map) else ():
                if isinstance(value, str):
                    yield code, value
                elif isinstance(value, Scalar) and value.value is False:  # YAML 1.1 reads `off` as a boolean
                    yield code, value.raw.lower()

    def _found(self, key: str) -> Iterator[tuple[str, Node]]:
        """The key's values, the environment's first."""
        for path, level in reversed(self._levels):
            if key in level:
                yield f"{path}{key}", level[key]

    def _merged(self, key: str) -> dict[str, tuple[Node, str]]:
        """A map's values and what messages call them, merged by key."""
        merged: dict[str, tuple[Node, str]] = {}
        for path, level in self._levels:
            value = level.get(key)
            if isinstance(value, Map):
                merged |= {name: (each, f"{path}{key}.{name}") for name, each in value.items()}
        return merged


def _strings(node: Node) -> Iterator[str]:
    """The strings of a list."""
    return (each for each in node if isinstance(each, str)) if isinstance(node, Seq) else iter(())


def _limit(node: Node) -> Limit | None:
    """A count such as `5`, or a percentage such as `50%` (text, for YAML)."""
    if isinstance(node, Scalar) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return Limit(node.value)
    if isinstance(node, str) and node.endswith("%"):
        try:
            return Limit(float(node[:-1]), percent=True)
        except ValueError:
            return None
    return None
