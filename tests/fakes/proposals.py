"""Proposals for finding rules: a fleet, actions, entries; and what the rules of some codes find in them."""

from __future__ import annotations

from reconciler.model.policy import Policy
from reconciler.planning.findings.registry import plan_findings
from reconciler.planning.findings.rule import Proposal
from reconciler.planning.match import Matching
from reconciler.planning.ordering.arrange import Arranged
from tests.fakes.small_plans import TODAY


def proposal(*, fleet=(), actions=(), pairs=(), unmanaged=(), **policy):
    """A proposal that writes the actions; every pair is targeted. `policy` are fields of Policy."""
    return Proposal(
        matching=Matching(tuple(pairs), tuple(unmanaged)),
        picked={pair.desired.key for pair in pairs},
        actions=tuple(actions),
        fleet=tuple(fleet),
        arranged=Arranged(tuple(actions), ()),
        policy=Policy(today=TODAY, **policy),
    )


def findings_of(**parts):
    """All findings of a proposal, in the order of the rules, with the severity they are raised with."""
    return list(plan_findings(proposal(**parts)))
