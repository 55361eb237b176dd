"""Results as a format shows them, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.enums import Format
from reconciler.model.results import Applied
from reconciler.render.formats.layout import Layout
from reconciler.render.formats.registry import render
from tests.fakes import sample_plans as sample

if TYPE_CHECKING:
    from reconciler.model.report import Report
    from reconciler.model.results import Result


def rendered(result: Result, form: str = "text", **layout: Any) -> str:
    """The whole text of a result."""
    return "".join(render(result, Format(form), Layout(**layout)))


def rendered_report(report: Report, form: str = "text", *, sandbox: str | None = None, **layout: Any) -> str:
    """The whole text of a report, of a plan that matters little."""
    return rendered(Applied(report, sample.plan(sandbox=sandbox)), form, **layout)
