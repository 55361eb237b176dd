"""Where secrets come from: which environment variables and files a manifest may name, and reading them.

A manifest of a pull request is not trusted: it may name only what the contract allows.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.manifests.secrets.references import NO_REFERENCE, BadReference
from reconciler.model.secret import Secret
from reconciler.ports import ClusterSecrets
from reconciler.settings import HEADER_SECRETS_VARIABLE, OPTION_NAMES, OPTION_PREFIX, PLAN_KEY_VARIABLE
from reconciler.text.cause import reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.ports import SecretSource

MAX_SECRET_BYTES: Final = 64 * 1024
TOKEN_PREFIX: Final = "COMFYCONTROL_"  # noqa: S105 - how the names of token variables start
_OF_THE_RUN: Final = (
    *("ACTIONS_", "GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN", "GITEA_TOKEN", "FORGEJO_TOKEN"),
    *("CI_JOB_TOKEN", "CI_JOB_JWT", "CI_REPOSITORY_URL", "CI_REGISTRY_PASSWORD", "CI_DEPLOY_PASSWORD"),
    "CI_DEPENDENCY_PROXY_PASSWORD",
)
"""Credentials that a CI hands to a job, or that a comment takes: of no use to a runner, of much use to a thief."""
_KERNEL: Final = ("/proc", "/sys")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_variable(name: str, *, allowed: Sequence[str], tokens: frozenset[str], given: bool = False) -> None:
    """Refuse an environment variable that no manifest may read. Raises BadReference.

    `allowed` are the globs of `env_allow`; `tokens` the token variables of every environment. What is never allowed is
    compared without case, because Windows does so when it reads a variable. A name that was `given` for runners needs
    neither prefix nor permission, but a credential of the run stays refused.
    """
    upper = name.upper()
    if upper.startswith(TOKEN_PREFIX) or upper in {token.upper() for token in tokens}:
        raise BadReference(f"${{env:{name}}}: an API token is never sent to a runner")
    if upper == PLAN_KEY_VARIABLE:
        raise BadReference(f"${{env:{name}}}: the key that signs plans is never sent to a runner")
    if upper == HEADER_SECRETS_VARIABLE:
        raise BadReference(f"${{env:{name}}}: refer to one of the names in it; the whole is never sent to a runner")
    if upper.startswith(_OF_THE_RUN):
        raise BadReference(f"${{env:{name}}}: a credential of the CI job is never sent to a runner")
    if given:
        return
    if upper.removeprefix(OPTION_PREFIX) in OPTION_NAMES and upper.startswith(OPTION_PREFIX):
        raise BadReference(f"${{env:{name}}}: this variable sets an option of reconciler; choose another name")
    if not name.startswith(OPTION_PREFIX) and not any(fnmatch.fnmatchcase(name, each) for each in allowed):
        raise BadReference(
            f"${{env:{name}}}: the name must start with {OPTION_PREFIX} or match env_allow in the project file, or be "
            f"assigned in {HEADER_SECRETS_VARIABLE} or the file of --secrets"
        )


def check_path(path: str, *, base: Path, roots: Sequence[Path]) -> str:
    """Return the real path of a secret's file, seen from the folder `base`. Raises BadReference unless it is in a root.

    Links are resolved first; nothing is opened.
    """
    if _CONTROL.search(path):
        raise BadReference("${file:…}: the path holds a control character")
    real = Path(os.path.realpath(base / path))
    if not any(real.is_relative_to(os.path.realpath(root)) for root in roots):
        raise BadReference(f"${{file:{path}}}: outside of the project's folder; list its folder under file_allow")
    if any(real.is_relative_to(kernel) for kernel in _KERNEL):
        raise BadReference(f"${{file:{path}}}: a file of the kernel holds no secret for a runner")
    if ".git" in real.parts:
        raise BadReference(f"${{file:{path}}}: git's own files hold no secret for a runner")
    return str(real)


@dataclass(frozen=True, slots=True)
class ProcessSecrets:
    """The secrets of this process: what was `given` for runners, its environment and the disk.

    Implements ports.SecretSource.
    """

    environ: Mapping[str, str]
    given: Mapping[str, Secret] = field(default_factory=dict)

    def is_given(self, name: str) -> bool:
        """See SecretSource."""
        return name in self.given

    def env(self, name: str) -> Secret | None:
        """See SecretSource."""
        if name in self.given:
            return self.given[name]
        value = self.environ.get(name)
        return None if value is None else Secret(value)

    def file(self, path: str) -> Secret | None:
        """Read a regular file, a byte order mark and one trailing newline cut; None when it is not there.

        Raises BadReference.

        `path` is a real path from check_path. It is opened without following a link and without waiting, so that
        neither a link put there since nor a pipe can lead elsewhere or hang.
        """
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(path, flags)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            raise BadReference(f"the file can't be read: {reason_of(exc)}") from exc
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise BadReference("this is not a regular file")
            content = os.read(descriptor, MAX_SECRET_BYTES + 1)
        finally:
            os.close(descriptor)
        if len(content) > MAX_SECRET_BYTES:
            raise BadReference(f"the file is over {MAX_SECRET_BYTES // 1024} KiB")
        return Secret(_text(content))


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Offline, which names are given for runners is known and no value is read. Implements ports.SecretSource."""

    source: SecretSource

    def is_given(self, name: str) -> bool:
        """See SecretSource."""
        return self.source.is_given(name)

    def env(self, name: str) -> None:
        """See SecretSource: nothing is read."""

    def file(self, path: str) -> None:
        """See SecretSource: nothing is read."""

    def secret(self, ref: str) -> None:
        """See ClusterSecrets: nothing is read. Raises BadReference where the source has no secrets of a cluster."""
        del ref
        if not isinstance(self.source, ClusterSecrets):
            raise BadReference(NO_REFERENCE)


def _text(content: bytes) -> str:
    text = content.decode(errors="surrogateescape")
    if not text.isascii() and any("\udc80" <= each <= "\udcff" for each in text):
        raise BadReference("the file is not UTF-8")  # raised here: a UnicodeDecodeError would carry the content along
    text = text.removeprefix("\ufeff")
    return text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")
