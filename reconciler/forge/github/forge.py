"""GitHub as a forge: comments of pull requests and issues over REST (GitHub Docs, REST API, Issues)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.forge.github.rest import FORBIDDEN, NOT_FOUND, UNAUTHORIZED, GitHubError
from reconciler.forge.port import Post
from reconciler.forge.sticky import BOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.forge.github.rest import GitHub

ACTIONS_BOT: Final = "github-actions[bot]"
MAX_BODY: Final = 65_536
"""Characters of a comment or an issue (GitHub)."""


class GitHubForge:
    """One repository, OWNER/NAME. See Forge."""

    max_size = MAX_BODY
    default_author = ACTIONS_BOT

    def __init__(self, github: GitHub, repository: str) -> None:
        self._github = github
        self._issues = f"/repos/{repository}/issues"

    def whoami(self) -> str | None:
        """See Forge. An app's token may not ask REST who it is; GraphQL answers, where the server has it."""
        try:
            return _login(self._github.call("GET", "/user").json)
        except GitHubError as error:
            if error.status not in (UNAUTHORIZED, FORBIDDEN, NOT_FOUND):
                raise
        try:
            answer = self._github.call("POST", self._github.graphql_url, {"query": "query { viewer { login } }"}).json
            login = _login(answer["data"]["viewer"])
        except (GitHubError, LookupError, TypeError):
            return None
        return login if login is None or login.endswith(BOT) else login + BOT

    def comments(self, number: int) -> Iterable[Post]:
        """See Forge."""
        return map(_comment, self._github.pages(f"{self._issues}/{number}/comments?per_page=100"))

    def add_comment(self, number: int, body: str) -> Post:
        """See Forge."""
        return _comment(self._github.call("POST", f"{self._issues}/{number}/comments", {"body": body}).json)

    def edit_comment(self, number: int, comment: Post, body: str) -> Post:
        """See Forge."""
        del number
        return _comment(self._github.call("PATCH", f"{self._issues}/comments/{comment.id}", {"body": body}).json)

    def delete_comment(self, number: int, comment: Post) -> None:
        """See Forge."""
        del number
        self._github.call("DELETE", f"{self._issues}/comments/{comment.id}")

    def open_issues(self) -> Iterable[Post]:
        """See Forge. GitHub lists pull requests among issues."""
        listed = self._github.pages(f"{self._issues}?state=open&sort=created&direction=asc&per_page=100")
        return (_issue(each) for each in listed if "pull_request" not in each)

    def closed_issues(self) -> Iterable[Post]:
        """See Forge."""
        listed = self._github.call("GET", f"{self._issues}?state=closed&sort=updated&direction=desc&per_page=100").json
        return [_issue(each) for each in listed if "pull_request" not in each]

    def add_issue(self, title: str, body: str) -> Post:
        """See Forge."""
        return _issue(self._github.call("POST", self._issues, {"title": title, "body": body}).json)

    def edit_issue(self, issue: Post, body: str, *, close: bool) -> Post:
        """See Forge."""
        facts = {"state": "closed", "state_reason": "completed"} if close else {}
        return _issue(self._github.call("PATCH", f"{self._issues}/{issue.id}", facts | {"body": body}).json)


def _comment(entry: Any) -> Post:
    return Post(str(entry["id"]), *_content(entry))


def _issue(entry: Any) -> Post:
    return Post(str(entry["number"]), *_content(entry))


def _content(entry: Any) -> tuple[str, str, str]:
    """Author, text and address; the author of an account that is gone is null."""
    return _login(entry.get("user")) or "", str(entry.get("body") or ""), str(entry["html_url"])


def _login(user: Any) -> str | None:
    login = user.get("login") if isinstance(user, dict) else None
    return login if isinstance(login, str) and login else None
