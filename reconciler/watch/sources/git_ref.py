"""A ref of a git remote as a source, read from a bare clone of its own: nothing is checked out."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reconciler.manifests.git_clone import Clone, open_clone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.manifests.project import Project
    from reconciler.workflow.run import Selection

_LOOK_EVERY_S: Final = 5.0


class GitRef:
    """Implements Source: the files of the commit that the remote has under the ref.

    A commit is fetched once. While the remote can't be asked the last one stays here, and is not opened: then what was
    compiled from it is in force. Secrets' files are looked for on the disk, never in a commit.
    """

    look_every_s = _LOOK_EVERY_S

    def __init__(self, url: str, ref: str, selection: Selection) -> None:
        self._url = url
        self._ref = ref
        self._selection = selection
        self._clone: Clone | None = None
        self.mark: str | None = None
        self.revision: str | None = None

    def look(self) -> str:
        """Return the commit that the ref is at."""
        return self._opened().look()

    @contextmanager
    def open(self) -> Iterator[Selection]:
        """Open the files of the ref's commit, fetched if it is a new one."""
        clone = self._opened()
        self.mark = clone.look()
        if self.mark != clone.commit:
            try:
                self.mark = clone.fetch()
            except Exception:
                self.close()  # it may be damaged, or its disk full: the next attempt begins afresh
                raise
        with clone.open() as files:
            self.revision = files.commit
            yield replace(self._selection, cwd=clone.repository.root, files=files)

    def note(self, project: Project) -> None:
        """Note nothing: the commit has it all."""

    def close(self) -> None:
        """Remove the clone."""
        if self._clone is not None:
            self._clone.close()
            self._clone = None

    def _opened(self) -> Clone:
        if self._clone is None:
            self._clone = open_clone(self._url, self._ref)
        return self._clone
