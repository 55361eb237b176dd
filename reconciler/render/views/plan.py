"""A plan in the format asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.plan import Plan


def render_plan(plan: Plan, form: str, *, color: bool = False, width: int | None = None) -> Iterable[str]:
    """The plan as text, json, markdown or html, in pieces that end up as one text; `color` and `width` are for text."""
    if form == "json":
        from reconciler.planfile.document import plan_document
        from reconciler.render.formats.json import document_lines

        return document_lines(plan_document(plan))
    if form == "markdown":
        from reconciler.render.views.plan_markdown import render_plan as render_markdown

        return (render_markdown(plan),)
    if form == "html":
        from reconciler.render.views.html_page import render_plan as render_html

        return (render_html(plan),)
    from reconciler.render.views.plan_text import plan_lines

    return (f"{line}\n" for line in plan_lines(plan, color=color, width=width))
