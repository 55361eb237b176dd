"""`/`: the status for people, in the look of the HTML report. It needs no script and refreshes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.model.enums import Severity
from reconciler.model.health import Health
from reconciler.render import wording
from reconciler.render.views import html_page
from reconciler.watch.status import SUCCESSES, CycleResult

if TYPE_CHECKING:
    from reconciler.watch.board import Board
    from reconciler.watch.status import Status

REFRESH_S: Final = 15
_UNDONE: Final = {CycleResult.REFUSED: "Refused by a guard", CycleResult.FAILED: "Not applied"}
_WORST_FIRST: Final = tuple(Severity)


def render_page(board: Board, *, refreshes: bool, path: str = "/") -> tuple[str, str]:
    """Render the page, and the Content-Security-Policy that it keeps to."""
    status = board.status
    html = html_page.render_template(
        "watch.html.j2",
        title=f"{headline(status)} - {status.environment or 'reconciler watch'}",
        headline=headline(status),
        good=is_good(status),
        status=status,
        drift=_lasts(board.drift_s),
        findings=sorted(
            (each for each in status.findings if not each.accepted),
            key=lambda each: (_WORST_FIRST.index(each.severity), each.code),
        ),
        accepted=sum(each.accepted for each in status.findings),
        unhealthy=sorted((key, each) for key, each in status.health.items() if each.health is Health.UNHEALTHY),
        healthy=sum(each.health is Health.HEALTHY for each in status.health.values()),
        undecided=sum(each.health is Health.UNKNOWN for each in status.health.values()),
        cycles=sorted(board.counts.cycles.items()),
        sent=board.counts.requests,
        refreshes=refreshes,
        path=path,
        refresh_s=REFRESH_S,
    )
    return html, html_page.content_policy()


def headline(status: Status) -> str:
    """Say in a few words how it is doing."""
    if status.waits_for is not None:
        return "Waiting for another writer"
    if status.cycle is None:
        return "Starting"
    if status.suspended:
        return "Suspended"
    if status.cycle.result not in SUCCESSES:
        return _UNDONE.get(status.cycle.result, "Not in control")
    if status.contested:
        return f"{wording.plural(len(status.contested), 'runner')} contested"
    return f"{wording.plural(len(status.drifted), 'runner')} drifted" if status.drifted else "In step"


def is_good(status: Status) -> bool:
    """Whether there is nothing to do for a person."""
    return headline(status) == "In step" and not status.troubles


def _lasts(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
