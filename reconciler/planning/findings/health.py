"""What the endpoints that were asked for a plan have to do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.enums import RunnerStatus, Severity
from reconciler.model.finding import Raised
from reconciler.model.health import Health
from reconciler.planning.health import is_active, moves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.fields.spec import RunnerSpec
    from reconciler.model.health import Probed
    from reconciler.model.runner import DesiredRunner, LiveRunner
    from reconciler.planning.findings.rule import Proposal


def unhealthy_endpoints(proposal: Proposal) -> Iterator[Raised]:
    """Find where a runner becomes or, for want of another, stays active on an endpoint that is no ComfyUI.

    A runner that is created and then disabled becomes active too, for a moment. A warning where the runner was active
    there before, and where nothing is known of an endpoint that was to be asked.
    """
    for desired, live, after, probed in _asked(proposal):
        if probed.health is Health.HEALTHY:
            continue
        becomes = _becomes(live, after)
        if probed.health is Health.UNKNOWN:
            if becomes:
                message = f"it is {becomes}, and whether its endpoint answers is not known: {probed.reason}"
                yield Raised(message, desired.key, desired.place("endpoint"), Severity.WARNING)
        elif becomes:
            message = (
                f"it is {becomes}, and its endpoint does not answer as a ComfyUI: {probed.reason}; start it or correct "
                "the endpoint, then plan again"
            )
            yield Raised(message, desired.key, desired.place("endpoint"))
        elif after.status == RunnerStatus.ACTIVE:
            message = (
                f"its endpoint does not answer as a ComfyUI: {probed.reason}; it stays active, for without it a tag "
                "set has no active runner or a coverage promise is broken"
            )
            yield Raised(message, desired.key, desired.place("endpoint"), Severity.WARNING)


def disabled_by_health(proposal: Proposal) -> Iterator[Raised]:
    """Find where a runner is disabled because its endpoint does not answer as a ComfyUI."""
    for desired, live, after, probed in _asked(proposal):
        if probed.health is Health.UNHEALTHY and is_active(live) and after.status == RunnerStatus.DISABLED:
            yield Raised(
                f"its health disables it, its endpoint does not answer as a ComfyUI: {probed.reason}",
                desired.key,
                desired.place("status"),
            )


def _asked(proposal: Proposal) -> Iterator[tuple[DesiredRunner, LiveRunner | None, RunnerSpec, Probed]]:
    """Those that were asked: what they are after the plan, and what their endpoints have shown."""
    if not proposal.health:
        return
    written = {action.key: action.requests[-1].body.spec for action in proposal.actions}
    for desired, live, _by in proposal.matching.pairs:
        after = written.get(desired.key, None if live is None else live.spec)
        if after is not None and desired.key in proposal.health:
            yield desired, live, after, proposal.health[desired.key]


def _becomes(live: LiveRunner | None, after: RunnerSpec) -> str | None:
    """How a runner becomes active where it was not; None where it does not."""
    if live is None:
        return "created"
    if after.status != RunnerStatus.ACTIVE:
        return None
    if not is_active(live):
        return "activated"
    return "moved to another endpoint while active" if moves(live, after) else None
