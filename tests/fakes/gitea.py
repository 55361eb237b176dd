"""A server that behaves as the documented part of Gitea's and Forgejo's API: GitHub's, under /api/v1, and its ways.

Comments come on one page, issues on pages of at most 50, newest first whatever is asked, pull requests among them
unless `type=issues`, `pull_request` null on an issue; the account of the server's own jobs has an
id below 0; no GraphQL.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tests.fakes.forge_server import serving
from tests.fakes.github import ABSENT, REFUSED, GitHubServer

PAGE = 50
TOKEN = "token the_job_token"
UNKNOWN = (401, {}, {"message": "invalid username, password or token"})


@dataclass
class GiteaServer(GitHubServer):
    """GitHub's state. `bot` is the job's own account; `sees_user`: the token has the scope read:user."""

    bot: str = "gitea-actions"
    sees_user: bool = True

    @property
    def writer(self) -> str:
        """The login that the token writes as."""
        return self.login or self.bot

    def add_comment(self, body, login="gitea-actions", number=7):
        """A comment of somebody's."""
        made = super().add_comment(body, login, number)
        made["user"]["id"] = self._id(login)
        return made

    def add_issue(self, title, body, login="gitea-actions"):
        """An issue of somebody's."""
        made = super().add_issue(title, body, login)
        made["user"]["id"] = self._id(login)
        made["pull_request"] = None
        return made

    def answer(self, method, target, body):
        """What the API answers."""
        self.requests.append((method, target))
        if self.tokens[-1] != TOKEN or self.answers:
            return self.answers.pop(0) if self.tokens[-1] == TOKEN else UNKNOWN
        url = urlsplit(target)
        parts = url.path.strip("/").split("/")
        if parts == ["api", "v1", "user"]:
            seen = {"id": self._id(self.writer), "login": self.writer}
            return (200, {}, seen) if self.sees_user else (403, {}, {"message": "token does not have read:user"})
        if parts[:6] != ["api", "v1", "repos", "example", "fleet", "issues"]:
            return ABSENT
        rest = parts[6:]
        if self.forbidden or (rest[:1] == ["comments"] and int(rest[1]) in self.locked):
            return REFUSED
        if len((body or {}).get("body", "")) > self.max_body:
            return 413, {}, None
        return self._issues(method, rest, url.path, parse_qs(url.query), body)

    def _id(self, login):
        return -2 if login == self.bot else 1

    def _page(self, entries, path, query):
        if path.endswith("/comments"):
            return 200, {}, entries
        if query.get("type") == ["issues"]:
            entries = [each for each in entries if each["pull_request"] is None]
        entries = entries[::-1]
        size, page = min(PAGE, int(query.get("limit", ["30"])[0])), int(query.get("page", ["1"])[0])
        headers = {"X-Total-Count": str(len(entries))}
        if len(entries) > page * size:
            again = "&".join(f"{name}={value[0]}" for name, value in query.items() if name != "page")
            headers["Link"] = f'<{self.url}{path}?{again}&page={page + 1}>; rel="next"'
        return 200, headers, entries[(page - 1) * size : page * size]


@contextmanager
def running_gitea(**facts):
    """The server on a loopback port, for as long as the block runs."""
    with serving(GiteaServer(**facts)) as running:
        yield running
