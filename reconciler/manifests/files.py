"""Which manifest files there are, and what they hold.

`Files` is the little that is asked of a file tree, so that a git revision can stand in for the disk. Paths are posix,
absolute or relative to the working folder, and are shown just so.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, Protocol

from reconciler.manifests.git_environment import find_root
from reconciler.model.position import Position, Problem
from reconciler.text.cause import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
SUFFIXES: Final = (".yaml", ".yml")
STDIN: Final = "-"
STDIN_SHOWN: Final = "<stdin>"
PROJECT_FILES: Final = ("reconciler.yaml", "reconciler.yml")
"""What the project file is called where none is named."""
_FOLDER: Final = "folder"
_FILE: Final = "file"


class Files(Protocol):
    """A tree of files. Implementations: Disk, and a git revision."""

    def find(self, path: str, problems: list[Problem]) -> Sequence[str] | None:
        """`path` itself when it is a file; every file below it, in no order, when it is a folder; None for neither.

        Names that start with a dot are passed over below a folder. What can't be listed or is not a regular file though
        its name is a manifest's is added to `problems`.
        """

    def read(self, path: str) -> bytes:
        """Read the content, at most MAX_FILE_BYTES and one byte more. Raises OSError."""

    def identity(self, path: str) -> Hashable:
        """Return what two paths to one file have in common."""


@dataclass(frozen=True, slots=True)
class Disk:
    """The files of the working folder `cwd`. Links lead at most into its repository or `inside`, further folders."""

    cwd: Path
    inside: tuple[Path, ...] = ()

    def find(self, path: str, problems: list[Problem]) -> Sequence[str] | None:
        """See Files. A link below a folder must stay within that folder, the working folder or `inside`.

        A path that lies in the repository must not lead out of it by a link on the way; another one is the user's own
        word for a place elsewhere.
        """
        top = self.cwd / path
        try:
            top.lstat()
            if top.is_symlink() and not top.exists():
                problems.append(_at(path, "this link leads nowhere"))
                return []
            if self._leads_out(path):
                problems.append(
                    _at(path, "a link on this path leads out of the repository, or of the project's folder")
                )
                return []
            if not top.is_dir():
                return [path] if top.exists() else None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:  # a folder on the way that may not be entered
            problems.append(_at(path, f"can't be read: {reason_of(exc)}"))
            return []
        bounds = [Path(os.path.realpath(each)) for each in (top, self.cwd, *self.inside)]
        return list(_walk(top, PurePosixPath(path), bounds, problems))

    def read(self, path: str) -> bytes:
        """See Files. A path that was given by name may be a pipe, such as a shell's `<(…)`."""
        with (self.cwd / path).open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)

    def _leads_out(self, path: str) -> bool:
        """Whether a path that is written as one in the repository is none."""
        written = Path(os.path.normpath(self.cwd / path))
        real = Path(os.path.realpath(written))
        if real == written:
            return False
        folders = [Path(os.path.normpath(each)) for each in (self.cwd, *self.inside)]
        bounds = [find_root(each) or Path(os.path.realpath(each)) for each in folders]
        return any(written.is_relative_to(each) for each in (*folders, *bounds)) and not any(
            real.is_relative_to(each) for each in bounds
        )

    def identity(self, path: str) -> Hashable:
        """See Files: device and inode, or the path itself where nothing is."""
        try:
            found = (self.cwd / path).stat()
        except OSError:
            return path
        return found.st_dev, found.st_ino


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One manifest as read: the path it is shown by and its content."""

    shown: str
    content: bytes


def read_manifests(
    paths: Sequence[str],
    files: Files,
    *,
    passed_over: Sequence[str],
    stdin: Callable[[], bytes],
    problems: list[Problem],
    hint: str = "",
) -> list[ManifestFile]:
    """Read the manifests at `paths`, in order, each file once. What can't be found or read is added to `problems`.

    Folders are read recursively in sorted order; dot paths, files that are no YAML and the project files
    (`passed_over`) are left out of them. `-` reads `stdin`. A file given by name must end in .yaml or .yml, unless it
    is a pipe. `hint` says what to do about a path that is not there.
    """
    skipped = {files.identity(each) for each in passed_over}
    seen: set[Hashable] = set()
    found: list[ManifestFile] = []
    for given in dict.fromkeys(paths):
        if given == STDIN:
            found.append(ManifestFile(STDIN_SHOWN, stdin()))
            continue
        for path in _choose(given, files, skipped, problems, hint):
            identity = files.identity(path)
            if identity in seen:
                continue
            seen.add(identity)
            try:
                found.append(ManifestFile(path, files.read(path)))
            except OSError as exc:
                problems.append(_at(path, f"can't be read: {reason_of(exc)}"))
    return found


def show_path(path: str | Path, cwd: Path) -> str:
    """Give the path as people and `Files` see it: posix, and relative to the working folder where it lies below it."""
    full = Path(os.path.normpath(cwd / path))
    try:
        return full.relative_to(os.path.normpath(cwd)).as_posix()
    except ValueError:
        return full.as_posix() if Path(path).is_absolute() else Path(os.path.relpath(full, cwd)).as_posix()


def _choose(given: str, files: Files, skipped: set[Hashable], problems: list[Problem], hint: str) -> list[str]:
    """The files to read for one path that was given."""
    found = files.find(given, problems)
    if found is None:
        problems.append(_at(given, f"there is no such file or folder{hint}"))
        return []
    if list(found) != [given]:
        chosen = [path for path in found if path.endswith(SUFFIXES) and files.identity(path) not in skipped]
        return sorted(chosen, key=lambda path: PurePosixPath(path).parts)
    if files.identity(given) in skipped:
        problems.append(_at(given, "this is the project file, which declares no runners; give it as --project"))
        return []
    if not given.endswith(SUFFIXES) and not given.startswith("/dev/"):
        problems.append(_at(given, "a manifest's name ends in .yaml or .yml"))
        return []
    return [given]


def _walk(top: Path, shown: PurePosixPath, bounds: list[Path], problems: list[Problem]) -> Iterator[str]:
    """Every file below a folder. Each real folder is entered once, so that links can neither loop nor multiply."""
    entered = {os.path.realpath(top)}
    waiting = [(top, shown)]
    while waiting:
        folder, shown = waiting.pop()
        for entry in _entries(folder, shown, problems):
            path = shown / entry.name
            kind = _kind(entry)
            manifest = entry.name.endswith(SUFFIXES)
            if entry.is_symlink() and (manifest or kind == _FOLDER) and not _within(entry.path, bounds):
                problems.append(_at(str(path), "this link leads out of the project's folder"))
            elif kind == _FOLDER:
                real = os.path.realpath(entry.path)
                if real not in entered:
                    entered.add(real)
                    waiting.append((Path(entry.path), path))
            elif kind == _FILE:
                yield str(path)
            elif manifest:
                problems.append(_at(str(path), "this is no file but a pipe, a device, a socket or a link to nowhere"))


def _entries(folder: Path, shown: PurePosixPath, problems: list[Problem]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((each for each in entries if not each.name.startswith(".")), key=lambda each: each.name)
    except OSError as exc:
        problems.append(_at(str(shown), f"this folder can't be read: {reason_of(exc)}"))
        return []


def _within(path: str, bounds: list[Path]) -> bool:
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(bound) for bound in bounds)


def _kind(entry: os.DirEntry[str]) -> str | None:
    try:
        return _FOLDER if entry.is_dir() else _FILE if entry.is_file() else None
    except OSError:  # a link to itself
        return None


def _at(path: str, message: str) -> Problem:
    return Problem(Position(path, 1, 1), message)
