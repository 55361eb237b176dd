"""Reports as one HTML file that needs nothing from anywhere: its style and script are in it, and CSP allows only them.

Everything from outside is escaped by the templates' autoescape, hidden characters included.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from reconciler.errors import ManifestError
from reconciler.model.enums import OutcomeStatus
from reconciler.render import escape, wording
from reconciler.render.views import groups
from reconciler.render.views.html_runner import block_views, tag_numbers
from reconciler.render.views.matrix import asked_sets, make_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

    from reconciler.errors import ReconcilerError
    from reconciler.model.plan import Plan
    from reconciler.model.report import Report


def render_plan(plan: Plan, *, expand: bool = False) -> str:
    """Render a plan: counts, findings, runners by tags, each runner's change in two columns, and filters."""
    numbers = tag_numbers(plan)
    return render_template(
        "plan.html.j2",
        title="Plan" if plan.environment is None else f"Plan for {plan.environment}",
        plan=plan,
        notes=wording.setting(plan, str),
        alerts=wording.alerts(plan, str),
        closing=wording.closing(plan),
        budget=wording.budget(plan),
        refusing=sum(finding.refuses for finding in plan.findings),
        updates_off=wording.turned_off_updates(plan),
        findings=groups.findings(plan.findings, expand=expand),
        matrix=make_matrix(plan),
        asked=asked_sets(plan),
        blocks=block_views(plan, numbers, expand=expand),
        tags=sorted(numbers.items()),
    )


def render_report(report: Report, plan: Plan, *, expand: bool = False) -> str:
    """Render what an apply did: the counts, and every outcome with its reason, what is not applied first."""
    order = (*wording.NOT_APPLIED, OutcomeStatus.APPLIED)
    return render_template(
        "report.html.j2",
        title=wording.verdict(report, plan),
        plan=plan,
        alerts=wording.alerts(plan, str),
        applied=wording.outcome(report, plan),
        not_applied=wording.not_applied(report),
        requests=wording.requests(report),
        sandbox=wording.sandbox(plan.sandbox, str) if plan.sandbox is not None else "",
        outcomes=groups.outcomes(sorted(report.outcomes, key=lambda each: order.index(each.status)), expand=expand),
        reason=groups.reason,
    )


def render_error(error: ReconcilerError) -> str:
    """Render an error; those of manifests with each problem and its place."""
    if isinstance(error, ManifestError):
        count = wording.plural(len(error.problems), "problem")
        return render_lines(f"{count} in the manifests", [str(problem) for problem in error.problems])
    return render_lines("Not done", [line for line in str(error).split("\n") if line.strip()])


def render_lines(title: str, lines: Sequence[str]) -> str:
    """Render a page of lines under a title."""
    return render_template("lines.html.j2", title=title, lines=lines)


def render_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: Sequence[str],
    head: Sequence[str] = (),
) -> str:
    """Render a page with a table, lines above and lines below it."""
    return render_template("table.html.j2", title=title, columns=columns, rows=rows, notes=notes, head=head)


def render_template(template: str, **facts: Any) -> str:
    """Render one page of a template of this package, everything in `facts` escaped."""
    environment = _environment()
    return environment.get_template(template).render(facts) + "\n"


def content_policy() -> str:
    """Return the Content-Security-Policy that every page keeps to, for a header."""
    known = _environment().globals
    return (
        f"default-src 'none'; style-src {known['style_hash']}; script-src {known['filter_hash']}; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("reconciler.render.views", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("style.css", "filter.js"):
        source = environment.loader.get_source(environment, name)[0]  # type: ignore[union-attr] # set just above
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        short = name.partition(".")[0]
        environment.globals[short] = Markup(source)  # noqa: S704 - our own file, in a style or script element
        environment.globals[f"{short}_hash"] = f"'sha256-{digest}'"
    environment.globals["symbols"] = wording.SYMBOLS
    return environment


def _shown(held: object) -> object:
    return escape.text(held) if type(held) is str else held
