"""Which repository and pull request a run is about: flags, else the event that started it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}", re.ASCII)


def repository_of(flag: str | None, environ: Mapping[str, str]) -> str:
    """OWNER/NAME from the flag or GITHUB_REPOSITORY. Raises UsageProblem."""
    repository = flag or environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise UsageProblem("no repository: give --repository OWNER/NAME, or set GITHUB_REPOSITORY")
    return repository


def number_of(flag: int | None, environ: Mapping[str, str]) -> int:
    """The pull request's number from the flag or the event file. Raises UsageProblem."""
    if flag is not None:
        return flag
    path = environ.get("GITHUB_EVENT_PATH")
    number = _number(_event(path)) if path else None
    if number is None:
        raise UsageProblem("no pull request: give --number N, or run on an event that has one (GITHUB_EVENT_PATH)")
    return number


def _event(path: str) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise UsageProblem(f"GITHUB_EVENT_PATH: {path} can't be read as JSON; give --number N") from exc


def _number(event: Any) -> int | None:
    """Of a pull_request, issue_comment or workflow_run event (GitHub Docs, Webhook payloads)."""
    if not isinstance(event, dict):
        return None
    places = [event.get("pull_request"), event.get("issue")]
    run = event.get("workflow_run")
    if isinstance(run, dict) and isinstance(run.get("pull_requests"), list):
        places += run["pull_requests"][:1]
    for place in (*places, event):
        if isinstance(place, dict) and type(place.get("number")) is int:
            return int(place["number"])
    return None
