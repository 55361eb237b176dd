"""Runs git for everybody who needs it, trusting neither the checkout nor the caller's environment.

A checkout can hold a program called git, and a folder that looks like a repository; `.git/config` can name programs for
git to run. So git is found outside of the checkout, started at the repository's root with an environment made here (no
token, no secret, no GIT_… of the caller, no configuration of user or system), and every key of the repository's own
configuration that could start a program or reach the network is overruled. Only read commands are meant for it.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from reconciler.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT_S: Final = 30.0
MAX_OUTPUT_BYTES: Final = 64 * 1024 * 1024
_MAX_MESSAGE_BYTES: Final = 4096
_PROGRAMS: Final = ("git.exe",) if os.name == "nt" else ("git",)
_OVERRULED: Final = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    "core.pager=cat",
    "core.askPass=",
    "core.sshCommand=false",
    "credential.helper=",
    "protocol.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "safe.bareRepository=explicit",
)
"""Configuration that beats the repository's own. See git-config(1)."""
_ENVIRONMENT: Final = {
    "LC_ALL": "C",  # its messages are read
    "HOME": os.devnull,
    "XDG_CONFIG_HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",  # for a git that does not know the former
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
}
"""See git(1), Environment Variables."""
_KEPT: Final = ("SYSTEMROOT", "TEMP", "TMP") if os.name == "nt" else ()
"""Without these no program starts on Windows."""


class RevisionProblem(UsageProblem):
    """A git revision can't be read here."""


class GitProblem(RevisionProblem):
    """Git can't be used here: exit 1, for it is the surroundings that are wrong and not the command line."""

    code = "git"
    exit_code = 1


class NoRepository(RevisionProblem):
    """The folder is in no repository: a usage error of whatever asked for a revision."""


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository: `git` is the program, `root` the top folder (a real path), `what_for` what messages begin with.

    `trusted` are the user's own `safe.directory` values, where git asks for them. Made by `open_repository`.
    """

    git: str
    root: Path
    what_for: str
    trusted: tuple[str, ...] = ()

    def output(self, *arguments: str) -> bytes | None:
        """What a git command prints; None where it fails. Raises GitProblem over TIMEOUT_S and MAX_OUTPUT_BYTES."""
        code, content, _ = self._run(arguments)
        return content if code == 0 else None

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A git command that is talked to over its stdin and stdout; it ends with the block."""
        process = self._start(arguments, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with process:
            try:
                yield process
            finally:
                process.kill()  # leaving the block waits for its end

    def check(self) -> Repository:
        """The same repository as git takes it. Raises GitProblem with what to do where git refuses it."""
        code, _, message = self._run(("rev-parse", "--git-dir"))
        if code == 0:
            return self
        if b"dubious ownership" not in message:
            reason = "git does not take it for one" if b"not a git repository" in message else "git can't read it"
            raise GitProblem(f"{self.what_for}: {self.root / '.git'} is no repository that can be used: {reason}")
        own = read_user_values(self.git, self.root, "safe.directory")  # the repositories of others that are called safe
        if own and not self.trusted:
            return replace(self, trusted=own).check()
        raise GitProblem(
            f"{self.what_for}: {self.root} belongs to another user, and git reads such a repository only when you say "
            f"so: git config --global --add safe.directory {self.root}"
        )

    def _run(self, arguments: tuple[str, ...]) -> tuple[int, bytes, bytes]:
        """Exit code, output and the beginning of the message."""
        with tempfile.TemporaryFile() as messages:
            with self._start(arguments, stdin=subprocess.DEVNULL, stderr=messages) as process, bounded(process, self):
                assert process.stdout is not None  # noqa: S101 - a pipe, see _start
                content = process.stdout.read(MAX_OUTPUT_BYTES + 1)
                if len(content) > MAX_OUTPUT_BYTES:
                    process.kill()
                    raise GitProblem(f"{self.what_for}: git {arguments[0]} answers over {MAX_OUTPUT_BYTES >> 20} MiB")
                code = process.wait()
            messages.seek(0)
            return code, content, messages.read(_MAX_MESSAGE_BYTES)

    def _start(self, arguments: tuple[str, ...], *, stdin: int, stderr: int | IO[bytes]) -> subprocess.Popen[bytes]:
        overruled = (*_OVERRULED, *(f"safe.directory={each}" for each in self.trusted))
        options = [word for each in overruled for word in ("-c", each)]
        environment = clean_environment(self.root) | {
            "GIT_WORK_TREE": str(self.root),  # beats core.worktree
            "GIT_CEILING_DIRECTORIES": str(self.root.parent),
        }
        try:
            return subprocess.Popen(  # noqa: S603 - git by its full path, outside of the checkout
                [self.git, "--no-pager", *options, *arguments],
                cwd=self.root,
                env=environment,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        except OSError as exc:
            raise GitProblem(f"{self.what_for}: {self.git} can't be started: {exc.strerror}") from exc


def open_repository(folder: Path, what_for: str) -> Repository:
    """The repository that `folder` is in. Raises NoRepository, and GitProblem without git or where git refuses it."""
    root = find_root(folder)
    if root is None:
        raise NoRepository(f"{what_for}: {folder} is in no git repository; run this in a checkout of one")
    git = find_git(root)
    if git is None:
        raise GitProblem(f"{what_for} needs git, which is not on the PATH (one within the checkout is not used)")
    return Repository(git, root, what_for).check()


def find_root(folder: Path) -> Path | None:
    """The nearest folder from here up that has a `.git`, which no commit can hold; None where there is none."""
    real = Path(os.path.realpath(folder))
    return next((each for each in (real, *real.parents) if os.path.lexists(each / ".git")), None)


def find_git(root: Path) -> str | None:
    """The git on the PATH, by its full path, in no folder of the checkout `root`."""
    candidates = (str(Path(folder) / program) for folder in _safe_path(root) for program in _PROGRAMS)
    return next(
        (
            each
            for each in candidates
            if Path(each).is_file() and os.access(each, os.X_OK) and not _within(os.path.realpath(each), root)
        ),
        None,
    )


def clean_environment(root: Path) -> dict[str, str]:
    """What git gets to see of the environment: a PATH without the checkout, and our settings."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PATH": os.pathsep.join(_safe_path(root)), **_ENVIRONMENT}


@contextmanager
def bounded(process: subprocess.Popen[bytes], repository: Repository) -> Iterator[None]:
    """End the process when this takes too long, and say so. Raises GitProblem."""
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(TIMEOUT_S, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if late.is_set():
            raise GitProblem(f"{repository.what_for}: git did not answer within {TIMEOUT_S:g} s")


def _safe_path(root: Path) -> list[str]:
    """The absolute folders of the PATH that are not in the checkout; of none when the checkout is the whole disk."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return [each for each in folders if Path(each).is_absolute() and not _within(os.path.realpath(each), root)]


def _within(path: str, root: Path) -> bool:
    return root != Path(root.anchor) and Path(path).is_relative_to(root)


def read_user_values(git: str, root: Path, key: str) -> tuple[str, ...]:
    """What system and user have set for one key of git's configuration, the user's last.

    Asked outside of the repository, so that its own configuration has no say.
    """
    outside = root.anchor
    home = {name: os.environ[name] for name in ("HOME", "XDG_CONFIG_HOME", "USERPROFILE") if name in os.environ}
    environment = clean_environment(root)
    for name in ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL"):
        del environment[name]
    found: list[str] = []
    for scope in ("--system", "--global"):
        try:
            ran = subprocess.run(  # noqa: S603 - as above
                [git, "config", scope, "--includes", "--null", "--get-all", key],
                cwd=outside,
                env=environment | home,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:  # a configuration that can't be read says nothing
            continue
        if ran.returncode == 0:
            found += ran.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return tuple(found)
