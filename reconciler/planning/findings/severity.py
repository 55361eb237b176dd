"""What becomes of raised findings: their severity, who accepted them, their order.

A finding is raised with its default severity, or a milder one that its rule states. `guard.severity` overrides either,
for stranded tags also by whether any workflow asks for them; `off` drops it. It is accepted by its runner's entry
(`accept`, until the end of its last day, UTC) or for one run by `--acknowledge CODE[:KEY]`. One about the fleet has no
runner: `--acknowledge CODE` accepts it, and so does the entry of any runner that the plan writes, for these bring it
about.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reconciler.errors import UsageProblem
from reconciler.model.enums import Interest, Severity
from reconciler.planning.findings.registry import CODES
from reconciler.text.suggestions import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from reconciler.model.finding import Acceptance, Finding
    from reconciler.model.policy import Acknowledgement, Guard, Policy
    from reconciler.model.runner import DesiredRunner

REMEDY: Final = "fix what is found, or accept it with `accept` in the manifest"
"""What to do where findings refuse."""
FOR_THIS_RUN: Final = "or --acknowledge CODE[:KEY]"
"""What else accepts one, where a command takes it."""


def settle(
    raised: Iterable[Finding], desired: Mapping[str, DesiredRunner], written: Collection[str], policy: Policy
) -> tuple[Finding, ...]:
    """Give findings their severity and acceptance; each once, by rank, then by place and key.

    `desired` are the entries by key: they place a finding that has none of its own, and accept theirs. Those whose keys
    are `written` accept what is about the fleet.
    """
    settled: dict[Finding, None] = {}
    by_written = [each for key in sorted(written) if key in desired for each in desired[key].accept]
    for finding in raised:
        severity = _severity(finding, policy.guard)
        if severity == Severity.OFF:
            continue
        entry = desired.get(finding.key) if finding.key is not None else None
        placed = replace(finding, severity=severity, at=finding.at or (entry.at if entry else None))
        offered = by_written if finding.key is None else entry.accept if entry else ()
        settled[_accept(placed, [each for each in offered if each.code == finding.code], policy)] = None
    return tuple(sorted(settled, key=_order))


def check_acknowledged(policy: Policy) -> None:
    """Raise UsageProblem where `--acknowledge` names a code that no finding has."""
    for each in policy.acknowledged:
        if each.code not in CODES:
            near = nearest(each.code, CODES)
            hint = f"did you mean {near}?" if near else f"the codes are {', '.join(sorted(CODES))}"
            raise UsageProblem(f"--acknowledge {each}: there is no finding {each.code!r}; {hint}")


def unmatched(acknowledged: Iterable[Acknowledgement], findings: Sequence[Finding]) -> list[str]:
    """Return one warning for each `--acknowledge` that no finding of a plan answers to."""
    return [
        f"--acknowledge {each}: no finding of this plan matches it, so that it accepts nothing"
        for each in dict.fromkeys(acknowledged)
        if not any(each.accepts(finding.code, finding.key) for finding in findings)
    ]


def why_refused(findings: Iterable[Finding]) -> str:
    """Return how many findings refuse, by their codes; what they say is shown with the plan. Empty where none does."""
    codes = Counter(finding.code for finding in findings if finding.refuses)
    named = ", ".join(code if count == 1 else f"{code} ({count} times)" for code, count in codes.items())
    return f"{'an error' if codes.total() == 1 else f'{codes.total()} errors'} not accepted: {named}" if codes else ""


def _severity(finding: Finding, guard: Guard) -> Severity:
    """The guard's, else the finding's own. What is not known to be unasked counts as asked."""
    set_here = guard.severity.get(finding.code, finding.severity)
    if isinstance(set_here, str):
        return set_here
    return set_here.get(Interest.UNASKED if finding.asked is False else Interest.ASKED, finding.severity)


def _accept(finding: Finding, offered: Sequence[Acceptance], policy: Policy) -> Finding:
    valid = [each for each in offered if each.until is None or policy.today <= each.until]
    if valid:
        return replace(finding, accepted=True, accepted_by=_spell(valid[0]))
    if offered:
        last = max(each.until for each in offered if each.until is not None)
        finding = replace(finding, message=f"{finding.message} (an acceptance of it expired on {last})")
    if any(each.accepts(finding.code, finding.key) for each in policy.acknowledged):
        return replace(finding, accepted=True, accepted_by="--acknowledge")
    return finding


def _spell(acceptance: Acceptance) -> str:
    until = "" if acceptance.until is None else f" (until {acceptance.until})"
    return f"manifest: {acceptance.reason}{until}"


def _order(finding: Finding) -> tuple[tuple[int, int], bool, object, str, str, str]:
    return (
        finding.rank,
        finding.at is not None,
        finding.at or (),
        finding.key or "",
        finding.code,
        finding.message,
    )
