"""What a watch needs of the place where manifests are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from reconciler.manifests.project import Project
    from reconciler.workflow.run import Selection


class Source(Protocol):
    """A place of manifests. Implementations: Folder, GitRef. Every method raises GitProblem where git is asked."""

    @property
    def look_every_s(self) -> float:
        """How often it may be looked at between two cycles."""

    @property
    def mark(self) -> str | None:
        """What `look` gave of what was opened last."""

    def look(self) -> str:
        """Return a mark that changes when what is there changes; cheap."""

    def open(self) -> AbstractContextManager[Selection]:
        """Open what to read now; good within the context."""

    def note(self, project: Project) -> None:
        """Note the project that was read: it says where manifests are."""

    @property
    def revision(self) -> str | None:
        """The name of what was opened last; None where only the content distinguishes states."""

    def close(self) -> None:
        """Leave nothing behind."""
