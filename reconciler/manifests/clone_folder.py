"""The temporary folder of a clone: removed with it, or by the next one where its process was killed.

Its owner holds a lock on a file in it as long as it lives; the system releases that however it ends, in whatever
container it ran. A process id would say less: it is used again, and means another process elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX: Final = "reconciler-watch-"
OWNER: Final = "owner.lock"
YOUNG_S: Final = 60.0
"""Seconds in which a folder may be one whose owner has not locked it yet."""
UNLOCKED_S: Final = 24 * 3600.0
"""Seconds after which a folder that nothing ever locked is taken for abandoned."""


class CloneFolder:
    """A new folder below the system's temporary one, this user's alone. Raises OSError."""

    def __init__(self) -> None:
        from filelock import FileLock

        self._folder = tempfile.TemporaryDirectory(prefix=PREFIX)
        self._lock = FileLock(Path(self._folder.name) / OWNER, mode=0o600)
        with contextlib.suppress(OSError, NotImplementedError):  # no locks here: age has to decide
            self._lock.acquire(timeout=0)

    @property
    def name(self) -> str:
        """The folder's path."""
        return self._folder.name

    def cleanup(self) -> None:
        """Remove the folder and all that is in it."""
        self._lock.release(force=True)
        self._folder.cleanup()


def remove_abandoned(now_s: float | None = None) -> None:
    """Remove the folders of this user's watches that were killed. What can't be removed is left for the next one."""
    for folder in _left_behind(time.time() if now_s is None else now_s):
        shutil.rmtree(folder, ignore_errors=True)


def _left_behind(now_s: float) -> Iterator[Path]:
    """Real folders of ours, of this user, that no process holds; never a link."""
    from filelock import FileLock, Timeout

    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, NotImplementedError, Timeout):
            seen = folder.lstat()
            age_s = now_s - seen.st_mtime
            if not stat.S_ISDIR(seen.st_mode) or age_s < YOUNG_S or not _is_mine(seen):
                continue
            if (folder / OWNER).is_file():
                with FileLock(folder / OWNER, mode=0o600).acquire(timeout=0):
                    yield folder
            elif age_s >= UNLOCKED_S:
                yield folder


def _is_mine(seen: os.stat_result) -> bool:
    """Whether only this user can have put anything there; elsewhere than on Unix the temporary folder is the user's."""
    if os.name != "posix":
        return True
    return seen.st_uid == os.geteuid() and not seen.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
