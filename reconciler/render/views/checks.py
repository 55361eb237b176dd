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
    """Return every check, and whether none fails."""
    rows = [
        {"name": each.name, "status": each.status, "found": each.found, "advice": each.advice} for each in found.checks
    ]
    return {"format_version": "1.0", "ok": found.ok, "checks": rows}


def lines(found: Checks) -> Lines:
    """Return one line a check; the advice of several in a row that is the same once, below the last of them."""
    following = [*(each.advice for each in found.checks[1:]), ""]
    shown = zip(found.checks, following, strict=False)  # one more where there is no check at all
    return Lines("Doctor", tuple(line for each, after in shown for line in _lines(each, after)))


def _lines(check: Check, advice_after: str) -> Iterator[str]:
    yield f"{_MARKS[check.status]}  {check.name}: {check.found}"
    if check.advice and check.advice != advice_after:
        yield f"      {check.advice}"
