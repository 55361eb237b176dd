"""Files that the product writes and reads: whole or not there, private where asked, links not followed.

A pull request can put a link wherever a step is going to write. So a file is made new beside its place and renamed,
which replaces a link; a relative path leads through no linked folder; and a journal, which is appended to, is opened
only where there is no link.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.errors import FileError
from reconciler.text.cause import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.errors import ReconcilerError

MAX_BYTES: Final = 64 * 1024 * 1024
"""The largest file that is read."""

_OPEN: Final = os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
"""What a file system without hard links answers."""


def write_file(
    path: str | Path,
    text: str | Iterable[str],
    *,
    private: bool = False,
    encoding_errors: str = "strict",
    error: type[ReconcilerError] = FileError,
) -> None:
    """Replace `path` by a file that holds `text`, UTF-8 with LF; `private`: mode 0600, else as it was or the umask.

    It is complete, and on the disk, before it takes its name. Raises `error`, and then the old file is untouched.
    """
    target = Path(path)
    with _reported(path, "written", error):
        before = _regular(target)
        mode = 0o600 if private else 0o666 if before is None else stat.S_IMODE(before.st_mode)
        with _beside(target, text, mode, encoding_errors) as temporary:
            if before is not None and not private:
                temporary.chmod(mode)
            temporary.replace(target)


def create_file(path: str | Path, text: str | Iterable[str], *, below: Path | None = None) -> None:
    """Write a new file, whole, and the folders that it needs; those `below` a given one may not be links.

    Raises FileExistsError where anything has that name, a link too, and FileError.
    """
    target = Path(path)
    with _reported(path, "written", FileError):
        _check_folders(target, below)
        _make_folder(target.parent)
    with _reported(path, "written", FileError), _beside(target, text, 0o666, "strict") as temporary:
        try:
            target.hardlink_to(temporary)
        except OSError as exc:
            if exc.errno not in _NO_LINKS:
                raise
            if os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from exc
            temporary.replace(target)


def open_for_append(path: str | Path, *, error: type[ReconcilerError] = FileError) -> int:
    """Open a descriptor that appends to `path`, a file of mode 0600, or to a pipe or terminal. Raises `error`.

    A last line without its end, left by a process that was killed, is ended first.
    """
    with _reported(path, "written", error):
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | _OPEN
        if _is_stream(path):
            flags = os.O_WRONLY | os.O_CLOEXEC
        else:
            _check_folders(Path(path))
        handle = os.open(path, flags, 0o600)
        try:
            found = os.fstat(handle)
            if stat.S_ISREG(found.st_mode):
                os.fchmod(handle, 0o600)
                if found.st_size and os.pread(handle, 1, found.st_size - 1) != b"\n":
                    os.write(handle, b"\n")
        except BaseException:
            os.close(handle)
            raise
    return handle


def read_file(path: str | Path, *, error: type[ReconcilerError] = FileError) -> bytes:
    """Read the content of a file of at most MAX_BYTES. Raises `error`."""
    with _reported(path, "read", error), Path(path).open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    check_size(content, path, error)
    return content


def check_size(content: str | bytes, path: str | Path, error: type[ReconcilerError] = FileError) -> None:
    """Raise `error` where the content of a file is over MAX_BYTES."""
    if len(content) > MAX_BYTES:
        raise error(f"{path} is larger than {MAX_BYTES // 1024**2} MiB, the most that is read")


class _Refused(Exception):
    """What we refuse, and why."""


@contextlib.contextmanager
def _beside(target: Path, text: str | Iterable[str], mode: int, encoding_errors: str) -> Iterator[Path]:
    """A complete new file next to `target`; gone afterwards, unless it was renamed."""
    _check_folders(target)
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN, mode)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n", errors=encoding_errors) as file:
            file.writelines((text,) if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextlib.contextmanager
def _reported(path: str | Path, what: str, error: type[ReconcilerError]) -> Iterator[None]:
    """Turn what the system refuses into an `error`; that a name is taken stays FileExistsError."""
    try:
        yield
    except FileExistsError:
        raise
    except _Refused as exc:
        raise error(f"{path} can't be {what}: {exc}") from None
    except OSError as exc:
        why = "it is a link, which is not followed" if exc.errno == errno.ELOOP else reason_of(exc)
        raise error(f"{path} can't be {what}: {why}") from exc


def _regular(target: Path) -> os.stat_result | None:
    """The file to be replaced; None for none, or for a link. Raises _Refused for what is no file."""
    try:
        found = target.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        return None
    if stat.S_ISDIR(found.st_mode):
        raise _Refused("it is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise _Refused("it is not a regular file")
    return found


def _is_stream(path: str | Path) -> bool:
    """Whether a path leads to a pipe or a terminal, such as /dev/stderr: nothing there can be overwritten."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a path may be a str that Path would normalise
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise _Refused("a file has the name of a folder that is needed; move it away") from None


def _check_folders(target: Path, below: Path | None = None) -> None:
    """Raise _Refused where a relative path leads through a linked folder: a checkout may hold such a link.

    With `below` it is the folders under that one that may not be links, whether or not the path is relative.
    """
    for folder in target.parents:
        if folder == below or (below is None and folder.is_absolute()):
            return
        if folder.is_symlink():
            raise _Refused(f"{folder} is a link, which is not followed; name the folder that it leads to")


def folder_below(root: str | None) -> str:
    """Return the working folder as seen from a checkout's root; empty where that can't be said."""
    try:
        return os.path.relpath(Path.cwd(), root) if root else ""
    except (OSError, ValueError):  # a working folder that is gone; on Windows, another drive
        return ""
