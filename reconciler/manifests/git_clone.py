"""A bare clone of one ref of a remote: what the ref is at (`git ls-remote`), and its files (`git fetch --depth 1`)."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from reconciler.errors import UsageProblem
from reconciler.manifests.clone_folder import CloneFolder, remove_abandoned
from reconciler.manifests.git import Revision
from reconciler.manifests.git_environment import find_git
from reconciler.manifests.git_process import GitProblem, Repository
from reconciler.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

_OURS: Final = "refs/watch/current"
_HASH: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF: Final = re.compile(r"(?!-|.*(?:\.\.|//|@\{|/\.|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\]+(?<![./])")
"""What git takes as a ref's name (git-check-ref-format(1)), so that it can't be an option or a pattern."""
_SCP: Final = re.compile(r"(?:[\w.-]+@)?[\w.-]{2,}:(?!/{2})(?!:).+")
_MAX_FETCHES: Final = 100
"""A clone that has fetched so often is made anew: nothing is ever removed from it."""


@dataclass(slots=True)
class Clone:
    """A clone in a folder of its own, which is removed with it. Made by `open_clone`."""

    url: str
    ref: str
    shown: str
    repository: Repository
    folder: CloneFolder
    commit: str | None = None
    fetches: int = 0

    def look(self) -> str:
        """Return the commit that the remote has under the ref now. Raises GitProblem."""
        return self._resolve()[1]

    def fetch(self) -> str:
        """Get the files of the ref as it is now; its commit. Raises GitProblem, and the last commit stays readable."""
        name = self._resolve()[0]
        if self.fetches >= _MAX_FETCHES:
            self._renew()
        refspec = f"+{name}:{_OURS}"
        options = ("--depth=1", "--no-tags", "--no-recurse-submodules", "--quiet", "--end-of-options")
        done, why = self.repository.ask_remote("fetch", *options, self.url, refspec)
        if done is None:
            raise GitProblem(f"{self.shown}: {self.ref} can't be fetched: {why}")
        self.fetches += 1
        named = self.repository.output("rev-parse", "--verify", "--quiet", f"{_OURS}^{{commit}}")
        if not named:
            raise GitProblem(f"{self.shown}: {self.ref} is no commit, nor a tag of one")
        self.commit = named.decode("ascii").strip()
        return self.commit

    @contextmanager
    def open(self) -> Iterator[Revision]:
        """Open the files of the commit that was fetched last."""
        assert self.commit is not None  # noqa: S101 - fetched before
        with self.repository.running("cat-file", "--batch") as batch:
            yield Revision(self.repository, self.commit, "", batch)

    def close(self) -> None:
        """Remove the clone."""
        self.folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _resolve(self) -> tuple[str, str]:
        """The ref's full name at the remote, and its commit."""
        names = _candidates(self.ref)
        listed, why = self.repository.ask_remote("ls-remote", "--quiet", "--end-of-options", self.url, *names)
        if listed is None:
            raise GitProblem(f"{self.shown} can't be asked: {why}")
        lines = (line.split("\t") for line in listed.decode("utf-8", "replace").splitlines())
        found = {parts[1]: parts[0] for parts in lines if len(parts) == 2 and _HASH.fullmatch(parts[0])}  # noqa: PLR2004 - git-ls-remote(1)
        for name in names:
            if name in found:
                return name.removesuffix("^{}"), found[name]
        raise GitProblem(f"{self.shown} has no branch and no tag {self.ref}; check --ref, or wait for it to be back")

    def _renew(self) -> None:
        fresh = open_clone(self.url, self.ref)
        self.folder.cleanup()
        self.repository, self.folder, self.fetches = fresh.repository, fresh.folder, 0


def open_clone(url: str, ref: str) -> Clone:
    """Open an empty clone for a ref of the remote `url`, which `check_git_url` has passed. Raises GitProblem."""
    shown = f"--git {url}"
    try:
        remove_abandoned()
        folder = CloneFolder()
        root = Path(folder.name).resolve() / "tree"
        root.mkdir()
    except OSError as exc:
        raise GitProblem(f"{shown}: no folder for a clone can be made: {exc.strerror}") from exc
    git = find_git(root)
    if git is None:
        raise GitProblem(f"{shown} needs git, which is not on the PATH")
    repository = Repository(git, root, shown)
    made = replace(repository, git_dir=root.parent / "clone.git")
    if made.output("init", "--bare", "--quiet", "--template=") is None:
        raise GitProblem(f"{shown}: git can't make a clone in {root.parent}")
    return Clone(url, ref, shown, made, folder)


def check_git_url(url: str, cwd: Path, *, insecure_http: bool) -> str:
    """Return the address of a remote, or a folder's full path. Raises UsageProblem for one that would not be safe.

    Whoever can change what comes over the wire decides about the fleet: so there is no git:// and no plain http, and no
    password in an address, which `ps` and logs show. Git's own credential helpers and ssh keys take its place.
    """
    if url.startswith("-") or "::" in url or not url.isprintable():
        raise UsageProblem("--git: this is no address of a git repository")
    if "://" not in url:
        if _SCP.fullmatch(url) and not (cwd / url).exists():
            return url
        return str((cwd / Path(url).expanduser()).resolve())
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _port = parts.port
    except ValueError as exc:
        raise UsageProblem("--git: its host or port can't be read") from exc
    if parts.password is not None or (parts.scheme in ("http", "https") and parts.username is not None):
        raise UsageProblem(
            "--git: the address must hold no user and password, which ps and logs would show; configure a credential "
            "helper (git config --global credential.helper …), or use ssh"
        )
    if parts.scheme == "http" and not insecure_http and not is_loopback(host):
        raise UsageProblem(
            f"--git uses plain http to {host}, where anybody on the way decides what your fleet becomes; use https or "
            "ssh, or --insecure-http if you accept that"
        )
    if parts.scheme not in ("https", "http", "ssh", "file"):
        raise UsageProblem("--git takes https://, ssh://, file://, user@host:path or a folder")
    return url


def check_ref(ref: str) -> str:
    """Return the ref's name. Raises UsageProblem."""
    if not _REF.fullmatch(ref) or ref == "@":
        raise UsageProblem(f"--ref {ref!r}: this is no name of a branch or a tag")
    return ref


def _candidates(ref: str) -> tuple[str, ...]:
    """What a short name can mean, first things first: a branch, then a tag (what it points to)."""
    if ref == "HEAD" or ref.startswith("refs/"):
        return (f"{ref}^{{}}", ref)
    return (f"refs/heads/{ref}", f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}")
