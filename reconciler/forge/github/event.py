"""Which repository, pull request, commit and run this is about: flags, else the environment of a run and its event."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import UsageProblem
from reconciler.forge.context import Context
from reconciler.forge.github.forge import GITHUB

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.forge.github.forge import Kind

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}", re.ASCII)
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}", re.ASCII)
_SERVER: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


def context_of(
    repository: str | None, number: int | None, environ: Mapping[str, str], *, pull_request: bool, kind: Kind = GITHUB
) -> Context:
    """Give the context of this run; what is given wins. With `pull_request` there must be one. Raises UsageProblem."""
    name = repository_of(repository, environ)
    event = _read_event(environ.get("GITHUB_EVENT_PATH"), needed=pull_request and number is None)
    found = number if number is not None else _number(event)
    if pull_request and found is None:
        raise UsageProblem("no pull request: give --number N, or run on an event that has one (GITHUB_EVENT_PATH)")
    server = environ.get("GITHUB_SERVER_URL") or kind.default_server or ""
    address = f"{server}/{name}" if _SERVER.fullmatch(server) else None
    commit, run = _commit(event, environ), _run(event, environ)
    return Context(
        repository=name,
        number=found,
        commit=commit,
        commit_url=address and commit and f"{address}/commit/{commit}",
        run=run,
        run_url=address and run and f"{address}/actions/runs/{_run_page(kind, run, environ)}",
    )


def repository_of(flag: str | None, environ: Mapping[str, str]) -> str:
    """OWNER/NAME from the flag or GITHUB_REPOSITORY. Raises UsageProblem."""
    repository = flag or environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository) or ".." in repository.split("/") or "." in repository.split("/"):
        raise UsageProblem("no repository: give --repository OWNER/NAME, or set GITHUB_REPOSITORY")
    return repository


def _read_event(path: str | None, *, needed: bool) -> dict[str, Any]:
    """The event that started the run; empty where there is none, or where it can't be read and is not needed."""
    if not path:
        return {}
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as exc:
        if not needed:
            return {}
        raise UsageProblem(f"GITHUB_EVENT_PATH: {path} can't be read as JSON; give --number N") from exc
    return event if isinstance(event, dict) else {}


def _number(event: dict[str, Any]) -> int | None:
    """Of a pull_request, issue_comment or workflow_run event (GitHub Docs, Webhook payloads)."""
    places = [event.get("pull_request"), event.get("issue")]
    run = event.get("workflow_run")
    if isinstance(run, dict) and isinstance(run.get("pull_requests"), list):
        places += run["pull_requests"][:1]
    for place in (*places, event):
        if isinstance(place, dict) and type(place.get("number")) is int:
            return int(place["number"])
    return None


def _commit(event: dict[str, Any], environ: Mapping[str, str]) -> str | None:
    """The pull request's head, not GitHub's merge of it; that of the run that was waited for; else the run's own."""
    for found in (
        _at(event, "pull_request", "head", "sha"),
        _at(event, "workflow_run", "head_sha"),
        environ.get("GITHUB_SHA"),
    ):
        if isinstance(found, str) and _COMMIT.fullmatch(found):
            return found
    return None


def _run(event: dict[str, Any], environ: Mapping[str, str]) -> tuple[int, int] | None:
    """Id and attempt: of the run that was waited for (workflow_run), which planned, else of this one."""
    identity, attempt = _at(event, "workflow_run", "id"), _at(event, "workflow_run", "run_attempt")
    if type(identity) is int:
        return identity, attempt if type(attempt) is int else 1
    given = environ.get("GITHUB_RUN_ID", "")
    if not _NUMBER.fullmatch(given):
        return None
    again = environ.get("GITHUB_RUN_ATTEMPT", "")
    return int(given), int(again) if _NUMBER.fullmatch(again) else 1


def _run_page(kind: Kind, run: tuple[int, int], environ: Mapping[str, str]) -> str:
    number = environ.get("GITHUB_RUN_NUMBER", "")
    return kind.run_page.format(id=run[0], attempt=run[1], number=number if _NUMBER.fullmatch(number) else run[0])


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
