"""The guards of the project file: how much one apply may change, and where endpoints may lie."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reconciler.model.enums import ActionKind
from reconciler.model.fields.endpoint import ascii_host, host
from reconciler.model.finding import Raised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.plan import Action
    from reconciler.model.policy import Guard, Limit
    from reconciler.model.runner import DesiredRunner
    from reconciler.planning.findings.rule import Proposal


def too_many_disables(proposal: Proposal) -> Iterator[Raised]:
    """More runners stop being active than `guard.max_disables` allows."""
    off = [action for action in proposal.actions if action.turns_off]
    yield from _over(proposal, proposal.policy.guard.max_disables, "disables", "stop being active", off)


def too_many_changes(proposal: Proposal) -> Iterator[Raised]:
    """More runners are updated or disabled than `guard.max_changes` allows."""
    changed = [action for action in proposal.actions if action.action != ActionKind.CREATE]
    yield from _over(proposal, proposal.policy.guard.max_changes, "changes", "are updated or disabled", changed)


def too_many_creates(proposal: Proposal) -> Iterator[Raised]:
    """More runners are created than `guard.max_creates` allows."""
    created = [action for action in proposal.actions if action.action == ActionKind.CREATE]
    yield from _over(proposal, proposal.policy.guard.max_creates, "creates", "are created", created)


def hosts_not_allowed(proposal: Proposal) -> Iterator[Raised]:
    """Find endpoints of the manifests with a host that none of `endpoint_hosts` matches, whether changed or not.

    Passed over: an unmanaged endpoint of a live runner, which is the service's and not the manifest's.
    """
    globs = proposal.policy.guard.endpoint_hosts
    if globs is None:
        return
    patterns = tuple(_pattern(glob) for glob in globs)
    verdicts: dict[str | None, bool] = {None: False}
    for desired, live, _by in proposal.matching.pairs:
        if desired.key not in proposal.picked:
            continue
        name = host(desired.endpoint)
        if name not in verdicts:
            verdicts[name] = any(fnmatchcase(name or "", pattern) for pattern in patterns)
        if not verdicts[name] and (live is None or desired.owns("endpoint")):
            yield _wrong_host(desired, name, globs)


def allowed(limit: Limit, matched: int) -> float:
    """Return how many runners a limit allows: its count, or its percentage of `matched`, rounded down, at least one."""
    return max(1, math.floor(matched * limit.amount / 100)) if limit.percent else limit.amount


def _over(proposal: Proposal, limit: Limit | None, what: str, done: str, counted: Sequence[Action]) -> Iterator[Raised]:
    """Compare a count with its limit; a percentage is of the live runners that an entry matches, targeted or not.

    Created and unmanaged runners are not among these, so that only a count without any of them is shown as a share.
    """
    if limit is None:
        return
    matched = sum(pair.live is not None for pair in proposal.matching.pairs)
    most = allowed(limit, matched)
    if len(counted) <= most:
        return
    count, bound, share = len(counted), str(limit), ""
    if limit.percent and matched:
        bound = f"{limit} of {matched} matched runners ({most:g})"
        if all(action.action == ActionKind.UPDATE for action in counted):
            bound, share = f"{limit} ({most:g})", f" of {matched} matched runners ({count / matched:.1%})"
    elif limit.percent:
        bound = f"{limit} ({most:g})"
    yield Raised(
        f"too many {what}: {count}{share} {done}, the guard allows {bound}; check that this is meant, then "
        f"raise guard.max_{what} in the project file, apply in parts with --target, or accept it for one run with "
        f"--acknowledge too-many-{what}"
    )


def host_is_allowed(endpoint: str, guard: Guard) -> bool:
    """Whether `endpoint_hosts` names the endpoint's host; without the guard every host is allowed."""
    globs = guard.endpoint_hosts
    return globs is None or any(fnmatchcase(host(endpoint) or "", _pattern(glob)) for glob in globs)


def _pattern(glob: str) -> str:
    """As hosts are matched: lower case, in punycode, and an IPv6 address without the brackets of a URL."""
    return ascii_host((glob[1:-1] if ":" in glob and glob[0] + glob[-1] == "[]" else glob).lower())


def _wrong_host(desired: DesiredRunner, name: str | None, globs: Sequence[str]) -> Raised:
    shown = desired.endpoint if name is None else f"[{name}]" if ":" in name else name
    return Raised(
        f"the endpoint's host {shown} is not among guard.endpoint_hosts "
        f"({', '.join(globs) or 'which is empty'}); correct the endpoint, or add its host there",
        desired.key,
        desired.place("endpoint"),
    )
