"""What `comment` needs of a code forge, as a protocol. Adapters: `github` (Gitea and Forgejo too), `gitlab`.

The words are those that forges share: a change request is a pull request or a merge request, a comment also a note. An
adapter knows its forge's API and nothing of plans; `sticky` knows what is kept where and nothing of a forge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Refusal(StrEnum):
    """Why a forge did not do what was asked, as far as it makes a difference."""

    UNKNOWN = "unknown token"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    TOO_LONG = "too long"
    OTHER = "other"


class ForgeError(ReconcilerError):
    """The forge refused, or did not answer as documented."""

    code = "forge"

    def __init__(self, message: str, refusal: Refusal = Refusal.OTHER) -> None:
        self.refusal = refusal
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Post:
    """A comment or an issue as the forge shows it. `id` is what the adapter finds it by; `author` is a login."""

    id: str
    author: str
    body: str
    url: str


class Forge(Protocol):
    """One repository, as one token sees it. Every method raises ForgeError."""

    @property
    def max_size(self) -> int:
        """Characters that one comment or issue may have."""

    @property
    def default_author(self) -> str:
        """Who a token is most likely to write as, before anything is known about it."""

    def whoami(self) -> str | None:
        """Return the login that this token writes as; None where the forge does not say."""

    def comments(self, number: int) -> Iterable[Post]:
        """Return every comment of a change request, oldest first."""

    def add_comment(self, number: int, body: str) -> Post:
        """Post a comment; the answer names its real author."""

    def edit_comment(self, number: int, comment: Post, body: str) -> Post:
        """Replace a comment's text."""

    def delete_comment(self, number: int, comment: Post) -> None:
        """Delete a comment."""

    def open_issues(self) -> Iterable[Post]:
        """Return every open issue, oldest first."""

    def closed_issues(self) -> Iterable[Post]:
        """Return the issues closed last, as many as one request gives."""

    def add_issue(self, title: str, body: str) -> Post:
        """Open an issue; the answer names its real author."""

    def edit_issue(self, issue: Post, body: str, *, close: bool) -> Post:
        """Replace an issue's text, and close it as done."""
