"""One comment a change request, and one issue a repository, that always say how things are.

One of them is ours when its hidden marker and its author both match: a marker alone anybody can write. Where the forge
does not say who the token is, the author is the one that our own last post was answered with, as recorded in it, and
then only if it is an app's: people can't have such a login.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.forge.context import Record
from reconciler.forge.port import ForgeError, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.forge.port import Forge, Post

BOT: Final = "[bot]"


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of it: `created`, `updated`, `unchanged`, `kept`, `closed` or `none`; where to see it.

    `kept` means that a newer run has written there. `note` says what a reader would not expect.
    """

    how: str
    url: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticky:
    """What is ours in one repository, by `mark` and author; `render` writes it in at most so many characters.

    `author` is who the caller says that the token is; None asks the forge. `run` and `planned_at` place this run among
    others, see Record.
    """

    forge: Forge
    author: str | None
    mark: str
    run: tuple[int, int] | None
    planned_at: str
    render: Callable[[int], str]
    limit: int

    def comment(self, number: int) -> Posted:
        """Post the one comment of a change request, or update it; duplicates of ours are deleted."""
        mine = self._ours(self.forge.comments(number))
        if not mine:
            return self._add_comment(number)
        latest, others = self._latest(mine)
        if self._is_newer(latest):
            return Posted("kept", latest.url, "a newer run has commented already")
        for duplicate in others:
            with contextlib.suppress(ForgeError):  # an older one that stays is never taken for the latest
                self.forge.delete_comment(number, duplicate)
        if _same(latest.body, self._body(latest.author, self.limit)):
            return Posted("unchanged", latest.url)
        try:
            edited = self._sized(
                lambda limit: self.forge.edit_comment(number, latest, self._body(latest.author, limit))
            )
        except ForgeError as error:
            if error.refusal is Refusal.MISSING:
                return self._add_comment(number)
            if error.refusal is Refusal.FORBIDDEN:
                return self._supersede(number, latest)
            raise
        return Posted("updated", edited.url)

    def issue(self, title: str, *, drifted: bool) -> Posted:
        """Open the one issue when there is drift, update it while there is, close it when there is none."""
        mine = self._ours(self.forge.open_issues())
        if not mine:
            return self._add_issue(title) if drifted else Posted("none", "")
        latest, others = self._latest(mine)
        if self._is_newer(latest):
            return Posted("kept", latest.url, "a newer run has reported already")
        if not drifted:
            for each in (latest, *others):
                self._edit_issue(each, close=True)
            return Posted("closed", latest.url)
        if _same(latest.body, self._body(latest.author, self.limit)):
            return Posted("unchanged", latest.url)
        return Posted("updated", self._edit_issue(latest, close=False).url)

    def _add_issue(self, title: str) -> Posted:
        newer = next((each for each in self._ours(self.forge.closed_issues()) if self._is_newer(each)), None)
        if newer is not None:
            return Posted("kept", newer.url, "a newer run has found no drift")
        made = self._sized(lambda limit: self.forge.add_issue(title, self._body(self._expected(), limit)))
        if self._misnames(made):
            with contextlib.suppress(ForgeError):
                self._edit_issue(made, close=False)
        return Posted("created", made.url)

    def _add_comment(self, number: int) -> Posted:
        made = self._sized(lambda limit: self.forge.add_comment(number, self._body(self._expected(), limit)))
        if self._misnames(made):
            with contextlib.suppress(ForgeError):
                self._sized(lambda limit: self.forge.edit_comment(number, made, self._body(made.author, limit)))
        return Posted("created", made.url)

    def _supersede(self, number: int, old: Post) -> Posted:
        """A comment that this token may not edit: a new one, and the old one deleted if that is allowed."""
        posted = self._add_comment(number)
        try:
            self.forge.delete_comment(number, old)
        except ForgeError:
            return Posted("created", posted.url, f"{old.url} is out of date: this token may neither edit nor delete it")
        return Posted("created", posted.url, "the old one could not be edited and was deleted")

    def _edit_issue(self, issue: Post, *, close: bool) -> Post:
        return self._sized(lambda limit: self.forge.edit_issue(issue, self._body(issue.author, limit), close=close))

    def _sized(self, write: Callable[[int], Post]) -> Post:
        """Write within the limit; where this server takes less than documented, once more, half as long."""
        try:
            return write(self.limit)
        except ForgeError as error:
            if error.refusal is not Refusal.TOO_LONG:
                raise
            return write(self.limit // 2)

    def _body(self, author: str, limit: int) -> str:
        head = f"{self.mark}\n{self._record(author).line()}\n"
        return head + self.render(min(limit, self.forge.max_size) - len(head) - 1).rstrip("\n") + "\n"

    def _record(self, author: str) -> Record:
        return Record(author=author, run=self.run, planned_at=self.planned_at)

    def _expected(self) -> str:
        return self.author or self.forge.default_author

    def _misnames(self, made: Post) -> bool:
        """Whether a post was answered with another author than it names."""
        return bool(made.author) and made.author.casefold() != self._expected().casefold()

    def _is_newer(self, post: Post) -> bool:
        record = Record.read(post.body)
        return record is not None and record.is_newer_than(self._record(post.author))

    def _latest(self, mine: list[Post]) -> tuple[Post, list[Post]]:
        """The post of the latest run, the first of equals, and the others."""
        latest, known = mine[0], Record.read(mine[0].body)
        for each in mine[1:]:
            record = Record.read(each.body)
            if record is not None and (known is None or record.is_newer_than(known)):
                latest, known = each, record
        return latest, [each for each in mine if each is not latest]

    def _ours(self, posts: Iterable[Post]) -> list[Post]:
        marked = [each for each in posts if each.body.partition("\n")[0].strip() == self.mark]
        if not marked:
            return []
        author = self.author or self.forge.whoami()
        if author is None:
            return [each for each in marked if self._says_its_author(each)]
        return [each for each in marked if is_login(each.author, author)]

    def _says_its_author(self, post: Post) -> bool:
        record = Record.read(post.body)
        author = self.forge.default_author if record is None else record.author
        return post.author.casefold() == author.casefold() and post.author.casefold().endswith(BOT)


def is_login(login: str, name: str) -> bool:
    """Whether a login is the one named: case does not count, and an app's name means its bot (not the reverse)."""
    return login.casefold() in (name.casefold(), name.casefold() + BOT)


def _same(theirs: str, ours: str) -> bool:
    """Whether two texts are one to a reader: the service may store other line ends."""
    return theirs.replace("\r\n", "\n").strip() == ours.strip()
