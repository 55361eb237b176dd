"""What `validate` found to be well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from reconciler.render import escape, wording
from reconciler.render.formats.json import render_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    class Valid(Protocol):
        """One environment's manifests."""

        @property
        def environment(self) -> str | None:
            """Its name, None without environments."""

        @property
        def runners(self) -> int:
            """How many it declares."""

        @property
        def files(self) -> tuple[str, ...]:
            """The manifests read."""


def render_valid(valid: Sequence[Valid], form: str) -> str:
    """One line an environment, or one document."""
    if form == "json":
        environments = [
            {"environment": each.environment, "runners": each.runners, "files": list(each.files)} for each in valid
        ]
        return render_document({"format_version": "1.0", "valid": True, "environments": environments})
    lines = [_line(each) for each in valid]
    if form == "html":
        from reconciler.render.views.html_page import render_lines

        return render_lines("Manifests are valid", lines)
    if form == "markdown":
        return "".join(f"- {escape.markdown(line)}\n" for line in lines)
    return "".join(f"{escape.text(line)}\n" for line in lines)


def _line(valid: Valid) -> str:
    count = wording.plural(valid.runners, "runner")
    where = wording.plural(len(valid.files), "file")
    prefix = f"{valid.environment}: " if valid.environment else ""
    return f"{prefix}Valid. {count} in {where}."
