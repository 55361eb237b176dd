"""What `doctor` found, and what to do about each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from reconciler.render import escape
from reconciler.render.formats.json import render_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    class Check(Protocol):
        """One check."""

        @property
        def name(self) -> str:
            """What was checked."""

        @property
        def status(self) -> str:
            """ok, warn or fail."""

        @property
        def found(self) -> str:
            """What was seen."""

        @property
        def advice(self) -> str:
            """What to do about it; may be empty."""


_MARKS: Final = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def render_checks(checks: Sequence[Check], form: str) -> str:
    """One line a check with its advice below, or one document."""
    if form == "json":
        rows = [
            {"name": each.name, "status": each.status, "found": each.found, "advice": each.advice} for each in checks
        ]
        return render_document({"format_version": "1.0", "ok": all(c.status != "fail" for c in checks), "checks": rows})
    lines = [line for each in checks for line in _lines(each)]
    if form == "html":
        from reconciler.render.views.html_page import render_lines

        return render_lines("Doctor", lines)
    if form == "markdown":
        return "".join(f"- {escape.markdown(line.strip())}\n" for line in lines)
    return "".join(f"{escape.text(line)}\n" for line in lines)


def _lines(check: Check) -> list[str]:
    lines = [f"{_MARKS[check.status]}  {check.name}: {check.found}"]
    if check.advice:
        lines.append(f"      {check.advice}")
    return lines
