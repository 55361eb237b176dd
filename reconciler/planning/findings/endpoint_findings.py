"""Findings about endpoints: one that another runner has, one that is live too early, one that is private."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from reconciler.model.enums import ActionKind
from reconciler.model.fields.endpoint import endpoint, host, is_private
from reconciler.model.finding import Raised

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from reconciler.model.plan import Action
    from reconciler.model.runner import LiveRunner
    from reconciler.planning.findings.rule import Proposal

T = TypeVar("T")

_PRIVATE: Final = (
    "its endpoint is on a private host, which the service has to reach from its own infrastructure; give it a public "
    "name, or a tunnel"
)
"""The same for all, so that many of them are shown as one."""


def duplicate_endpoints(proposal: Proposal) -> Iterator[Raised]:
    """Runners that have one endpoint after the plan, where a create or update is among them: one case a group.

    An unmanaged runner that possible-rename names already is not named again.
    """
    written = {action.key: action for action in proposal.actions if action.action != ActionKind.DISABLE}
    groups = _by_endpoint((_sent(action), action) for action in written.values())
    if not groups:
        return
    unmanaged = _by_endpoint(((live.spec.endpoint, live) for live in proposal.matching.unmanaged), groups)
    resting = _by_endpoint(
        (
            (live.spec.endpoint, desired.key)
            for desired, live, _by in proposal.matching.pairs
            if live is not None and desired.key not in written
        ),
        groups,
    )
    for place, group in groups.items():
        others = list(resting.get(place, ()))
        if place in unmanaged and not any(action.action == ActionKind.CREATE for action in group):
            others += [_named(live) for live in unmanaged[place]]
        if len(group) + len(others) > 1:
            yield _duplicate(group, others)


def private_endpoints(proposal: Proposal) -> Iterator[Raised]:
    """Find where a create or update leaves a runner on a private host, which the service has to reach."""
    for action in proposal.actions:
        if action.desired is not None:
            name = host(_sent(action))
            if name is not None and is_private(name):
                yield Raised(_PRIVATE, action.key, action.desired.place("endpoint"))


def briefly_active(proposal: Proposal) -> Iterator[Raised]:
    """Find where a create that ends disabled: it is active until its second request."""
    for action in proposal.actions:
        if action.action == ActionKind.CREATE and len(action.requests) > 1:
            yield Raised(
                "it is to be disabled, but the service creates every runner active: until its second request it can "
                "get workflows",
                action.key,
                action.desired.place("status") if action.desired else action.at,
            )


def _by_endpoint(found: Iterable[tuple[str, T]], within: Container[str] | None = None) -> dict[str, list[T]]:
    """Things by their normalised endpoint, those `within` only."""
    groups: dict[str, list[T]] = {}
    for url, thing in found:
        place = endpoint(url)
        if within is None or place in within:
            groups.setdefault(place, []).append(thing)
    return groups


def _sent(action: Action) -> str:
    return action.requests[-1].body.spec.endpoint


def _duplicate(group: Sequence[Action], others: Sequence[str]) -> Raised:
    first = min(group, key=lambda action: action.key)
    names = sorted((*(action.key for action in group if action is not first), *others))
    return Raised(
        f"it has the endpoint of {', '.join(names)}: {_sent(first)}; one ComfyUI instance "
        "behind several runners gets the workflows of all of them",
        key=first.key,
        at=first.desired.place("endpoint") if first.desired else first.at,
    )


def _named(live: LiveRunner) -> str:
    return f"{live.spec.name!r} ({live.id})"
