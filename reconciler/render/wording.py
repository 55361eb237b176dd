"""Sentences about a plan or a report that every format says in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.model.enums import ActionKind, ChangeOrigin, OutcomeStatus, Purpose, Severity
from reconciler.model.finding import POLICY_CHANGED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reconciler.model.finding import Finding
    from reconciler.model.plan import Action, Gate, Plan, Request
    from reconciler.model.report import Report

SYMBOLS: Final = {ActionKind.CREATE: "+", ActionKind.UPDATE: "~", ActionKind.DISABLE: "-"}
SHOWN_SETS: Final = 4
SHOWN_NAMES: Final = 6
WILDCARD: Final = "wildcard"

NOT_APPLIED: Final = (
    OutcomeStatus.FAILED,
    OutcomeStatus.STALE,
    OutcomeStatus.UNVERIFIED,
    OutcomeStatus.WIDENED_ONLY,
    OutcomeStatus.NOT_ATTEMPTED,
)
"""What an action may end in besides `applied`, worst first."""

NEXT_STEPS: Final = {
    OutcomeStatus.STALE: "it was left as it is; plan again",
    OutcomeStatus.UNVERIFIED: "it may or may not have taken; plan again to see",
    OutcomeStatus.NOT_ATTEMPTED: "nothing was sent for it",
    OutcomeStatus.WIDENED_ONLY: "it took its first write only and still serves what it should lose; apply again",
}
"""What follows from each status of an outcome, besides its own message."""


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 runner`, `2 runners`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def turned_off_updates(plan: Plan) -> int:
    """Return how many updates end an active status; disables always do and are counted as such."""
    return sum(action.turns_off and action.action == ActionKind.UPDATE for action in plan.actions)


def counts(plan: Plan) -> str:
    """`1 to create, 2 to update (1 turns off), 0 to disable, 5 unchanged, 1 unmanaged`."""
    return f"{writes(plan)}, {plan.unchanged} unchanged, {len(plan.unmanaged)} unmanaged"


def writes(plan: Plan) -> str:
    """`1 to create, 2 to update (1 turns off), 0 to disable`."""
    off = turned_off_updates(plan)
    aside = f" ({off} {'turns' if off == 1 else 'turn'} off)" if off else ""
    return (
        f"{plan.count(ActionKind.CREATE)} to create, {plan.count(ActionKind.UPDATE)} to update{aside}, "
        f"{plan.count(ActionKind.DISABLE)} to disable"
    )


def where(plan: Plan, show: Callable[[str], str]) -> str:
    """`environment production at https://api.comfycontrol.app`, or the address alone."""
    if plan.environment is None:
        return show(plan.api_url)
    return f"environment {show(plan.environment)} at {show(plan.api_url)}"


def question(plan: Plan, show: Callable[[str], str]) -> str:
    """Return what is asked before anything is written: how much, and where."""
    parts = (part for part in writes(plan).split(", ") if not part.startswith("0 "))
    return f"Apply this plan to {where(plan, show)}: {', '.join(parts)}?"


def closing(plan: Plan) -> str:
    """Return the last line of every plan."""
    if plan.has_changes:
        return f"Plan: {counts(plan)}."
    verb = "matches" if plan.unchanged == 1 else "match"
    return f"No changes. {plan.unchanged} {'runner' if plan.unchanged == 1 else 'runners'} {verb} the manifests."


def capacity(plan: Plan, show: Callable[[str], str]) -> str:
    """`gpu+sdxl: 3 -> 1 runners; wildcard: 1 -> 0`, bounded to a few sets; empty when no capacity changes."""
    parts = []
    for number, each in enumerate(plan.capacity[:SHOWN_SETS]):
        label = show("+".join(each.tags)) if each.tags else WILDCARD
        parts.append(f"{label}: {each.before} -> {each.after}{' runners' if not number else ''}")
    if len(plan.capacity) > SHOWN_SETS:
        parts.append(f"and {len(plan.capacity) - SHOWN_SETS} more")
    return "; ".join(parts)


def budget(plan: Plan) -> str:
    """Return what the plan costs: requests done and to come, and the seconds at the rate limit where there are any."""
    spent = plan.budget
    parts = [plural(spent.writes, "write")]
    if spent.checks:
        parts.append(plural(spent.checks, "check"))
    if spent.verify:
        parts.append(f"{plural(spent.verify, 'read')} to verify")
    *first, last = parts
    to_come = f"{', '.join(first)} and {last}" if first else last
    seconds = f"; at the rate limit they take at least {spent.seconds:g} s" if spent.seconds else ""
    return f"Requests: {plural(spent.reads, 'read')} done, {to_come} to come{seconds}."


def setting(plan: Plan, show: Callable[[str], str]) -> list[str]:
    """Return where the plan comes from and what it is good for; only what a reader would not expect."""
    said = []
    if plan.sandbox is not None:
        said.append(sandbox(plan.sandbox, show))
    if plan.live_as_of is not None:
        said.append(
            f"Live runners from a snapshot of {show(plan.live_as_of)}: header values are not known, and this plan "
            "cannot be applied."
        )
    elif not plan.complete:
        said.append("Not complete: a secret could not be resolved, so this plan cannot be applied.")
    if plan.targets:
        said.append(f"Limited to {names(plan.targets, show)}; everything else stays as it is.")
    return said


def sandbox(file: str, show: Callable[[str], str]) -> str:
    """Said on every output of a run that talked to the embedded emulator."""
    return f"Sandbox {show(file)}: the embedded emulator, not the service."


def names(keys: Sequence[str], show: Callable[[str], str], limit: int = SHOWN_NAMES) -> str:
    """`a, b and 3 more`."""
    shown = ", ".join(show(key) for key in keys[:limit])
    return f"{shown} and {len(keys) - limit} more" if len(keys) > limit else shown


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by rank; equals stay in the plan's order."""
    return sorted(findings, key=lambda each: each.rank)


def alerts(plan: Plan, show: Callable[[str], str]) -> list[str]:
    """Return what the headline of every format counts: errors that were accepted, and changes of the policy."""
    said = []
    accepted = [each for each in plan.findings if each.accepted and each.severity == Severity.ERROR]
    if accepted:
        codes = names(sorted({each.code for each in accepted}), show)
        said.append(f"{plural(len(accepted), 'accepted error')}: {codes}.")
    changed = sum(each.code == POLICY_CHANGED for each in plan.findings)
    if changed:
        said.append(f"Policy changed: {plural(changed, 'finding')} {show(POLICY_CHANGED)}.")
    return said


def only_drift(action: Action) -> bool:
    """Whether nothing of an action comes from the change under review: with a base, it was drift before that."""
    return bool(action.changes) and all(change.origin == ChangeOrigin.DRIFT for change in action.changes)


def steps(action: Action, gates: Sequence[Gate], show: Callable[[str], str]) -> list[str]:
    """Return how an action is sent where that is not simply one write: two writes, and what it waits for."""
    said = []
    purposes = [request.purpose for request in action.requests]
    if Purpose.WIDEN in purposes:
        said.append("in two writes: widen, then narrow")
    elif Purpose.FINISH in purposes:
        said.append("in two writes: created active, then disabled")
    for request in action.requests:
        said += [f"{_who(request, len(action.requests))}after: {text}" for text in _waits(request, action, gates, show)]
    return said


def _who(request: Request, among: int) -> str:
    return f"{request.purpose} " if among > 1 else ""


def _waits(request: Request, action: Action, gates: Sequence[Gate], show: Callable[[str], str]) -> list[str]:
    said: list[str] = []
    for wait in request.waits[:SHOWN_SETS]:
        keys = gates[wait.gate].keys
        needed = "" if wait.at_least >= len(keys) else f"{wait.at_least} of "
        listed = needed + names(keys, show)
        if keys != (action.key,) and listed not in said:
            said.append(listed)
    if len(request.waits) > SHOWN_SETS:
        said.append(f"and {len(request.waits) - SHOWN_SETS} more sets")
    return said


def verdict(report: Report, plan: Plan) -> str:
    """Return what a report is headed by, in a word or two."""
    if report.interrupted:
        return "Interrupted"
    return "Applied" if plan.has_changes or report.outcomes else "No changes"


def outcome(report: Report, plan: Plan) -> str:
    """Return the line after an apply; that of the plan where there was nothing to apply."""
    return applied(report) if plan.has_changes or report.outcomes else closing(plan)


def applied(report: Report) -> str:
    """Count what was done: `Applied: 1 created, 2 updated, 0 disabled.`."""
    created, updated, disabled = (report.applied(kind) for kind in ActionKind)
    return f"Applied: {created} created, {updated} updated, {disabled} disabled."


def not_applied(report: Report) -> str:
    """`Not applied: 1 failed, 2 not attempted.`, empty when everything is."""
    parts = [f"{count} {status.replace('_', ' ')}" for status in NOT_APPLIED if (count := report.count(status))]
    return f"Not applied: {', '.join(parts)}." if parts else ""


def requests(report: Report) -> str:
    """Return what was sent, with the repeats and the 429 where there were any."""
    sent = report.requests
    parts = [plural(sent.reads, "read"), plural(sent.writes, "write")]
    if sent.retries:
        parts.append(f"{sent.retries} repeated")
    if sent.rate_limited:
        parts.append(f"{sent.rate_limited} over the rate limit, which other processes behind this address share")
    return f"Requests: {', '.join(parts)}."
