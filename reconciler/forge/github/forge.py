"""GitHub as a forge: comments of pull requests and issues over REST (GitHub Docs, REST API, Issues).

Gitea and Forgejo have the same API under /api/v1; what they do otherwise is data, see `Kind`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler.forge.port import Post
from reconciler.forge.rest import FORBIDDEN, NOT_FOUND, UNAUTHORIZED, Dialect, RestError
from reconciler.forge.sticky import BOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.forge.rest import Rest

ACTIONS_BOT: Final = "github-actions[bot]"
MAX_BODY: Final = 65_536
"""Characters of a comment or an issue (GitHub). Gitea and Forgejo name no limit; theirs is kept to the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One forge of GitHub's family, as far as it differs.

    `actions_bot` is who a job's own token writes as. `page` is the size of a page, `issues` what makes a list one of
    issues alone, `closing` what a closed issue gets. `graphql`: an app's token can ask who it is. `run_page` is where
    a run is seen; `token_variables` are looked at in order.
    """

    dialect: Dialect
    actions_bot: str
    page: str = "per_page=100"
    issues: str = ""
    closing: Mapping[str, str]
    graphql: bool = False
    run_page: str
    default_address: str | None = None
    default_server: str | None = None
    token_variables: tuple[str, ...]


GITHUB: Final = Kind(
    dialect=Dialect(
        name="GitHub",
        address_variable="GITHUB_API_URL",
        headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
    ),
    actions_bot=ACTIONS_BOT,
    closing={"state": "closed", "state_reason": "completed"},
    graphql=True,
    run_page="{id}/attempts/{attempt}",
    default_address="https://api.github.com",
    default_server="https://github.com",
    token_variables=("GITHUB_TOKEN",),
)


def _gitea(name: str, bot: str) -> Kind:
    """Gitea and what was forked from it: pages of 50, issues and pull requests in one list unless asked otherwise."""
    return Kind(
        dialect=Dialect(name=name, address_variable="GITHUB_API_URL", authorization=("Authorization", "token ")),
        actions_bot=bot + BOT,
        page="limit=50",
        issues="&type=issues",
        closing={"state": "closed"},
        run_page="{number}",
        token_variables=(f"{name.upper()}_TOKEN", "GITHUB_TOKEN"),
    )


GITEA: Final = _gitea("Gitea", "gitea-actions")
FORGEJO: Final = _gitea("Forgejo", "forgejo-actions")


class GitHubForge:
    """One repository, OWNER/NAME, of GitHub or of a forge with its API. See Forge."""

    max_size = MAX_BODY

    def __init__(self, rest: Rest, repository: str, kind: Kind = GITHUB) -> None:
        self._github = rest
        self._kind = kind
        self.default_author = kind.actions_bot
        self._issues = f"/repos/{repository}/issues"

    def whoami(self) -> str | None:
        """See Forge. An app's token may not ask REST who it is; GraphQL answers, where the server has it."""
        try:
            return _login(self._github.call("GET", "/user").json)
        except RestError as error:
            if error.status not in (UNAUTHORIZED, FORBIDDEN, NOT_FOUND):
                raise
        if not self._kind.graphql:
            return None
        try:
            answer = self._github.call("POST", self._graphql_url(), {"query": "query { viewer { login } }"}).json
            login = _login(answer["data"]["viewer"])
        except (RestError, LookupError, TypeError):
            return None
        return login if login is None or login.endswith(BOT) else login + BOT

    def _graphql_url(self) -> str:
        """Where GraphQL is asked: beside REST, also on an Enterprise server (/api/v3, /api/graphql)."""
        return self._github.address.removesuffix("/v3") + "/graphql"

    def comments(self, number: int) -> Iterable[Post]:
        """See Forge."""
        return map(_comment, self._github.pages(f"{self._issues}/{number}/comments?{self._kind.page}"))

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
        """See Forge. GitHub lists pull requests among issues; Gitea has no order to ask for."""
        listed = self._github.pages(self._listed("state=open&sort=created&direction=asc"))
        return map(_issue, sorted(_without_pull_requests(listed), key=_number))

    def closed_issues(self) -> Iterable[Post]:
        """See Forge."""
        listed = self._github.call("GET", self._listed("state=closed&sort=updated&direction=desc")).json
        return [_issue(each) for each in _without_pull_requests(listed)]

    def add_issue(self, title: str, body: str) -> Post:
        """See Forge."""
        return _issue(self._github.call("POST", self._issues, {"title": title, "body": body}).json)

    def edit_issue(self, issue: Post, body: str, *, close: bool) -> Post:
        """See Forge."""
        facts = {**(self._kind.closing if close else {}), "body": body}
        return _issue(self._github.call("PATCH", f"{self._issues}/{issue.id}", facts).json)

    def _listed(self, query: str) -> str:
        return f"{self._issues}?{query}{self._kind.issues}&{self._kind.page}"


def _without_pull_requests(listed: Iterable[Any]) -> Iterator[Any]:
    """GitHub gives the key to pull requests alone; Gitea gives it to issues too, as null."""
    return (each for each in listed if each.get("pull_request") is None)


def _number(entry: Any) -> int:
    return int(entry["number"])


def _comment(entry: Any) -> Post:
    return Post(str(entry["id"]), *_content(entry))


def _issue(entry: Any) -> Post:
    return Post(str(entry["number"]), *_content(entry))


def _content(entry: Any) -> tuple[str, str, str]:
    """Author, text and address; the author of an account that is gone is null."""
    return _login(entry.get("user")) or "", str(entry.get("body") or ""), str(entry["html_url"])


def _login(user: Any) -> str | None:
    """The login; marked as a bot's where the account is the server's own (Gitea and Forgejo give it an id below 0)."""
    login = user.get("login") if isinstance(user, dict) else None
    if not isinstance(login, str) or not login:
        return None
    identity = user.get("id")
    return login + BOT if type(identity) is int and identity < 0 else login
