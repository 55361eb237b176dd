"""A server that behaves as the documented part of GitHub's REST API: comments and issues of one repository."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.forge_server import serving

MAX_BODY = 65_536
REFUSED = (403, {}, {"message": "Resource not accessible by integration"})
ABSENT = (404, {}, {"message": "Not Found"})


@dataclass
class GitHubServer:
    """Its state, and how it is to misbehave.

    `answers` are (status, headers, JSON) given first, one a request. The token is a person's (`login`), an app's
    (`app`), or Actions' own. Comments whose id is in `locked` can't be edited or deleted by it. Without `viewer` there
    is no GraphQL, and without `sees_environments` no right to see those. `environments` are their rules by name.
    """

    url: str = ""
    login: str | None = None
    max_body: int = MAX_BODY
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], Any]] = field(default_factory=list)
    forbidden: bool = False
    heads: dict[str, str] = field(default_factory=dict)
    environments: dict[str, list[str]] = field(default_factory=dict)
    dispatches: list[tuple[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    made: int = 0
    locked: set[int] = field(default_factory=set)
    app: str | None = None
    viewer: bool = True
    sees_environments: bool = True

    @property
    def writer(self) -> str:
        """The login that the token writes as."""
        return self.login or (f"{self.app}[bot]" if self.app else "github-actions[bot]")

    def add_comment(self, body: str, login: str = "github-actions[bot]", number: int = 7) -> dict[str, Any]:
        """A comment of somebody's on a pull request."""
        identity = 100 + self.made
        self.made += 1
        made = {
            "id": identity,
            "number": number,
            "body": body,
            "user": {"login": login},
            "html_url": f"https://github.test/example/fleet/pull/{number}#issuecomment-{identity}",
        }
        self.comments.append(made)
        return made

    def add_issue(self, title: str, body: str, login: str = "github-actions[bot]") -> dict[str, Any]:
        """An issue of somebody's."""
        number = 1 + len(self.issues)
        made = {
            "number": number,
            "title": title,
            "body": body,
            "state": "open",
            "user": {"login": login},
            "html_url": f"https://github.test/example/fleet/issues/{number}",
        }
        self.issues.append(made)
        return made

    def answer(self, method: str, target: str, body: Any) -> tuple[int, dict[str, str], Any]:
        """What the API answers."""
        self.requests.append((method, target))
        if self.answers:
            return self.answers.pop(0)
        url = urlsplit(target)
        parts = url.path.strip("/").split("/")
        if parts == ["user"]:
            return (200, {}, {"login": self.login}) if self.login else REFUSED
        if parts == ["graphql"]:
            return (200, {}, {"data": {"viewer": {"login": self.writer}}}) if self.viewer else ABSENT
        if parts[:3] != ["repos", "example", "fleet"] or parts[3] != "issues":
            return self._repository(method, parts, body)
        return self._on_issues(method, parts[4:], url, body)

    def _on_issues(self, method, parts, url, body):
        locked = parts[:1] == ["comments"] and int(parts[1]) in self.locked
        if self.forbidden or locked:
            return REFUSED
        if method in ("POST", "PATCH") and len(body.get("body", "")) > self.max_body:
            return 422, {}, {"message": "Validation Failed", "errors": ["body is too long"]}
        return self._issues(method, parts, url.path, parse_qs(url.query), body)

    def _repository(self, method, parts, body):
        """What is known of branches and environments, and the start of a workflow."""
        parts = parts[3:] if parts[:3] == ["repos", "example", "fleet"] else [""]
        if parts[:3] == ["git", "ref", "heads"] and (head := self.heads.get(unquote("/".join(parts[3:])))):
            return 200, {}, {"ref": "/".join(parts[1:]), "object": {"sha": head, "type": "commit"}}
        if parts[0] == "environments" and not self.sees_environments:
            return REFUSED
        if parts[0] == "environments" and (rules := self.environments.get(unquote(parts[1]))) is not None:
            return 200, {}, {"name": parts[1], "protection_rules": [{"id": 1, "type": rule} for rule in rules]}
        if parts[:2] == ["actions", "workflows"] and parts[3:] == ["runs"]:
            return 200, {}, {"total_count": len(self.runs), "workflow_runs": self.runs}
        if (method, parts[:2], parts[3:]) == ("POST", ["actions", "workflows"], ["dispatches"]):
            self.dispatches.append((parts[2], body))
            return 204, {}, None
        return ABSENT

    def _issues(self, method, parts, path, query, body):
        login = self.writer
        if parts[:1] == ["comments"]:
            return self._one(method, self.comments, "id", int(parts[1]), body)
        if parts[1:] == ["comments"] and method == "POST":
            return 201, {}, self.add_comment(body["body"], login, int(parts[0]))
        if parts[1:] == ["comments"]:
            return self._page([each for each in self.comments if each["number"] == int(parts[0])], path, query)
        if not parts and method == "POST":
            return 201, {}, self.add_issue(body["title"], body["body"], login)
        if not parts:
            state = query.get("state", ["open"])[0]
            return self._page([each for each in self.issues if each["state"] == state], path, query)
        return self._one(method, self.issues, "number", int(parts[0]), body)

    def _one(self, method, entries, key, value, body):
        found = next((each for each in entries if each[key] == value), None)
        if found is None:
            return ABSENT
        if method == "DELETE":
            entries.remove(found)
            return 204, {}, None
        found.update(body)
        return 200, {}, found

    def _page(self, entries, path, query):
        size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        headers = {}
        if len(entries) > page * size:
            headers["Link"] = f'<{self.url}{path}?per_page={size}&page={page + 1}>; rel="next"'
        return 200, headers, entries[(page - 1) * size : page * size]


@contextmanager
def running_github(**facts):
    """The server on a loopback port, for as long as the block runs."""
    with serving(GitHubServer(**facts)) as running:
        yield running
