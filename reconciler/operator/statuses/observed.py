"""All that statuses and events are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import ManifestError
from reconciler.operator.resources.files import FOLDER, PROJECT, resource_of
from reconciler.operator.resources.resource import Ref
from reconciler.planning.match import match
from reconciler.watch.cycle import MANIFESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.model.runner import Desired, Listing
    from reconciler.operator.resources.resource import Resource, Snapshot
    from reconciler.watch.happened import Happened
    from reconciler.watch.status import Status

_OF_RESOURCES: Final = (MANIFESTS, "plan")
_PROBLEM: Final = re.compile(rf"^({re.escape(PROJECT)}|{FOLDER}/[^/\s]+/[^/\s]+\.yaml):\d+:\d+: ", re.MULTILINE)
"""How each problem of a ManifestError begins."""
_PLACE: Final = re.compile(rf"{FOLDER}/([^/\s]+)/([^/\s]+?)\.yaml(?::\d+:\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """An Account and its Runners at one time, and the cycle that is over.

    `snapshot` is what was tried, `in_force` what compiled last and plans are made of (None: nothing yet). `happened` is
    None until a cycle is over. `held` are keys that wait for their endpoint (Endpoints.held), `ids` those of live
    runners by key, see `ids_of`. `problems` is what is wrong with resources, besides `problems_in`. `written` are the
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


def problems_in(troubles: Mapping[str, str]) -> dict[Ref | None, str]:
    """Return what is wrong with resources, by what a watch says of its manifests: by Runner, or None for the Account.

    Of duplicates it is wrong with both. What names no file is the Account's.
    """
    found: dict[Ref | None, list[str]] = {}
    for kind in _OF_RESOURCES:
        pieces = _PROBLEM.split(troubles.get(kind, ""))
        if pieces[0].strip():
            found.setdefault(None, []).append(pieces[0].strip())
        for file, message in zip(pieces[1::2], pieces[2::2], strict=True):
            text = _PLACE.sub(r"Runner \1/\2", message.strip())
            others = [Ref(*each) for each in _PLACE.findall(message)]
            for ref in dict.fromkeys([resource_of(file), *others]):
                found.setdefault(ref, []).append(text)
    return {ref: "; ".join(dict.fromkeys(texts)) for ref, texts in found.items()}
