"""What `doctor` found, and what to do about each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.model.enums import CheckStatus
from reconciler.render.blocks import Lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.results import Check, Checks

_MARKS: Final = {
    CheckStatus.OK: "ok  ",
    CheckStatus.WARN: "warn",
    CheckStatus.FAIL: "FAIL",
    CheckStatus.UNKNOWN: "?   ",
}


def document(found: Checks) -> dict[str, Any]:
    """Every check, and whether none fails."""
    rows = [
        {"name": each.name, "status": each.status, "found": each.found, "advice": each.advice} for each in found.checks
    ]
    return {"format_version": "1.0", "ok": found.ok, "checks": rows}


def lines(found: Checks) -> Lines:
    """One line a check with its advice below."""
    return Lines("Doctor", tuple(line for each in found.checks for line in _lines(each)))


def _lines(check: Check) -> Iterator[str]:
    yield f"{_MARKS[check.status]}  {check.name}: {check.found}"
    if check.advice:
        yield f"      {check.advice}"
