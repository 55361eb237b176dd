"""What can be wrong around a process before its first line: done in the child, in its folder."""

from __future__ import annotations

import os
import resource
import shutil
import signal
from typing import TYPE_CHECKING

from tests.fakes.forked import NOBODY, drop_rights

if TYPE_CHECKING:
    from pathlib import Path


def delete_folder(folder: Path) -> None:
    """The working folder is deleted while the shell is in it."""
    shutil.rmtree(folder)


def forbid(folder: Path, path: str, mode: int) -> None:
    """The rights of one path, for a user whom rights bind."""
    if os.getuid() == 0:
        for each in (folder, *folder.rglob("*")):
            os.chown(each, NOBODY, NOBODY)
    (folder / path).chmod(mode)
    drop_rights()


def limit(folder: Path, which: int, most: int) -> None:
    """One limit of the process, as `ulimit` sets it."""
    del folder
    resource.setrlimit(which, (most, most))


def ignore_signal(folder: Path, number: int) -> None:
    """A signal that is ignored from the start, as after `nohup`."""
    del folder
    signal.signal(number, signal.SIG_IGN)


def become_unknown(folder: Path) -> None:
    """A user whom no list of users knows, as in a container with `--user`."""
    folder.chmod(0o777)
    for each in folder.rglob("*"):
        each.chmod(0o777)
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(54321)
        os.setuid(54321)
