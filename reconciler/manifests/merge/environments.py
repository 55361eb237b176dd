"""One environment laid over the project file's top level: maps merge by key, lists and scalars replace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.manifests.format.model import Model
from reconciler.manifests.yaml.nodes import Map, Seq, section
from reconciler.model.health import HealthPolicy
from reconciler.model.policy import Guard, Limit, Promise
from reconciler.model.position import Position
from reconciler.model.watching import Watching
from reconciler.text.suggestions import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.manifests.format.project import ProjectFile, Settings

_ONE = Limit(1)
"""`max_disables` where unmanaged runners may be retired and no limit is set: the one place that says so."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A project file as it is declared: its models, the nodes that know their places, and how it is `shown`."""

    file: ProjectFile
    node: Map
    shown: str

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of the environments, also of one whose value is wrong."""
        return tuple(section(self.node, "environments").key_at)

    @property
    def token_variables(self) -> frozenset[str]:
        """The variables of every environment's token."""
        environments = (self.file.environments or {}).values()
        return frozenset(each.token_env for each in environments if each.token_env)


class Levels:
    """A project file and the environment that is picked (None: the top level alone), as one.

    `settings` and `token_env` are what comes out. What needs a place, or is laid over only with a runner, has a method.
    """

    def __init__(self, declared: Declared, environment: str | None) -> None:
        file, node = declared.file, declared.node
        picked = (file.environments or {}).get(environment or "")
        self.settings: Settings = file if picked is None else _laid_over(file, picked)
        self.token_env = picked.token_env if picked else None
        self._shown = declared.shown
        self._nodes = [("", node)]
        if environment is not None:
            self._nodes.append((f"environments.{environment}.", section(section(node, "environments"), environment)))

    def place(self, key: str) -> Position:
        """Find the place of a key that is declared, the environment's first."""
        node = self._owner(key)
        return Position(self._shown, *node.key_at[key])

    def is_unclear(self, key: str) -> bool:
        """Whether the value of a key is wrong where it counts, or a wrong key is probably meant for it."""
        for _, level in reversed(self._nodes):
            if key in level.key_at:
                return key not in level
        wrong = [each for _, level in self._nodes for each in level.key_at if each not in level]
        return any(nearest(each, (key,)) for each in wrong)

    def places(self, keys: Iterable[str]) -> dict[str, Position]:
        """Return the places of those keys that are declared, the environment's before the top level's."""
        wanted = list(keys)
        return {
            key: Position(self._shown, *level.key_at[key])
            for _, level in self._nodes
            for key in wanted
            if key in level.key_at
        }

    def layers(self, key: str) -> tuple[tuple[str, Map], ...]:
        """List a mapping of every level, lowest first, with what messages call it."""
        found = [(f"{path}{key}", level.get(key)) for path, level in self._nodes]
        return tuple((path, node) for path, node in found if isinstance(node, Map))

    def profiles(self) -> dict[str, tuple[str, Map]]:
        """Map the names of profiles to what messages call them and their mappings."""
        return {
            name: (f"{path}.{name}", node)
            for path, level in self.layers("profiles")
            for name, node in level.items()
            if isinstance(node, Map)
        }

    def guard(self, *, retires: bool) -> Guard:
        """Make the guard. With `retires` one disable is allowed, unless a limit is set."""
        made = self.settings.guard
        if made is None:
            return Guard(max_disables=_ONE if retires else None)
        return Guard(
            max_disables=_ONE if retires and made.max_disables is None else made.max_disables,
            max_changes=made.max_changes,
            max_creates=made.max_creates,
            endpoint_hosts=None if made.endpoint_hosts is None else tuple(made.endpoint_hosts),
            two_phase=made.two_phase is not False,
            severity=made.severity.by_key() if made.severity else {},
        )

    def health(self) -> HealthPolicy:
        """Return how endpoints are asked, and how many answers decide."""
        made = self.settings.health
        declared: dict[str, Any] = made.by_key() if made else {}
        in_seconds = {f"{key}_s": declared.pop(key) for key in ("interval", "timeout") if key in declared}
        return HealthPolicy(**declared, **in_seconds)

    def watching(self) -> Watching:
        """Return how often a watch plans, and what it does with the plan."""
        made = self.settings.watch
        declared: dict[str, Any] = made.by_key() if made else {}
        usual = Watching()
        return Watching(
            interval_s=float(declared.get("interval", usual.interval_s)),
            mode=declared.get("mode", usual.mode),
            suspend=declared.get("suspend", usual.suspend),
        )

    def promises(self) -> tuple[Promise, ...]:
        """Make the promises about coverage, each with its place."""
        coverage = self.settings.coverage
        if not coverage:
            return ()
        node = self._owner("coverage")["coverage"]
        places = node.item_at if isinstance(node, Seq) else []
        return tuple(
            Promise(tuple(each.tags), each.min_active, Position(self._shown, *at))
            for each, at in zip(coverage, places, strict=True)
        )

    def _owner(self, key: str) -> Map:
        return next(level for _, level in reversed(self._nodes) if key in level)


def _laid_over(below: Any, above: Any) -> Any:
    """What is declared above over what is below: keys of models and maps merge, everything else replaces."""
    if isinstance(above, Model) and isinstance(below, Model):
        keys = above.model_fields_set & type(below).model_fields.keys()
        return below.model_copy(update={key: _laid_over(getattr(below, key), getattr(above, key)) for key in keys})
    if isinstance(above, dict) and isinstance(below, dict):
        return {**below, **above}
    return above
