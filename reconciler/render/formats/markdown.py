"""Markdown for comments and step summaries: markup and mentions from outside are defused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import ReconcilerError
from reconciler.model.plan import Plan
from reconciler.model.results import Applied, Checks, Effective, Explained, Exported, Listed, Served, Validity
from reconciler.render import escape
from reconciler.render.views import checks, effective, exported, runners, validity
from reconciler.render.views.plan_markdown import render_plan
from reconciler.render.views.report_markdown import render_error, render_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.render.blocks import Lines, Source, Table
    from reconciler.render.formats.registry import View, Views


def _table(table: Callable[[Any], Table]) -> View:
    return lambda result, _layout: (f"{line}\n" for line in _table_lines(table(result)))


def _table_lines(table: Table) -> Iterator[str]:
    for line in table.head:
        yield escape.markdown(line)
        yield ""
    columns, rows = table.used()
    if rows:
        yield f"| {' | '.join(columns)} |"
        yield f"|{' --- |' * len(columns)}"
        for row in rows:
            yield f"| {' | '.join(map(_cell, row))} |"
        if table.notes:
            yield ""
    for number, note in enumerate(table.notes):
        if number:
            yield ""
        yield escape.markdown(note)


def _cell(raw: str) -> str:
    return escape.markdown(raw) if not raw or raw.isdigit() else escape.code_span(raw, cell=True)


def _lines(lines: Callable[[Any], Lines]) -> View:
    return lambda result, _layout: (f"- {escape.markdown(line.strip())}\n" for line in lines(result).lines)


def _source(source: Callable[[Any], Source]) -> View:
    def view(result: Any, _layout: object) -> tuple[str]:
        text = source(result)
        return (escape.fence(text.lines, text.language),)

    return view


VIEWS: Final[Views] = {
    Plan: lambda plan, layout: (render_plan(plan, expand=layout.expand),),
    Applied: lambda done, layout: (render_report(done.report, done.plan, expand=layout.expand),),
    Validity: validity.markdown_lines,
    Checks: _lines(checks.lines),
    Listed: _table(runners.table),
    Served: _table(runners.served_table),
    Exported: _source(exported.source),
    Effective: _source(effective.source),
    Explained: _table(effective.explained_table),
    ReconcilerError: lambda error, _layout: (render_error(error),),
}
