"""All that statuses and events are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from reconciler.operator.resources.files import FOLDER, resource_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reconciler.model.position import Problem
    from reconciler.operator.resources.resource import Ref, Resource, Snapshot
    from reconciler.watch.happened import Happened
    from reconciler.watch.status import Status

_PLACE: Final = re.compile(rf"{FOLDER}/([^/\s]+)/([^/\s]+?)\.yaml(?::\d+:\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """An Account and its Runners at one time, and the cycle that is over.

    `snapshot` is what was tried, `in_force` what compiled last and plans are made of (None: nothing yet). `happened` is
    None until a cycle is over. `held` are keys that wait for their endpoint (Endpoints.held), `ids` those of matched
    live runners by key. `problems` has what is wrong with resources, see `problems_of`. `written` are the statuses that
    were written last, by uid: the snapshot may have older ones. `now` is ISO 8601 UTC. `scrub` replaces known secrets.
    """

    snapshot: Snapshot
    in_force: Snapshot | None
    status: Status
    happened: Happened | None
    now: str
    held: frozenset[str] = frozenset()
    ids: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[Ref | None, str] = field(default_factory=dict)
    written: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    scrub: Callable[[str], str] = str

    def before(self, resource: Resource) -> Mapping[str, Any]:
        """The status of a resource until now."""
        return self.written.get(resource.uid, resource.status)


def problems_of(problems: Iterable[Problem]) -> dict[Ref | None, str]:
    """What is wrong, by Runner, or None for the Account; of duplicates also for the other Runner, which is named."""
    found: dict[Ref | None, list[str]] = {}
    for problem in problems:
        text = _PLACE.sub(r"Runner \1/\2", problem.message)
        named = [resource_of(each[0].partition(":")[0]) for each in _PLACE.finditer(problem.message)]
        for ref in dict.fromkeys([resource_of(problem.at.file), *named]):
            found.setdefault(ref, []).append(text)
    return {ref: "; ".join(dict.fromkeys(texts)) for ref, texts in found.items()}
