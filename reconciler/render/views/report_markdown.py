"""What an apply did, and what went wrong before one, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import GuardRefused, ManifestError
from reconciler.model.enums import OutcomeStatus
from reconciler.render import wording
from reconciler.render.formats.sheet import NOTE, Sheet, code, codes, words
from reconciler.render.views import groups
from reconciler.render.views.plan_markdown import MAX_SIZE, finding_item

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias, TypeVar

    from reconciler.errors import ReconcilerError
    from reconciler.model.finding import Finding
    from reconciler.model.plan import Plan
    from reconciler.model.position import Problem
    from reconciler.model.report import Outcome, Report

    Each = TypeVar("Each")
    Item: TypeAlias = Callable[[Sequence[Each], bool], str]
    """One block as an item; true: in its short form."""


def render_report(report: Report, plan: Plan, *, max_size: int = MAX_SIZE, expand: bool = False) -> str:
    """Render the counts, then every action that is not applied, then what was; in at most `max_size` characters."""
    where = "" if plan.environment is None else f" for {code(plan.environment)}"
    sheet = Sheet(max_size)
    sheet.put(f"## {wording.verdict(report, plan)}{where}\n\n**{wording.outcome(report, plan)}**\n\n")
    for sentence in wording.alerts(plan, code):
        sheet.put(f"**{sentence}**\n\n")
    if plan.sandbox is not None:
        sheet.put(f"{wording.sandbox(plan.sandbox, code)}\n\n")
    problems = [outcome for outcome in report.outcomes if outcome.status != OutcomeStatus.APPLIED]
    if problems:
        sheet.put(f"**{wording.not_applied(report)}** Run plan to see what remains, then apply again.\n\n")
        put_items(sheet, groups.outcomes(problems, expand=expand), _item)
    done = [outcome for outcome in report.outcomes if outcome.status == OutcomeStatus.APPLIED]
    if done:
        sheet.put("Applied:\n\n", reserve=NOTE)
        put_items(sheet, groups.outcomes(done, expand=expand), _done)
    sheet.put(f"{wording.requests(report)}\n")
    return str(sheet)


def render_error(error: ReconcilerError, *, max_size: int = MAX_SIZE) -> str:
    """Render an error; those of manifests as a list with each problem's place."""
    sheet = Sheet(max_size)
    if isinstance(error, ManifestError):
        sheet.put(f"## {wording.plural(len(error.problems), 'problem')} in the manifests\n\n")
        put_items(sheet, [(each,) for each in error.problems], _problem)
        return str(sheet)
    first, *rest = str(error).split("\n")
    sheet.put(f"## Not done\n\n{words(first)}\n\n")
    lines = [(line.strip(),) for line in rest if line.strip()]
    put_items(sheet, lines, lambda line, _short: f"- {words(line[0])}\n")
    if isinstance(error, GuardRefused):
        refusing = [finding for finding in error.plan.findings if finding.refuses]
        put_items(sheet, groups.findings(refusing, expand=False), _finding)
    return str(sheet)


def put_items(sheet: Sheet, blocks: Sequence[Sequence[Each]], item: Item[Each]) -> None:
    """As many items of a list as fit, and how many more there are."""
    for number, block in enumerate(blocks):
        if not sheet.put_one_of(item(block, False), item(block, True), reserve=2 * NOTE):
            sheet.put(f"- and {sum(map(len, blocks[number:]))} more\n")
            break
    sheet.put("\n")


def _problem(block: Sequence[Problem], _short: bool) -> str:
    at, message = block[0]
    return f"- {code(str(at))}: {words(message)}\n"


def _finding(block: Sequence[Finding], short: bool) -> str:
    return finding_item(block, short=short)


def _done(block: Sequence[Outcome], short: bool) -> str:
    return f"- {_runners(block, short)}\n"


def _item(block: Sequence[Outcome], short: bool) -> str:
    status = block[0].status.replace("_", " ")
    return f"- **{status}** {_runners(block, short)}: {words(groups.reason(block))}\n"


def _runners(block: Sequence[Outcome], short: bool) -> str:
    keys = codes([each.key for each in block], short=short and len(block) > 1)
    return f"{keys} ({block[0].action})" if len(block) == 1 else f"{len(block)} runners ({block[0].action}): {keys}"
