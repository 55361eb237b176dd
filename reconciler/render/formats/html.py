"""One HTML file a result, which needs nothing from anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import ReconcilerError
from reconciler.model.plan import Plan
from reconciler.model.results import Applied, Checks, Effective, Explained, Exported, Listed, Served, Validity
from reconciler.render.views import checks, effective, exported, html_page, runners, validity

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.render.blocks import Lines, Source, Table
    from reconciler.render.formats.registry import View, Views


def _table(table: Callable[[Any], Table]) -> View:
    def view(result: Any, _layout: object) -> tuple[str]:
        made = table(result)
        return (html_page.render_table(made.title, *made.used(), made.notes, made.head),)

    return view


def _lines(lines: Callable[[Any], Lines | Source]) -> View:
    def view(result: Any, _layout: object) -> tuple[str]:
        made = lines(result)
        return (html_page.render_lines(made.title, made.lines),)

    return view


VIEWS: Final[Views] = {
    Plan: lambda plan, layout: (html_page.render_plan(plan, expand=layout.expand),),
    Applied: lambda done, layout: (html_page.render_report(done.report, done.plan, expand=layout.expand),),
    Validity: _lines(validity.lines),
    Checks: _lines(checks.lines),
    Listed: _table(runners.table),
    Served: _table(runners.served_table),
    Exported: _lines(exported.source),
    Effective: _lines(effective.source),
    Explained: _table(effective.explained_table),
    ReconcilerError: lambda error, _layout: (html_page.render_error(error),),
}
