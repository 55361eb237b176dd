"""Runners that lose their last tag, or are created without any: they take every workflow of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.enums import ActionKind, Severity
from reconciler.model.fields.change import TagsChange
from reconciler.model.finding import Raised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.planning.findings.rule import Proposal


def new_wildcards(proposal: Proposal) -> Iterator[Raised]:
    """Find where an action makes a wildcard that its manifest does not call one; a warning where it is created so.

    A disabled runner counts too: once it is enabled, no plan would show it any more.
    """
    remedy = "Give it tags, or say that this is meant with `wildcard: true`"
    for action in proposal.actions:
        desired = action.desired
        if desired is None or desired.wildcard or action.requests[-1].body.spec.tags:
            continue
        at = desired.place("tags")
        if action.action == ActionKind.CREATE:
            message = f"created without tags, it takes any workflow. {remedy}"
            yield Raised(message, action.key, at, severity=Severity.WARNING)
            continue
        for change in action.changes:
            if isinstance(change, TagsChange) and change.before:
                message = f"without its tags ({', '.join(change.before)}) it takes any workflow. {remedy}"
                yield Raised(message, action.key, at)
