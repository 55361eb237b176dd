"""Findings about endpoints: one that another runner has already, one that is live too early."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from reconciler.model.finding import CODES, Finding
from reconciler.model.plan import CREATE, DISABLE
from reconciler.planning.normalise import endpoint

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from reconciler.model.plan import Action
    from reconciler.model.runner import LiveRunner
    from reconciler.planning.match import Pair

T = TypeVar("T")


def endpoint_findings(
    actions: Sequence[Action], pairs: Iterable[Pair], unmanaged: Sequence[LiveRunner]
) -> list[Finding]:
    """possible-rename, duplicate-endpoint and briefly-active.

    `actions` are those to be written; `pairs` and `unmanaged` the whole fleet, which stands at its live state where no
    action writes it.

    - possible-rename: a create whose endpoint an unmanaged live runner has.
    - duplicate-endpoint: runners that have one endpoint after the plan, one finding a group, where a create or update
      is among them; an unmanaged runner that possible-rename names already is not told again.
    - briefly-active: a create that ends disabled.
    """
    written = {action.key: action for action in actions if action.action != DISABLE}
    groups = _by_endpoint((_sent(action), action) for action in written.values())
    if not groups:
        return []
    strangers = _by_endpoint(((live.endpoint, live) for live in unmanaged), groups)
    others = _by_endpoint(
        (
            (live.endpoint, desired.key)
            for desired, live, _by in pairs
            if live is not None and desired.key not in written
        ),
        groups,
    )
    names = Counter(live.name for live in unmanaged)
    found: list[Finding] = []
    for place, group in groups.items():
        created = [action for action in group if action.action == CREATE]
        found += [_briefly_active(action) for action in created if len(action.requests) > 1]
        near = strangers.get(place, [])
        if created and near:
            found += [_possible_rename(action, near, names) for action in created]
        rest = others.get(place, []) + ([] if created else [_named(live) for live in near])
        if len(group) + len(rest) > 1:
            found.append(_duplicate(group, rest))
    return found


def _by_endpoint(found: Iterable[tuple[str, T]], within: Container[str] | None = None) -> dict[str, list[T]]:
    """Things by their normalised endpoint, those `within` only."""
    groups: dict[str, list[T]] = {}
    for url, thing in found:
        place = endpoint(url)
        if within is None or place in within:
            groups.setdefault(place, []).append(thing)
    return groups


def _sent(action: Action) -> str:
    return action.requests[-1].body.endpoint


def _possible_rename(action: Action, strangers: Sequence[LiveRunner], names: Mapping[str, int]) -> Finding:
    live = strangers[0]
    former = f" or former_name: {json.dumps(live.name, ensure_ascii=False)}" if names[live.name] == 1 else ""
    one = len(strangers) == 1
    taken = (
        "a live runner that no entry matches has"
        if one
        else f"{len(strangers)} live runners that no entry matches have"
    )
    return Finding(
        code="possible-rename",
        severity=CODES["possible-rename"],
        key=action.key,
        at=action.at,
        message=f"it would be created, but {taken} this endpoint already: "
        f"{', '.join(_named(each) for each in strangers)}; to take over and rename instead, add id: {live.id}{former} "
        "to this entry",
    )


def _briefly_active(action: Action) -> Finding:
    return Finding(
        code="briefly-active",
        severity=CODES["briefly-active"],
        key=action.key,
        at=action.desired.place("status") if action.desired else action.at,
        message="it is to be disabled, but the service creates every runner active: until its second request it can "
        "get workflows",
    )


def _duplicate(group: Sequence[Action], others: Sequence[str]) -> Finding:
    first = min(group, key=lambda action: action.key)
    names = sorted((*(action.key for action in group if action is not first), *others))
    return Finding(
        code="duplicate-endpoint",
        severity=CODES["duplicate-endpoint"],
        key=first.key,
        at=first.desired.place("endpoint") if first.desired else first.at,
        message=f"it has the endpoint of {', '.join(names)}: {_sent(first)}; one ComfyUI instance "
        "behind several runners gets the workflows of all of them",
    )


def _named(live: LiveRunner) -> str:
    return f"{live.name!r} ({live.id})"
