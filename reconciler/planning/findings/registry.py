"""Every finding rule. To add a finding, write one function in a module of this folder and one line here.

Rules of MANIFEST_RULES need the entries of the manifests alone, so that `validate` has them too; those of PLAN_RULES
look at a whole proposal. What becomes of what they raise (severity, acceptance, order) is `severity`'s part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from reconciler.model.enums import Severity
from reconciler.model.finding import POLICY_CHANGED, STRANDED, UNSERVED
from reconciler.planning.findings import (
    coverage,
    credentials,
    demand,
    endpoint_findings,
    guard,
    health,
    order,
    policy,
    renames,
    tags,
    wildcard,
)
from reconciler.planning.findings.rule import Proposal, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.finding import Finding
    from reconciler.model.runner import DesiredRunner

Entries: TypeAlias = "Sequence[DesiredRunner]"

PLAN_RULES: Final[tuple[Rule[Proposal], ...]] = (
    Rule(STRANDED, Severity.WARNING, coverage.stranded_tags),
    Rule("stranded-workflows", Severity.ERROR, demand.stranded_workflows),
    Rule(UNSERVED, Severity.WARNING, demand.unserved_demand),
    Rule("coverage", Severity.ERROR, coverage.broken_promises),
    Rule("wildcard-runner", Severity.ERROR, wildcard.new_wildcards),
    Rule("only-wildcard-serves", Severity.WARNING, coverage.left_to_wildcards),
    Rule("no-active-runner", Severity.ERROR, coverage.no_active_runner),
    Rule("too-many-disables", Severity.ERROR, guard.too_many_disables),
    Rule("too-many-changes", Severity.ERROR, guard.too_many_changes),
    Rule("too-many-creates", Severity.ERROR, guard.too_many_creates),
    Rule("host-not-allowed", Severity.ERROR, guard.hosts_not_allowed),
    Rule("possible-rename", Severity.ERROR, renames.possible_renames),
    Rule("credential-redirect", Severity.WARNING, credentials.redirects),
    Rule("plaintext-secret", Severity.WARNING, credentials.plaintext_secrets),
    Rule("duplicate-endpoint", Severity.WARNING, endpoint_findings.duplicate_endpoints),
    Rule("placeholder-secret", Severity.WARNING, credentials.placeholders),
    Rule("briefly-active", Severity.WARNING, endpoint_findings.briefly_active),
    Rule("briefly-widened", Severity.WARNING, order.briefly_widened),
    Rule("private-endpoint", Severity.INFO, endpoint_findings.private_endpoints),
    Rule("brief-gap", Severity.WARNING, order.brief_gaps),
    Rule("unhealthy-endpoint", Severity.ERROR, health.unhealthy_endpoints),
    Rule("disabled-by-health", Severity.INFO, health.disabled_by_health),
    Rule(POLICY_CHANGED, Severity.WARNING, policy.changed_keys),
)
MANIFEST_RULES: Final[tuple[Rule[Entries], ...]] = (
    Rule("unmatchable-tag", Severity.WARNING, tags.unmatchable_tags),
    Rule("literal-secret", Severity.WARNING, credentials.literal_secrets),
)

CODES: Final = {
    **{rule.code: rule.severity for rule in PLAN_RULES},
    **{rule.code: rule.severity for rule in MANIFEST_RULES},
}
"""Every finding code with its default severity."""


def plan_findings(proposal: Proposal) -> Iterator[Finding]:
    """Raise the findings of every rule about a proposal."""
    for rule in PLAN_RULES:
        yield from rule.findings(proposal)
    yield from manifest_findings(proposal.entries)


def manifest_findings(entries: Entries) -> Iterator[Finding]:
    """Raise the findings that the entries of the manifests give by themselves."""
    for rule in MANIFEST_RULES:
        yield from rule.findings(entries)
