"""The status of an Account."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from reconciler.operator.statuses import conditions as of
from reconciler.operator.statuses.conditions import Condition, by_type, conditions
from reconciler.operator.statuses.runners import NOT_CONTESTED, first_problem, suspended
from reconciler.watch.cycle import SETTINGS
from reconciler.watch.state import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.operator.resources.resource import Snapshot
    from reconciler.operator.statuses.observed import Observed
    from reconciler.watch.happened import Happened

_FAILURES: Final = {Trouble.READS: "ReadsFailed", SETTINGS: "SettingsFailed"}


def account_synced(observed: Observed) -> Condition:
    """Say whether the account is as its resources say."""
    problems, happened = observed.problems, observed.happened
    if None in problems:
        return _synced(of.FALSE, of.INVALID, problems[None])
    if problems:
        return _synced(of.FALSE, "InvalidRunner", first_problem(problems))
    if happened is None:
        return _synced(of.UNKNOWN, of.PENDING, "there is no plan yet")
    if happened.waits is not None or happened.result is None:
        return _synced(of.UNKNOWN, of.WAITING, happened.reason)
    if happened.plan is None:
        kind = next((kind for kind in observed.status.troubles if kind in _FAILURES), None)
        return _synced(of.UNKNOWN, "NoPlan" if kind is None else _FAILURES[kind], happened.reason)
    return _planned(observed, happened)


def _planned(observed: Observed, happened: Happened) -> Condition:
    drifted, contested = observed.status.drifted, observed.status.contested
    if not drifted:
        return _synced(of.TRUE, of.IN_SYNC, "every runner is as its spec says")
    count = f"{len(drifted)} differ" if len(drifted) > 1 else "1 differs"
    if all(each.key in contested for each in drifted):
        return _synced(of.FALSE, of.CONTESTED, f"{count}: another writer keeps changing them")
    reason = of.DRIFT.get(happened.result, of.DRIFTED) if happened.result else of.DRIFTED
    return _synced(of.FALSE, reason, f"{count}; {happened.reason}")


def account_status(observed: Observed, synced: Condition, runners: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the status of the Account, given its own Synced and the statuses of its Runners."""
    account, before, status = observed.snapshot.account, observed.before(observed.snapshot.account), observed.status
    counts = {name: Counter(by_type(each)[name]["status"] for each in runners) for name in (of.SYNCED, of.HEALTHY)}
    healthy = _healthy(counts[of.HEALTHY], len(runners))
    found = (of.ready(synced, healthy), synced, healthy, _contested(observed), suspended(observed))
    plan = observed.happened.plan if observed.happened else None
    unmanaged = before.get("unmanaged", 0) if plan is None else len(plan.unmanaged)
    facts = {
        "runners": len(runners),
        "inSync": counts[of.SYNCED][of.TRUE],
        "drifted": sum(1 for each in runners if _differs(each)),
        "unmanaged": unmanaged,
        "unhealthy": counts[of.HEALTHY][of.FALSE],
        "driftSince": status.drift_since,
        "lastSuccessTime": status.last_success_at or before.get("lastSuccessTime"),
        "appliedDigest": _applied(observed) or before.get("appliedDigest"),
        "attemptedDigest": digest_of(observed.snapshot),
    }
    made = conditions(found, before, generation=account.generation, now=observed.now, scrub=observed.scrub)
    present = {name: value for name, value in facts.items() if value is not None}
    return {"conditions": made, **present, "observedGeneration": account.generation}


def _applied(observed: Observed) -> str | None:
    """Return the digest of the specs in force, if this cycle left every runner as they say."""
    happened = observed.happened
    done = happened is not None and happened.plan is not None and not observed.status.drifted
    return digest_of(observed.in_force) if done and observed.in_force else None


def digest_of(snapshot: Snapshot) -> str:
    """Identify the specs of an Account and its Runners, in any order."""
    specs = [["", "", snapshot.account.spec], *sorted([*each.ref, each.spec] for each in snapshot.runners)]
    text = json.dumps(specs, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _healthy(counts: Counter[str], runners: int) -> Condition:
    if counts[of.FALSE]:
        return Condition(of.HEALTHY, of.FALSE, "Unhealthy", f"{counts[of.FALSE]} of {runners} endpoints are unhealthy")
    if counts[of.UNKNOWN]:
        text = f"{counts[of.UNKNOWN]} of {runners} endpoints are not probed, or not often enough to be sure"
        return Condition(of.HEALTHY, of.UNKNOWN, "NotProbed", text)
    return Condition(of.HEALTHY, of.TRUE, "Answer", "every endpoint answers as a ComfyUI")


def _contested(observed: Observed) -> Condition:
    keys = sorted(observed.status.contested)
    if not keys:
        return NOT_CONTESTED._replace(message="no other writer keeps changing a runner")
    shown = ", ".join(keys[:10]) + (f" and {len(keys) - 10} more" if len(keys) > 10 else "")  # noqa: PLR2004 - as shown
    return Condition(of.CONTESTED, of.TRUE, "AnotherWriter", f"another writer keeps changing {shown}")


def _differs(status: Mapping[str, Any]) -> bool:
    """Say whether a Runner was found to differ: that its spec is invalid is no drift."""
    synced = by_type(status)[of.SYNCED]
    return bool(synced["status"] == of.FALSE and synced["reason"] in of.PLANNED)


def _synced(status: str, reason: str, message: str) -> Condition:
    return Condition(of.SYNCED, status, reason, message)
