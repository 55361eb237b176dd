"""Results that a use case gives and render shows, besides plans and reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.finding import Finding


@dataclass(frozen=True, slots=True)
class Valid:
    """One environment's manifests (environment None: without environments), all well; what is worth a look in them."""

    environment: str | None
    runners: int
    files: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
