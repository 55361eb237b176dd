"""How a GitHub environment is protected (GitHub Docs, REST API, Deployment environments; needs actions: read)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from reconciler.forge.rest import NOT_FOUND, RestError

if TYPE_CHECKING:
    from reconciler.forge.rest import Rest

REVIEWERS: Final = "required_reviewers"


def read_protection(github: Rest, repository: str, environment: str) -> tuple[str, ...] | None:
    """Read the types of its rules, such as `required_reviewers`; None for an environment that is not there.

    Raises RestError where this token may not see it.
    """
    path = f"/repos/{repository}/environments/{quote(environment, safe='')}"
    try:
        found = github.call("GET", path).json
    except RestError as error:
        if error.status == NOT_FOUND:
            return None
        raise
    try:
        rules = found.get("protection_rules") or []
        return tuple(str(rule["type"]) for rule in rules)
    except (AttributeError, LookupError, TypeError) as exc:
        raise RestError(f"GET {path}: GitHub answered no environment; check GITHUB_API_URL", 0) from exc
