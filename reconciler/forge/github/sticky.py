"""One comment a pull request, and one issue a repository, that always say how things stand.

A comment or issue is ours when its hidden marker and its author both match: a marker alone anybody can write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from reconciler.forge.github.rest import FORBIDDEN, NOT_FOUND, UNAUTHORIZED, UNPROCESSABLE, GitHubError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.forge.github.rest import GitHub

ACTIONS_BOT: Final = "github-actions[bot]"
MAX_BODY: Final = 65_536
"""Characters of a comment or an issue (GitHub)."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of it: `created`, `updated`, `unchanged`, `closed` or `none`; where to see it."""

    how: str
    url: str


def marker(kind: str, environment: str | None) -> str:
    """The hidden first line of what is ours, for one environment."""
    return f"<!-- reconciler:{kind}:{quote(environment or '', safe='').replace('-', '%2D')} -->"


def whoami(github: GitHub) -> str:
    """The login that writes. An installation's token may not ask; in Actions that is github-actions[bot]."""
    try:
        return str(github.call("GET", "/user").json["login"])
    except GitHubError as error:
        if error.status in (UNAUTHORIZED, FORBIDDEN, NOT_FOUND):
            return ACTIONS_BOT
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticky:
    """What is ours in one repository: `mark` and `author` tell it; `render` writes it in at most so many characters."""

    github: GitHub
    repository: str
    author: str
    mark: str
    render: Callable[[int], str]
    limit: int

    def comment(self, number: int) -> Posted:
        """Post the one comment of a pull request, or update it; duplicates of ours are deleted."""
        path = f"/repos/{self.repository}/issues/{number}/comments"
        mine = [each for each in self.github.pages(f"{path}?per_page=100") if self._is_ours(each)]
        for duplicate in mine[1:]:
            self.github.call("DELETE", self._comment_path(duplicate))
        if not mine:
            return self._write("POST", path, {})
        if _same(mine[0]["body"], self._body(self.limit)):
            return Posted("unchanged", str(mine[0]["html_url"]))
        try:
            return self._write("PATCH", self._comment_path(mine[0]), {})
        except GitHubError as error:
            if error.status != NOT_FOUND:
                raise
        return self._write("POST", path, {})

    def issue(self, title: str, *, drifted: bool) -> Posted:
        """Open the one issue when there is drift, update it while there is, close it when there is none."""
        path = f"/repos/{self.repository}/issues"
        listed = self.github.pages(f"{path}?state=open&sort=created&direction=asc&per_page=100")
        mine = [each for each in listed if "pull_request" not in each and self._is_ours(each)]
        if not drifted:
            for each in mine:
                self._write("PATCH", f"{path}/{each['number']}", {"state": "closed", "state_reason": "completed"})
            return Posted("closed", str(mine[0]["html_url"])) if mine else Posted("none", "")
        if not mine:
            return self._write("POST", path, {"title": title})
        if _same(mine[0]["body"], self._body(self.limit)):
            return Posted("unchanged", str(mine[0]["html_url"]))
        return self._write("PATCH", f"{path}/{mine[0]['number']}", {})

    def _write(self, method: str, path: str, facts: dict[str, str]) -> Posted:
        """A 422 may mean that the text is too long for this server: once more, half as long."""
        try:
            made = self.github.call(method, path, facts | {"body": self._body(self.limit)}).json
        except GitHubError as error:
            if error.status != UNPROCESSABLE:
                raise
            made = self.github.call(method, path, facts | {"body": self._body(self.limit // 2)}).json
        return Posted("created" if method == "POST" else "updated", str(made["html_url"]))

    def _body(self, limit: int) -> str:
        return f"{self.mark}\n{self.render(min(limit, MAX_BODY) - len(self.mark) - 2)}".rstrip("\n") + "\n"

    def _is_ours(self, entry: Any) -> bool:
        body, user = entry.get("body") or "", entry.get("user") or {}
        return user.get("login") == self.author and body.partition("\n")[0].strip() == self.mark

    def _comment_path(self, entry: Any) -> str:
        return f"/repos/{self.repository}/issues/comments/{entry['id']}"


def _same(theirs: str, ours: str) -> bool:
    """Whether two texts are one to a reader: the service may store other line ends."""
    return theirs.replace("\r\n", "\n").strip() == ours.strip()
