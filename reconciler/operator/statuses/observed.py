"""All that statuses and events are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.errors import ManifestError
from reconciler.operator.resources.files import resource_of
from reconciler.operator.resources.words import refs_of, words_of
from reconciler.planning.match import match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reconciler.model.position import Problem
    from reconciler.model.runner import Desired, Listing
    from reconciler.operator.resources.resource import Ref, Resource, Snapshot
    from reconciler.watch.happened import Happened
    from reconciler.watch.status import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """An Account and its Runners at one time, and the cycle that is over.

    `snapshot` is what was tried, `in_force` what compiled last and plans are made of (None: nothing yet). `happened` is
    None until a cycle is over. `held` are keys that wait for their endpoint (Endpoints.held), `ids` those of live
    runners by key, see `ids_of`. `problems` is what is wrong with resources, see `problems_in`. `written` are the
    statuses written last, by uid: the snapshot may have older ones. `now` is ISO 8601 UTC. `scrub` replaces known
    secrets.
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
        """Return the status of a resource until now."""
        return self.written.get(resource.uid, resource.status)


def ids_of(desired: Desired, listing: Listing) -> dict[str, str]:
    """Return the ids of the live runners that entries match, by key; of none where they can't be matched."""
    try:
        matching = match(desired.runners, listing.runners)
    except ManifestError:  # the plan reports it
        return {}
    return {pair.desired.key: pair.live.id for pair in matching.pairs if pair.live is not None}


def problems_in(problems: Iterable[Problem]) -> dict[Ref | None, str]:
    """Return what is wrong with resources, in their words, by Runner, or None for the Account.

    Of duplicates it is wrong with both; for the other one it begins with whose spec it is about.
    """
    found: dict[Ref | None, dict[str, None]] = {}
    for problem in problems:
        own, text = resource_of(problem.at.file), words_of(problem)
        for ref in refs_of(problem):
            found.setdefault(ref, {})[text if ref == own else f"{called(own)}: {text}"] = None
    return {ref: "; ".join(texts) for ref, texts in found.items()}


def called(ref: Ref | None) -> str:
    """Return what messages call a resource; None is the Account."""
    return "the Account" if ref is None else f"Runner {ref}"
