"""What `export` found: the manifest itself, or one document with what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from reconciler.render import escape, wording
from reconciler.render.formats.json import render_document

if TYPE_CHECKING:

    class Export(Protocol):
        """One manifest's text, the variables it refers to, and what could not be written."""

        @property
        def text(self) -> str:
            """The manifest."""

        @property
        def variables(self) -> tuple[str, ...]:
            """The environment variables it refers to."""

        @property
        def left_out(self) -> tuple[str, ...]:
            """What could not be written, a line each."""

        @property
        def sandbox(self) -> str | None:
            """The emulator's file when that was talked to."""


def render_export(exported: Export, form: str) -> str:
    """YAML for text, a fence for Markdown, a page for HTML, one document for JSON."""
    if form == "json":
        facts = {"variables": list(exported.variables), "left_out": list(exported.left_out)}
        document = {"format_version": "1.0", "sandbox": exported.sandbox, "manifest": exported.text, **facts}
        return render_document(document)
    if form == "markdown":
        return escape.fence(_manifest(exported).splitlines(), "yaml")
    if form == "html":
        from reconciler.render.views.html_page import render_lines

        return render_lines("Exported manifest", _manifest(exported).splitlines())
    return _manifest(exported)


def _manifest(exported: Export) -> str:
    """The manifest, with a comment where it comes from the emulator."""
    if exported.sandbox is None:
        return exported.text
    return f"# {wording.sandbox(exported.sandbox, escape.value)}\n{exported.text}"
