"""Runs git for everybody who needs it, trusting neither the checkout nor the caller's environment.

A checkout can hold a program called git, and a folder that looks like a repository; `.git/config` can name programs for
git to run. So git is found outside of the checkout, started at the repository's root with an environment made here (no
token, no secret, no GIT_… of the caller, no configuration of user or system), and every key of the repository's own
configuration that could start a program or reach the network is overruled. Only read commands are meant for it.

A clone that was made here is asked over the network too, for an address that the user gave: then the user's own
configuration, agent and proxies count (see `network_environment`), and still no token and no secret.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Final

from reconciler.errors import UsageProblem
from reconciler.manifests.git_environment import (
    clean_environment,
    find_git,
    find_root,
    network_environment,
    read_user_values,
    write_trusted,
)
from reconciler.text.hidden import show_hidden

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMEOUT_S: Final = 30.0
NETWORK_TIMEOUT_S: Final = 120.0
MAX_OUTPUT_BYTES: Final = 64 * 1024 * 1024
_MAX_MESSAGE_BYTES: Final = 4096
_MAX_REASON: Final = 200
_FOREIGN: Final = (b"dubious ownership", b"unsafe repository")
"""How git says, since 2.35.3 and before, that a repository belongs to another user."""
_OVERRULED: Final = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    "core.pager=cat",
    "gc.auto=0",
    "maintenance.auto=false",
    "safe.bareRepository=explicit",
)
"""Configuration that beats the repository's own. See git-config(1)."""
_OFFLINE: Final = ("core.askPass=", "core.sshCommand=false", "credential.helper=", "protocol.allow=never")
"""The same, wherever nothing is asked over the network."""


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

    `trusted` is a configuration of the user's own `safe.directory` values alone, where git asks for them. Made by
    `open_repository`. `git_dir` is the folder of a bare clone that was made here, which `root` is no checkout of.
    """

    git: str
    root: Path
    what_for: str
    trusted: IO[str] | None = None
    git_dir: Path | None = None

    def output(self, *arguments: str) -> bytes | None:
        """Return what a git command prints; None where it fails. Raises GitProblem over a limit of time or size."""
        code, content, _ = self._run(arguments)
        return content if code == 0 else None

    def ask_remote(self, *arguments: str) -> tuple[bytes | None, str]:
        """Run a git command that reaches a remote: what it prints, None where it fails; and its reason then.

        Raises GitProblem over NETWORK_TIMEOUT_S.
        """
        code, content, message = self._run(arguments, network=True)
        return (content if code == 0 else None), _reason(message)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start a git command that is talked to over its stdin and stdout; it ends with the block."""
        process = self._start(arguments, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with process:
            try:
                yield process
            finally:
                process.kill()  # leaving the block waits for its end

    def check(self) -> Repository:
        """Return the same repository as git takes it. Raises GitProblem with what to do where git refuses it."""
        code, _, message = self._run(("rev-parse", "--git-dir"))
        if code == 0:
            return self
        if not any(words in message for words in _FOREIGN):
            reason = "git does not take it for one" if b"not a git repository" in message else "git can't read it"
            raise GitProblem(f"{self.what_for}: {self.root / '.git'} is no repository that can be used: {reason}")
        own = read_user_values(self.git, self.root, "safe.directory")
        if own and self.trusted is None:
            return replace(self, trusted=write_trusted(own)).check()
        raise GitProblem(
            f"{self.what_for}: {self.root} belongs to another user, and git reads such a repository only when you say "
            f"so: git config --global --add safe.directory {self.root}"
        )

    def _run(self, arguments: tuple[str, ...], *, network: bool = False) -> tuple[int, bytes, bytes]:
        """Exit code, output and the beginning of the message."""
        timeout_s = NETWORK_TIMEOUT_S if network else TIMEOUT_S
        with self._messages() as messages:
            with (
                self._start(arguments, stdin=subprocess.DEVNULL, stderr=messages, network=network) as process,
                bounded(process, self, timeout_s),
            ):
                assert process.stdout is not None  # noqa: S101 - a pipe, see _start
                content = process.stdout.read(MAX_OUTPUT_BYTES + 1)
                if len(content) > MAX_OUTPUT_BYTES:
                    _end(process)
                    raise GitProblem(f"{self.what_for}: git {arguments[0]} answers over {MAX_OUTPUT_BYTES >> 20} MiB")
                code = process.wait()
            messages.seek(0)
            return code, content, messages.read(_MAX_MESSAGE_BYTES)

    def _messages(self) -> IO[bytes]:
        try:
            return tempfile.TemporaryFile()
        except OSError as exc:
            raise GitProblem(f"{self.what_for}: no file for git's messages can be made: {exc.strerror}") from exc

    def _start(
        self, arguments: tuple[str, ...], *, stdin: int, stderr: int | IO[bytes], network: bool = False
    ) -> subprocess.Popen[bytes]:
        overruled = _OVERRULED if network else (*_OVERRULED, *_OFFLINE)
        options = [word for each in overruled for word in ("-c", each)]
        environment = network_environment(self.root) if network else clean_environment(self.root)
        environment["GIT_CEILING_DIRECTORIES"] = str(self.root.parent)
        if self.git_dir is None:
            environment["GIT_WORK_TREE"] = str(self.root)  # beats core.worktree
        else:
            environment["GIT_DIR"] = str(self.git_dir)
        if self.trusted is not None:
            environment["GIT_CONFIG_GLOBAL"] = self.trusted.name
        try:
            return subprocess.Popen(  # noqa: S603 - git by its full path, outside of the checkout
                [self.git, "--no-pager", *options, *arguments],
                cwd=self.root,
                env=environment,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=network,  # with what it starts, such as ssh, which holds on to its pipes
            )
        except OSError as exc:
            raise GitProblem(f"{self.what_for}: {self.git} can't be started: {exc.strerror}") from exc


def open_repository(folder: Path, what_for: str) -> Repository:
    """Open the repository of `folder`. Raises NoRepository, and GitProblem without git or where git refuses it."""
    root = find_root(folder)
    if root is None:
        raise NoRepository(f"{what_for}: {folder} is in no git repository; run this in a checkout of one")
    git = find_git(root)
    if git is None:
        raise GitProblem(f"{what_for} needs git, which is not on the PATH (one within the checkout is not used)")
    return Repository(git, root, what_for).check()


@contextmanager
def bounded(process: subprocess.Popen[bytes], repository: Repository, timeout_s: float | None = None) -> Iterator[None]:
    """End the process when this takes too long, and say so; also when an interrupt breaks it off. Raises GitProblem."""
    late = threading.Event()
    timeout_s = TIMEOUT_S if timeout_s is None else timeout_s

    def end() -> None:
        late.set()
        _end(process)

    timer = threading.Timer(timeout_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except KeyboardInterrupt:
        _end(process)
        raise
    finally:
        timer.cancel()
        if late.is_set():
            raise GitProblem(f"{repository.what_for}: git did not answer within {timeout_s:g} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it, and what it started where it has a session of its own."""
    with contextlib.suppress(OSError, AttributeError):  # it has ended, or this is Windows
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _reason(message: bytes) -> str:
    """The line that says why a command failed, made harmless: it holds what a remote said."""
    lines = [each.strip() for each in message.decode("utf-8", "replace").splitlines() if each.strip()]
    causes = [each for each in lines if each.startswith(("fatal: ", "error: "))] or lines
    return show_hidden(causes[0].partition(": ")[2] or causes[0])[:_MAX_REASON] if causes else "it says nothing"
