"""What an apply did, and what went wrong before one, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import ManifestError
from reconciler.model.enums import OutcomeStatus
from reconciler.render import wording
from reconciler.render.formats.sheet import NOTE, Sheet, code, words
from reconciler.render.views.plan_markdown import MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.errors import ReconcilerError
    from reconciler.model.plan import Plan
    from reconciler.model.report import Outcome, Report


def render_report(report: Report, plan: Plan, *, max_size: int = MAX_SIZE) -> str:
    """The counts, then every action that is not applied, then what was; in at most `max_size` characters."""
    where = "" if plan.environment is None else f" for {code(plan.environment)}"
    sheet = Sheet(max_size)
    sheet.put(f"## {'Interrupted' if report.interrupted else 'Applied'}{where}\n\n**{wording.applied(report)}**\n\n")
    for sentence in wording.alerts(plan, code):
        sheet.put(f"**{sentence}**\n\n")
    if plan.sandbox is not None:
        sheet.put(f"{wording.sandbox(plan.sandbox, code)}\n\n")
    problems = [outcome for outcome in report.outcomes if outcome.status != OutcomeStatus.APPLIED]
    if problems:
        sheet.put(f"**{wording.not_applied(report)}** Run plan to see what remains, then apply again.\n\n")
        put_items(sheet, map(_item, problems), len(problems))
    done = [outcome for outcome in report.outcomes if outcome.status == OutcomeStatus.APPLIED]
    if done:
        sheet.put("Applied:\n\n", reserve=NOTE)
        put_items(sheet, (f"- {code(each.key)} ({each.action})\n" for each in done), len(done))
    sheet.put(f"{wording.requests(report)}\n")
    return str(sheet)


def render_error(error: ReconcilerError, *, max_size: int = MAX_SIZE) -> str:
    """An error; those of manifests as a list with each problem's place."""
    sheet = Sheet(max_size)
    if isinstance(error, ManifestError):
        sheet.put(f"## {wording.plural(len(error.problems), 'problem')} in the manifests\n\n")
        items = (f"- {code(str(at))}: {words(message)}\n" for at, message in error.problems)
        put_items(sheet, items, len(error.problems))
        return str(sheet)
    first, *rest = str(error).split("\n")
    sheet.put(f"## Not done\n\n{words(first)}\n\n")
    lines = [line.strip() for line in rest if line.strip()]
    put_items(sheet, (f"- {words(line)}\n" for line in lines), len(lines))
    return str(sheet)


def put_items(sheet: Sheet, items: Iterable[str], count: int) -> None:
    """As many items of a list as fit, and how many more there are."""
    for number, item in enumerate(items):
        if not sheet.put(item, reserve=2 * NOTE):
            sheet.put(f"- and {count - number} more\n")
            break
    sheet.put("\n")


def _item(outcome: Outcome) -> str:
    status = outcome.status.replace("_", " ")
    reason = outcome.error.message if outcome.error is not None else wording.NEXT_STEPS.get(outcome.status, "")
    return f"- **{status}** {code(outcome.key)} ({outcome.action}): {words(reason)}\n"
