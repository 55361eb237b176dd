"""GitLab as a forge: notes of merge requests and issues over REST (GitLab Docs, REST API: Notes, Issues)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from reconciler.forge.port import Post
from reconciler.forge.rest import FORBIDDEN, NOT_FOUND, Dialect, RestError
from reconciler.forge.sticky import BOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.forge.rest import Rest

MAX_NOTE: Final = 1_000_000
"""Characters of a note; an issue's description may have a few more (GitLab Docs, instance limits)."""

DIALECT: Final = Dialect(
    name="GitLab",
    address_variable="CI_API_V4_URL",
    authorization=("PRIVATE-TOKEN", ""),
    too_long="too long",
)
_TOKEN_BOT: Final = re.compile(r"(?:project|group)_[0-9]+_bot\w*", re.ASCII)
_OLDEST: Final = "order_by=created_at&sort=asc&per_page=100"


class GitLabForge:
    """One project, by its id or its path in one segment. See Forge.

    `page` is the project's address for people, from which a note's is made; the API does not give it.
    """

    max_size = MAX_NOTE

    def __init__(self, rest: Rest, project: str, page: str | None) -> None:
        self._rest = rest
        self._project = f"/projects/{project}"
        self._page = page
        self._login: str | None = None
        self._asked = False

    @property
    def default_author(self) -> str:
        """See Forge. There is no usual one: each token of a project or group has a bot of its own."""
        return self.whoami() or ""

    def whoami(self) -> str | None:
        """See Forge. Every token that may write has a user; asked once."""
        if not self._asked:
            self._asked = True
            try:
                self._login = _login(self._rest.call("GET", "/user").json)
            except RestError as error:
                if error.status not in (FORBIDDEN, NOT_FOUND):
                    raise
        return self._login

    def comments(self, number: int) -> Iterable[Post]:
        """See Forge. What GitLab itself says of a merge request is a note too, marked as the system's."""
        listed = self._rest.pages(f"{self._notes(number)}?{_OLDEST}")
        return (self._note(number, each) for each in listed if not each.get("system"))

    def add_comment(self, number: int, body: str) -> Post:
        """See Forge."""
        return self._note(number, self._rest.call("POST", self._notes(number), {"body": body}).json)

    def edit_comment(self, number: int, comment: Post, body: str) -> Post:
        """See Forge."""
        path = f"{self._notes(number)}/{comment.id}"
        return self._note(number, self._rest.call("PUT", path, {"body": body}).json)

    def delete_comment(self, number: int, comment: Post) -> None:
        """See Forge."""
        self._rest.call("DELETE", f"{self._notes(number)}/{comment.id}")

    def open_issues(self) -> Iterable[Post]:
        """See Forge."""
        return map(_issue, self._rest.pages(f"{self._project}/issues?state=opened&{_OLDEST}"))

    def closed_issues(self) -> Iterable[Post]:
        """See Forge."""
        query = "state=closed&order_by=updated_at&sort=desc&per_page=100"
        return map(_issue, self._rest.call("GET", f"{self._project}/issues?{query}").json)

    def add_issue(self, title: str, body: str) -> Post:
        """See Forge."""
        return _issue(self._rest.call("POST", f"{self._project}/issues", {"title": title, "description": body}).json)

    def edit_issue(self, issue: Post, body: str, *, close: bool) -> Post:
        """See Forge."""
        facts = {"description": body} | ({"state_event": "close"} if close else {})
        return _issue(self._rest.call("PUT", f"{self._project}/issues/{issue.id}", facts).json)

    def _notes(self, number: int) -> str:
        return f"{self._project}/merge_requests/{number}/notes"

    def _note(self, number: int, entry: Any) -> Post:
        identity = str(entry["id"])
        url = f"{self._page}/-/merge_requests/{number}#note_{identity}" if self._page else f"note {identity}"
        return Post(identity, _login(entry.get("author")) or "", str(entry.get("body") or ""), url)


def _issue(entry: Any) -> Post:
    return Post(
        str(entry["iid"]),
        _login(entry.get("author")) or "",
        str(entry.get("description") or ""),
        str(entry["web_url"]),
    )


def _login(user: Any) -> str | None:
    """The username; marked as a bot's where it is that of a project's or group's token."""
    name = user.get("username") if isinstance(user, dict) else None
    if not isinstance(name, str) or not name:
        return None
    return name + BOT if _TOKEN_BOT.fullmatch(name) else name
