"""Findings about the policy itself: what a branch would set otherwise than the revision whose policy is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.finding import Raised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.planning.findings.rule import Proposal


def changed_keys(proposal: Proposal) -> Iterator[Raised]:
    """Find where a policy key differs between the working tree and the revision that `--policy-from` names."""
    for change in proposal.policy.changes:
        yield Raised(
            f"{change.key} of the project file changes: before {change.before}, after {change.after}; this plan is "
            f"made under the one before, that of {change.revision}: check what the other would allow",
            at=change.at,
        )
