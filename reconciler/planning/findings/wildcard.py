"""Runners that lose their last tag, or are created without any: they take every workflow of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.finding import CODES, WARNING, Finding
from reconciler.model.plan import CREATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.plan import Action


def wildcard_findings(actions: Iterable[Action]) -> list[Finding]:
    """`wildcard-runner` for each action that makes a wildcard which its manifest does not call one.

    A disabled runner counts too: once it is enabled, nobody would be told any more.
    """
    return [finding for action in actions if (finding := _finding(action)) is not None]


def _finding(action: Action) -> Finding | None:
    desired = action.desired
    if desired is None or desired.wildcard or action.requests[-1].body.tags:
        return None
    remedy = "Give it tags, or say that this is meant with `wildcard: true`"
    at = desired.place("tags")
    if action.action == CREATE:
        message = f"created without tags, it takes any workflow. {remedy}"
        return Finding(code="wildcard-runner", severity=WARNING, message=message, key=action.key, at=at)
    for change in action.changes:
        if change.field == "tags" and change.before:
            message = f"without its tags ({', '.join(change.before)}) it takes any workflow. {remedy}"
            severity = CODES["wildcard-runner"]
            return Finding(code="wildcard-runner", severity=severity, message=message, key=action.key, at=at)
    return None
