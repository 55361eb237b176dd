"""Findings about the order of writes: who takes two, and which gap no order avoids."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.finding import Raised
    from reconciler.planning.findings.rule import Proposal


def briefly_widened(proposal: Proposal) -> Iterable[Raised]:
    """Find where a runner takes two writes and serves, between them, sets that it serves neither before nor after."""
    return proposal.arranged.widened


def brief_gaps(proposal: Proposal) -> Iterable[Raised]:
    """Find where a set goes unserved for a moment in any order."""
    return proposal.arranged.gaps
