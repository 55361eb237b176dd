"""The files of a git revision, read from the object store: nothing is checked out."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from reconciler.manifests.files import MAX_FILE_BYTES
from reconciler.manifests.git_process import GitProblem, RevisionProblem, bounded, open_repository
from reconciler.model.position import Position, Problem

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Hashable, Iterator, Sequence

    from reconciler.manifests.git_process import Repository

_REGULAR: Final = ("100644", "100755")
_ELSEWHERE: Final = ("120000", "160000")
"""Links and submodules."""
_CHUNK_BYTES: Final = 1024 * 1024


class NoCommit(RevisionProblem):
    """A reference names no commit that is here: a usage error."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision as a tree of `Files`, paths relative to the working folder. Made by `open_revision`.

    `commit` is its full hash, `prefix` the working folder as seen from the repository's root.
    """

    repository: Repository
    commit: str
    prefix: str
    batch: subprocess.Popen[bytes]

    def find(self, path: str, problems: list[Problem]) -> Sequence[str] | None:
        """See Files. Links and submodules are passed over: their targets are no part of the revision.

        A link or submodule at `path` itself, or on the way to it, is added to `problems`. Raises GitProblem where the
        revision can't be read: that it lacks a file is another matter.
        """
        inside = self._inside(path)
        if inside is None:
            return None
        entries = self._list(inside, "-r")
        files = [name for facts, name in entries if facts.startswith(_REGULAR) and "\n" not in name]
        if not files:
            steps = [inside, *map(str, PurePosixPath(inside).parents)]
            seen = [each for step in steps for each in self._list(step) if each[1] == step]
            if away := [name for facts, name in seen if facts.startswith(_ELSEWHERE)]:
                message = f"{away[0]} is a link or a submodule in {self.commit[:12]}, which is not followed"
                problems.append(Problem(Position(path, 1, 1), message))
            return None
        if files == [inside]:
            return [path]
        start = len(inside) + 1 if inside else 0
        below = [name[start:] for name in files]
        top = PurePosixPath(path)
        return [str(top / name) for name in below if not any(part.startswith(".") for part in name.split("/"))]

    def read(self, path: str) -> bytes:
        """See Files. Raises GitProblem where the content is not here, as in a partial clone."""
        inside = self._inside(path)
        if inside is None or "\n" in inside:
            raise FileNotFoundError(f"not a file of {self.commit}")
        requests, answers = self.batch.stdin, self.batch.stdout
        assert requests is not None  # noqa: S101 - both are pipes, see running
        assert answers is not None  # noqa: S101 - both are pipes, see running
        with bounded(self.batch, self.repository):
            requests.write(f"{self.commit}:{inside}\n".encode("utf-8", "surrogateescape"))
            requests.flush()
            facts = answers.readline().split()
            if len(facts) != 3 or facts[1] != b"blob":  # noqa: PLR2004 - object, type, size (git-cat-file)
                if self.find(path, []) == [path]:
                    raise self._incomplete()
                raise FileNotFoundError(f"not a file of {self.commit}")
            size = int(facts[2])
            content = answers.read(min(size, MAX_FILE_BYTES + 1))
            left = size - len(content) + 1  # with the line's end
            while left > 0 and (passed := answers.read(min(left, _CHUNK_BYTES))):
                left -= len(passed)
            return content

    def identity(self, path: str) -> Hashable:
        """See Files."""
        return self._inside(path)

    def holds(self, path: str) -> bool:
        """Whether a path lies in the repository at all."""
        return self._inside(path) is not None

    def _list(self, inside: str, *options: str) -> list[tuple[str, str]]:
        """Mode, type and object of every entry, and its name."""
        where = [] if inside in ("", ".") else [inside]
        listed = self.repository.output("ls-tree", *options, "-z", "--full-tree", self.commit, "--", *where)
        if listed is None:
            raise self._incomplete()
        entries = [entry.partition("\t") for entry in listed.decode("utf-8", "surrogateescape").split("\0") if entry]
        return [(facts, name) for facts, _, name in entries]

    def _inside(self, path: str) -> str | None:
        """The path as seen from the repository's root; None for one that leads out of it."""
        root = self.repository.root
        if PurePosixPath(path).is_absolute():  # the root is a real path
            folder, name = os.path.split(path)
            path = str(Path(os.path.realpath(folder)) / name)
        full = os.path.normpath(root / self.prefix / path)
        try:
            inside = Path(full).relative_to(root).as_posix()
        except ValueError:
            return None
        return "" if inside == "." else inside

    def _incomplete(self) -> GitProblem:
        return GitProblem(
            f"{self.repository.what_for}: the files of {self.commit[:12]} are not all here, as in a partial or damaged "
            "clone; fetch them (git fetch --refetch), or clone without --filter"
        )


@contextmanager
def open_revision(reference: str, cwd: Path, option: str = "--base") -> Iterator[Revision]:
    """Open the revision that `reference` names. Raises UsageProblem without a repository or commit, and GitProblem."""
    repository = open_repository(cwd, f"{option} {reference}")
    commit = resolve_commit(repository, reference)
    prefix = Path(os.path.realpath(cwd)).relative_to(repository.root).as_posix()
    with repository.running("cat-file", "--batch") as batch:
        yield Revision(repository, commit, prefix, batch)


def resolve_commit(repository: Repository, reference: str) -> str:
    """Resolve the full hash of the commit that `reference` names. Raises UsageProblem that says how to get it here."""
    named = repository.output("rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    if named:
        return named.decode("ascii").strip()
    shallow = repository.output("rev-parse", "--is-shallow-repository") == b"true\n"
    how = (
        "this is a shallow clone, fetch the commit (git fetch --unshallow; in CI, check out with fetch-depth: 0)"
        if shallow
        else "check its spelling (git branch --all), or fetch it"
    )
    raise NoCommit(f"{repository.what_for}: no commit of that name here; {how}")
