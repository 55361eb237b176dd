"""Keeps ComfyControl runners as declared in YAML.

`from reconciler import Reconciler` is the front door for code. What `__all__` names is public, and kept within a major
version. A name is imported when it is first used, so that importing the package costs nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself is most of what this import would cost
if TYPE_CHECKING:
    from typing import Any

    from reconciler.engine import Reconciler
    from reconciler.errors import (
        AmbiguousCreate,
        ApiError,
        BadAnswer,
        ConcurrentEdit,
        Declined,
        FileError,
        Forbidden,
        GuardRefused,
        Interrupted,
        LockTimeout,
        ManifestError,
        NotFound,
        PlanFileError,
        RateLimited,
        ReconcilerError,
        Rejected,
        StalePlan,
        Unauthorized,
        Unreachable,
        UnstableList,
        Unverified,
        UsageProblem,
    )
    from reconciler.model.plan import Plan
    from reconciler.model.report import Report
    from reconciler.model.results import Checks, Effective, Explained, Exported, Listed, Served, Validity
    from reconciler.model.scope import ListScope, Reconciling, Scope, Writes
    from reconciler.settings import RateLimit

__version__ = "0.1.0"
__all__ = [
    "AmbiguousCreate",
    "ApiError",
    "BadAnswer",
    "Checks",
    "ConcurrentEdit",
    "Declined",
    "Effective",
    "Explained",
    "Exported",
    "FileError",
    "Forbidden",
    "GuardRefused",
    "Interrupted",
    "ListScope",
    "Listed",
    "LockTimeout",
    "ManifestError",
    "NotFound",
    "Plan",
    "PlanFileError",
    "RateLimit",
    "RateLimited",
    "Reconciler",
    "ReconcilerError",
    "Reconciling",
    "Rejected",
    "Report",
    "Scope",
    "Served",
    "StalePlan",
    "Unauthorized",
    "Unreachable",
    "UnstableList",
    "Unverified",
    "UsageProblem",
    "Validity",
    "Writes",
    "__version__",
]

_HOMES = {
    "Checks": "model.results",
    "Effective": "model.results",
    "Explained": "model.results",
    "Exported": "model.results",
    "ListScope": "model.scope",
    "Listed": "model.results",
    "Plan": "model.plan",
    "RateLimit": "settings",
    "Reconciler": "engine",
    "Reconciling": "model.scope",
    "Report": "model.report",
    "Scope": "model.scope",
    "Served": "model.results",
    "Validity": "model.results",
    "Writes": "model.scope",
}
"""The module of each public name; all others are errors."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
