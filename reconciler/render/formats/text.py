"""Text for a terminal or a log: every line safe, wrapped and coloured as the layout says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import ReconcilerError
from reconciler.model.plan import Plan
from reconciler.model.results import Applied, Checks, Effective, Explained, Exported, Listed, Served, Validity
from reconciler.render import escape
from reconciler.render.formats.text_table import table_lines
from reconciler.render.views import checks, effective, exported, problems, runners, validity
from reconciler.render.views.plan_text import plan_lines
from reconciler.render.views.report_text import report_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.render.blocks import Lines, Source, Table
    from reconciler.render.formats.layout import Layout
    from reconciler.render.formats.registry import View, Views


def _view(lines: Callable[[Any, Layout], Iterable[str]]) -> View:
    return lambda result, layout: (f"{line}\n" for line in lines(result, layout))


def _table(table: Callable[[Any], Table]) -> View:
    return _view(lambda result, layout: table_lines(table(result), layout))


def _lines(lines: Callable[[Any], Lines]) -> View:
    return _view(lambda result, _layout: map(escape.text, lines(result).lines))


def _source(source: Callable[[Any], Source]) -> View:
    return _view(lambda result, _layout: source(result).lines)


VIEWS: Final[Views] = {
    Plan: _view(plan_lines),
    Applied: _view(report_lines),
    Validity: _view(validity.text_lines),
    Checks: _lines(checks.lines),
    Listed: _view(runners.text_lines),
    Served: _table(runners.served_table),
    Exported: _source(exported.source),
    Effective: _source(effective.source),
    Explained: _table(effective.explained_table),
    ReconcilerError: _view(lambda error, _layout: problems.error_lines(error)),
}
