"""A server that behaves as the documented part of GitLab's REST API: notes of merge requests, issues of one project.

GitLab Docs: REST API (pagination, status codes), Notes API, Issues API, rate limits.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.forge_server import serving

PROJECT = 42
PATH = "example/fleets/gpu"
TOKEN = "glpat-the_project_token"
JOB_TOKEN = "glcbt-the_job_token"
MAX_NOTE = 1_000_000
BOT = "project_42_bot_0a1b2c"
UNKNOWN = (401, {}, {"message": "401 Unauthorized"})
REFUSED = (403, {}, {"message": "403 Forbidden"})
ABSENT = (404, {}, {"message": "404 Not found"})


@dataclass
class GitLabServer:
    """Its state, and how it is to misbehave.

    `answers` are (status, headers, JSON) given first, one a request. Notes whose id is in `locked` can't be edited by
    the token, those in `kept` not deleted. Without `scope` the token has read_api alone; without `sees_user` it may not
    ask who it is.
    """

    url: str = ""
    login: str = BOT
    max_body: int = MAX_NOTE
    notes: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], Any]] = field(default_factory=list)
    locked: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    scope: bool = True
    sees_user: bool = True

    @property
    def comments(self) -> list[dict[str, Any]]:
        """The notes, by the word that forges share."""
        return self.notes

    def add_comment(self, body: str, login: str = BOT, number: int = 7, *, system: bool = False) -> dict[str, Any]:
        """A note of somebody's on a merge request; `system`: of GitLab's own."""
        made = {
            "id": 100 + len(self.notes),
            "noteable_iid": number,
            "noteable_type": "MergeRequest",
            "body": body,
            "author": {"id": 5, "username": login, "name": "Somebody", "state": "active"},
            "system": system,
            "resolvable": False,
        }
        self.notes.append(made)
        return made

    def add_issue(self, title: str, body: str, login: str = BOT) -> dict[str, Any]:
        """An issue of somebody's."""
        iid = 1 + len(self.issues)
        made = {
            "id": 9000 + iid,
            "iid": iid,
            "title": title,
            "description": body,
            "state": "opened",
            "author": {"id": 5, "username": login},
            "web_url": f"https://gitlab.test/{PATH}/-/issues/{iid}",
        }
        self.issues.append(made)
        return made

    def answer(self, method: str, target: str, body: Any) -> tuple[int, dict[str, str], Any]:
        """What the API answers."""
        self.requests.append((method, target))
        if self.tokens[-1] != TOKEN or self.answers:
            return self.answers.pop(0) if self.tokens[-1] == TOKEN else UNKNOWN
        url = urlsplit(target)
        parts = [unquote(each) for each in url.path.removeprefix("/api/v4/").split("/")]
        if parts == ["user"] and not self.sees_user:
            return REFUSED
        if parts == ["user"]:
            return 200, {}, {"id": 5, "username": self.login, "bot": True}
        if parts[0] != "projects" or parts[1] not in (str(PROJECT), PATH):
            return ABSENT
        return self._in_project(method, parts, url, body)

    def _in_project(self, method, parts, url, body):
        if method != "GET" and not self.scope:
            return 403, {}, {"error": "insufficient_scope", "error_description": "Needs higher privileges: api"}
        text = (body or {}).get("body") or (body or {}).get("description") or ""
        if len(text) > self.max_body:
            name = "note" if parts[2] == "merge_requests" else "description"
            return 400, {}, {"message": {name: [f"is too long (maximum is {self.max_body} characters)"]}}
        query = parse_qs(url.query)
        if parts[2] == "merge_requests" and parts[4:5] == ["notes"]:
            return self._on_notes(method, int(parts[3]), parts[5:], body, url.path, query)
        return self._on_issues(method, parts[3:], body, url.path, query) if parts[2] == "issues" else ABSENT

    def _on_notes(self, method, number, rest, body, path, query):
        if not rest and method == "POST":
            return 201, {}, self.add_comment(body["body"], self.login, number)
        if not rest:
            listed = [each for each in self.notes if each["noteable_iid"] == number]
            return self._page(listed if query["sort"] == ["asc"] else listed[::-1], path, query)
        found = next((each for each in self.notes if each["id"] == int(rest[0])), None)
        if found is None:
            return ABSENT
        if found["id"] in (self.locked if method == "PUT" else self.kept):
            return REFUSED
        if method == "DELETE":
            self.notes.remove(found)
            return 204, {}, None
        found.update(body)
        return 200, {}, found

    def _on_issues(self, method, rest, body, path, query):
        if not rest and method == "POST":
            return 201, {}, self.add_issue(body["title"], body["description"], self.login)
        if not rest:
            listed = [each for each in self.issues if [each["state"]] == query["state"]]
            return self._page(listed if query["sort"] == ["asc"] else listed[::-1], path, query)
        found = next((each for each in self.issues if each["iid"] == int(rest[0])), None)
        if found is None:
            return ABSENT
        changed = dict(body)
        if changed.pop("state_event", None) == "close":
            changed["state"] = "closed"
        found.update(changed)
        return 200, {}, found

    def _page(self, entries, path, query):
        size, page = int(query.get("per_page", ["20"])[0]), int(query.get("page", ["1"])[0])
        headers = {"X-Next-Page": ""}
        if len(entries) > page * size:
            again = "&".join(f"{name}={value[0]}" for name, value in query.items() if name != "page")
            headers["Link"] = f'<{self.url}{path}?{again}&page={page + 1}>; rel="next"'
        return 200, headers, entries[(page - 1) * size : page * size]


@contextmanager
def running_gitlab(**facts):
    """The server on a loopback port, for as long as the block runs."""
    with serving(GitLabServer(**facts)) as running:
        yield running
