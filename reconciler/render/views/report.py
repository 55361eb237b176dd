"""What an apply did, in the format asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.plan import Plan
    from reconciler.model.report import Report


def render_report(
    report: Report, plan: Plan, form: str, *, color: bool = False, width: int | None = None
) -> Iterable[str]:
    """The report as text, json, markdown or html, in pieces; `color` and `width` are for text."""
    if form == "json":
        from reconciler.render.formats.json import report_lines as json_lines

        return json_lines(report, plan)
    if form == "markdown":
        from reconciler.render.views.report_markdown import render_report as render_markdown

        return (render_markdown(report, plan),)
    if form == "html":
        from reconciler.render.views.html_page import render_report as render_html

        return (render_html(report, plan),)
    from reconciler.render.views.report_text import report_lines

    return (f"{line}\n" for line in report_lines(report, color=color, width=width, sandbox=plan.sandbox))
