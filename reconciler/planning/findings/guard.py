"""The guards of the project file: how much one apply may change, and where endpoints may lie."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from reconciler.model.finding import CODES, Finding
from reconciler.model.plan import CREATE
from reconciler.model.policy import DISABLE, Guard, Limit, Policy
from reconciler.planning.normalise import host

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.plan import Action
    from reconciler.model.runner import DesiredRunner
    from reconciler.planning.match import Pair

_RETIRING_LIMIT: Final = Limit(1)
"""max_disables where unmanaged runners may be retired and the project file sets none."""


def count_findings(actions: Sequence[Action], matched: int, policy: Policy) -> list[Finding]:
    """The guards that count: disables (runners that stop being active), changes (updates and disables), creates.

    `matched` is the number of live runners that an entry matches, targeted or not: what percentages are of.
    """
    guard = policy.guard
    max_disables = guard.max_disables
    if max_disables is None and policy.unmanaged == DISABLE:
        max_disables = _RETIRING_LIMIT
    creates = sum(action.action == CREATE for action in actions)
    counted = (
        ("disables", sum(action.turns_off for action in actions), max_disables, "stop being active"),
        ("changes", len(actions) - creates, guard.max_changes, "are updated or disabled"),
        ("creates", creates, guard.max_creates, "are created"),
    )
    return [
        _too_many(what, count, matched, limit, done)
        for what, count, limit, done in counted
        if limit is not None and count > allowed(limit, matched)
    ]


def allowed(limit: Limit, matched: int) -> float:
    """How many runners a limit allows: its count, or its percentage of `matched`, rounded down, at least one."""
    return max(1, math.floor(matched * limit.amount / 100)) if limit.percent else limit.amount


def host_findings(pairs: Iterable[Pair], guard: Guard) -> list[Finding]:
    """Every endpoint of the manifests whose host matches none of `endpoint_hosts`, whether it changes or not.

    Passed over: an unmanaged endpoint of a live runner, which is the service's and not the manifest's.
    """
    globs = guard.endpoint_hosts
    if globs is None:
        return []
    patterns = tuple(_pattern(glob) for glob in globs)
    verdicts: dict[str | None, bool] = {None: False}
    found: list[Finding] = []
    for desired, live, _by in pairs:
        name = host(desired.endpoint)
        if name not in verdicts:
            verdicts[name] = any(fnmatchcase(name or "", pattern) for pattern in patterns)
        if not verdicts[name] and (live is None or desired.owns("endpoint")):
            found.append(_wrong_host(desired, name, globs))
    return found


def _pattern(glob: str) -> str:
    """As hosts are matched: lower case, and an IPv6 address without the brackets that a URL has around it."""
    return (glob[1:-1] if ":" in glob and glob[0] + glob[-1] == "[]" else glob).lower()


def _wrong_host(desired: DesiredRunner, name: str | None, globs: Sequence[str]) -> Finding:
    shown = desired.endpoint if name is None else f"[{name}]" if ":" in name else name
    return Finding(
        code="host-not-allowed",
        severity=CODES["host-not-allowed"],
        key=desired.key,
        at=desired.place("endpoint"),
        message=f"the endpoint's host {shown} is not among guard.endpoint_hosts "
        f"({', '.join(globs) or 'which is empty'}); correct the endpoint, or add its host there",
    )


def _too_many(what: str, count: int, matched: int, limit: Limit, done: str) -> Finding:
    code = f"too-many-{what}"
    bound = f"{limit} ({allowed(limit, matched):g})" if limit.percent else f"{limit}"
    share = f" of {matched} matched runners ({count / matched:.1%})" if matched and limit.percent else ""
    return Finding(
        code=code,
        severity=CODES[code],
        message=f"too many {what}: {count}{share} {done}, the guard allows {bound}; check that this is meant, then "
        f"raise guard.max_{what} in the project file, apply in parts with --target, or accept it for one run with "
        f"--acknowledge {code}",
    )
