"""What git says of the checkout that a folder is in: its root, the default branch, the remote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.errors import UsageProblem
from reconciler.manifests.git_environment import find_root, read_user_values
from reconciler.manifests.git_process import open_repository

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.manifests.git_process import Repository

_USUAL: Final = ("main", "master")


@dataclass(frozen=True, slots=True)
class Checkout:
    """`folder` within the checkout `root`: `prefix` leads there, empty at the root. Both are real paths.

    Outside of a repository `root` is the folder itself. `branch` and `remote` (an address) are None where git does not
    say; `problem` is why git could not be asked.
    """

    folder: Path
    root: Path
    branch: str | None = None
    remote: str | None = None
    problem: str | None = None

    @property
    def prefix(self) -> str:
        """The folder as seen from the root, with slashes."""
        shown = self.folder.relative_to(self.root).as_posix()
        return "" if shown == "." else shown


def inspect_checkout(folder: Path) -> Checkout:
    """Ask about a folder, which need not be there yet."""
    real = folder.resolve()
    there = next(each for each in (real, *real.parents) if each.is_dir())
    root = find_root(there)
    if root is None:
        return Checkout(real, real)
    try:
        repository = open_repository(there, "init")
    except UsageProblem as problem:
        return Checkout(real, root, problem=str(problem))
    remote = _remote(repository)
    address = None if remote is None else _said(repository, "config", "--get", f"remote.{remote}.url")
    return Checkout(real, root, _default_branch(repository, remote), address)


def commit_of(folder: Path) -> tuple[str, str] | None:
    """Find the remote's address and the commit of a clean checkout; None where that is not what is in `folder`."""
    try:
        repository = open_repository(folder, "init")
    except UsageProblem:
        return None
    remote = _remote(repository)
    address = None if remote is None else _said(repository, "config", "--get", f"remote.{remote}.url")
    commit = _said(repository, "rev-parse", "--verify", "--quiet", "HEAD")
    changed = repository.output("status", "--porcelain", "--untracked-files=no")
    return (address, commit) if address and commit and changed == b"" else None


def _remote(repository: Repository) -> str | None:
    """`origin`, else the remote that the current branch follows, else the first."""
    names = (_said(repository, "remote") or "").splitlines()
    if not names or "origin" in names:
        return "origin" if names else None
    current = _said(repository, "symbolic-ref", "--quiet", "--short", "HEAD")
    followed = current and _said(repository, "config", "--get", f"branch.{current}.remote")
    return followed if followed in names else names[0]


def _default_branch(repository: Repository, remote: str | None) -> str | None:
    """The remote's, as it was cloned; else the user's usual one or a usual one that is there; else the current one.

    A branch that is not there yet is only believed to be the current one, as before the first commit.
    """
    if remote is not None:
        head = f"refs/remotes/{remote}/"
        named = _said(repository, "symbolic-ref", "--quiet", f"{head}HEAD")
        if named is not None and named.startswith(head):
            return named.removeprefix(head)
    listed = _said(repository, "for-each-ref", "--format=%(refname)", "refs/heads", f"refs/remotes/{remote or ''}")
    branches = {_branch(name, remote) for name in (listed or "").splitlines()}
    current = _said(repository, "symbolic-ref", "--quiet", "--short", "HEAD")
    configured = _said(repository, "config", "--get", "init.defaultBranch")
    usual = read_user_values(repository.git, repository.root, "init.defaultBranch")
    wanted = [*([configured] if configured else []), *reversed(usual), *_USUAL]
    only = branches.pop() if len(branches) == 1 else None
    return only or next((each for each in wanted if each in branches), None) or current


def _branch(reference: str, remote: str | None) -> str:
    return reference.removeprefix("refs/heads/").removeprefix(f"refs/remotes/{remote}/")


def _said(repository: Repository, *arguments: str) -> str | None:
    """What a git command prints, without its last line end; None where it fails or says nothing."""
    content = repository.output(*arguments)
    text = "" if content is None else content.decode("utf-8", "surrogateescape").removesuffix("\n")
    return text or None
