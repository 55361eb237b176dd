"""The files of a git revision, read from the object store: nothing is checked out."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from reconciler.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence
    from pathlib import Path

    from reconciler.model.position import Problem

_REGULAR: Final = ("100644", "100755")


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision as a tree of `Files`, paths relative to the working folder `cwd`. Made by `open_revision`."""

    git: str
    cwd: Path
    commit: str
    requests: IO[bytes]
    answers: IO[bytes]

    def find(self, path: str, problems: list[Problem]) -> Sequence[str] | None:
        """See Files. Links and submodules are passed over: their targets are no part of the revision."""
        del problems
        listed = _run(self.git, self.cwd, "ls-tree", "-r", "-z", self.commit, "--", f"./{path}")
        found = [entry.partition("\t") for entry in listed.split("\0") if entry]
        files = [name for facts, _, name in found if facts.startswith(_REGULAR) and "\n" not in name]
        if not files:
            return None
        below = [name for name in files if not any(part.startswith(".") for part in name.removeprefix(path).split("/"))]
        return files if files == [path] else below

    def read(self, path: str) -> bytes:
        """See Files."""
        self.requests.write(f"{self.commit}:./{path}\n".encode())
        self.requests.flush()
        facts = self.answers.readline().split()
        if len(facts) != 3 or facts[1] != b"blob":  # noqa: PLR2004 - object, type, size (git-cat-file)
            raise FileNotFoundError(f"not a file of {self.commit}")
        content = self.answers.read(int(facts[2]))
        self.answers.read(1)
        return content

    def identity(self, path: str) -> Hashable:
        """See Files."""
        return path.removeprefix("./")


@contextmanager
def open_revision(reference: str, cwd: Path) -> Iterator[Revision]:
    """The revision that `reference` names. Raises UsageProblem without git, outside a repository, for no commit."""
    git = shutil.which("git")
    if git is None:
        raise UsageProblem("--base needs git, which is not on the PATH")
    named = _run(git, cwd, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}").strip()
    if not named:
        raise UsageProblem(f"--base {reference}: no commit of that name here; in CI, fetch it (fetch-depth: 0)")
    batch = subprocess.Popen(  # noqa: S603 - git by its full path, the commit by its hash
        [git, "cat-file", "--batch"], cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with batch:
        assert batch.stdin is not None  # noqa: S101 - both are pipes, by the call above
        assert batch.stdout is not None  # noqa: S101
        yield Revision(git, cwd, named, batch.stdin, batch.stdout)


def _run(git: str, cwd: Path, *arguments: str) -> str:
    ran = subprocess.run([git, *arguments], cwd=cwd, capture_output=True, check=False)  # noqa: S603 - as above
    return ran.stdout.decode("utf-8", "surrogateescape") if ran.returncode == 0 else ""
