"""What an apply did, as text: what is not applied first, each with its reason, then the counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.model.enums import OutcomeStatus
from reconciler.render import escape, wording
from reconciler.render.keys import key_list
from reconciler.render.views import groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.report import Outcome
    from reconciler.model.results import Applied
    from reconciler.render.formats.layout import Layout

_STYLES: Final = {
    OutcomeStatus.FAILED: "bold red",
    OutcomeStatus.STALE: "bold yellow",
    OutcomeStatus.UNVERIFIED: "bold yellow",
    OutcomeStatus.WIDENED_ONLY: "bold yellow",
    OutcomeStatus.NOT_ATTEMPTED: "dim",
}


def report_lines(done: Applied, layout: Layout) -> Iterator[str]:
    """Yield the report line by line."""
    report, sandbox = done.report, done.plan.sandbox
    if done.shown and not (report.outcomes or done.plan.has_changes):
        return
    if sandbox is not None and not done.shown:
        yield from layout.wrap(wording.sandbox(sandbox, escape.value), hanging="  ", style="cyan")
    if report.interrupted:
        yield layout.paint("Interrupted.", "bold red")
    problems = [outcome for outcome in report.outcomes if outcome.status != OutcomeStatus.APPLIED]
    if problems:
        applied = [outcome.key for outcome in report.outcomes if outcome.status == OutcomeStatus.APPLIED]
        if applied:
            keys = key_list(applied, layout, indent=4)
            yield from layout.wrap(f"applied {keys}", indent="  ", hanging="    ", style="green")
        for block in groups.outcomes(problems, expand=layout.expand):
            yield from _outcomes(block, layout)
    yield from layout.wrap(wording.outcome(report, done.plan), hanging="  ", style="bold")
    if problems:
        yield from layout.wrap(wording.not_applied(report), hanging="  ", style="bold red")
        yield from layout.wrap("Run plan to see what remains, then apply again.", hanging="  ")
    if problems or report.requests.retries or report.requests.rate_limited:
        yield from layout.wrap(wording.requests(report), hanging="  ", style="dim")


def outcome_line(outcome: Outcome) -> str:
    """Return one outcome on one line, safe: `applied prod-a100-1 (update)`."""
    shown = f"{outcome.status.replace('_', ' ')} {escape.text(outcome.key)} ({outcome.action})"
    return shown if outcome.error is None else f"{shown}: {escape.text(outcome.error.message)}"


def _outcomes(block: Sequence[Outcome], layout: Layout) -> Iterator[str]:
    """One outcome, or several equal ones, with the reason."""
    outcome = block[0]
    style = _STYLES.get(outcome.status)
    title = outcome.status.replace("_", " ")
    if len(block) == 1:
        yield from layout.wrap(
            f"{title} {escape.text(outcome.key)} ({outcome.action})", indent="  ", hanging="    ", style=style
        )
    else:
        yield layout.paint(f"  {title}: {len(block)} runners ({outcome.action})", style or "bold")
        keys = key_list([each.key for each in block], layout, indent=4)
        yield from layout.wrap(keys, indent="    ", style=style)
    yield from layout.wrap(escape.text(groups.reason(block)), indent="    ")
