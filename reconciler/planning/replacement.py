"""The body of every write: the desired runner rebased on the live one.

A PUT replaces a runner whole, so its body holds all five fields: those the manifest owns, spelled as in the manifest,
and those it does not own, as they were read. The diff compares live with exactly this body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.runner import DISABLED, FIELDS, STATUSES, RunnerBody

if TYPE_CHECKING:
    from reconciler.model.runner import DesiredRunner, LiveRunner


def replacement(desired: DesiredRunner, live: LiveRunner) -> RunnerBody:
    """The PUT body for a live runner. It keeps what the manifest does not own.

    An unmanaged status of a value unknown to us is left out, for the service might refuse it: an omitted field keeps
    its value (API: Update Runner).
    """
    unmanaged = desired.unmanaged
    status = desired.status if desired.status is not None and "status" not in unmanaged else None
    if status is None and live.status in STATUSES:
        status = live.status
    return RunnerBody(
        name=live.name if "name" in unmanaged else desired.name,
        endpoint=live.endpoint if "endpoint" in unmanaged else desired.endpoint,
        headers=live.headers if desired.headers is None or "headers" in unmanaged else desired.headers,
        tags=live.tags if desired.tags is None or "tags" in unmanaged else desired.tags,
        status=status,
    )


def carried(desired: DesiredRunner) -> tuple[str, ...]:
    """The fields, in the order of FIELDS, whose live value a replacement carries over."""
    return tuple(name for name in FIELDS if not desired.owns(name))


def creation(desired: DesiredRunner) -> RunnerBody:
    """The POST body. It has no status (API: Create Runner), and tags and headers only where the manifest owns them."""
    return RunnerBody(
        name=desired.name,
        endpoint=desired.endpoint,
        headers=desired.headers if desired.owns("headers") else None,
        tags=desired.tags if desired.owns("tags") else None,
    )


def finish(desired: DesiredRunner) -> RunnerBody | None:
    """The PUT body that disables a runner just created; None where it is to be active.

    What the manifest does not own was not sent by the POST, so a runner just created has none of it.
    """
    if not desired.owns("status") or desired.status != DISABLED:
        return None
    made = creation(desired)
    return RunnerBody(
        name=made.name, endpoint=made.endpoint, headers=made.headers or {}, tags=made.tags or (), status=DISABLED
    )


def retirement(live: LiveRunner) -> RunnerBody:
    """The PUT body that disables a live runner which no entry matches: all else as read."""
    return RunnerBody(name=live.name, endpoint=live.endpoint, headers=live.headers, tags=live.tags, status=DISABLED)
