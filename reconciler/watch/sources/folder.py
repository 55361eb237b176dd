"""The working folder as a source: what is on the disk is in force."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

from reconciler.manifests.files import PROJECT_FILES, SUFFIXES, Disk

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from reconciler.manifests.project import Project
    from reconciler.workflow.run import Selection

_LOOK_EVERY_S: Final = 5.0


class Folder:
    """Implements Source: the files that the selection names."""

    look_every_s = _LOOK_EVERY_S
    revision = None

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self.mark: str | None = None
        self._disk = Disk(selection.cwd)
        self._paths: tuple[str, ...] = (*selection.paths, *((selection.project,) if selection.project else ()))

    def look(self) -> str:
        """Return a digest of names, sizes and times: nothing is read."""
        found: set[str] = set()
        for path in (*PROJECT_FILES, *self._paths):
            found.update(self._disk.find(path, []) or ())
        lines = [_facts(self._selection.cwd / name) for name in sorted(found) if name.endswith(SUFFIXES)]
        return hashlib.sha256("\n".join(lines).encode(errors="surrogatepass")).hexdigest()

    def open(self) -> AbstractContextManager[Selection]:
        """Open the selection as it is."""
        self.mark = self.look()
        return nullcontext(self._selection)

    def note(self, project: Project) -> None:
        """See Source."""
        chosen = self._selection.paths or tuple(str(project.folder / each) for each in project.manifests)
        paths = (*chosen, *((project.file,) if project.file else ()))
        if paths != self._paths:
            self._paths = paths
            self.mark = self.look()

    def close(self) -> None:
        """There is nothing to leave behind."""


def _facts(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return f"{path} is gone"
    return f"{path} {found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns}"
