"""Where git is found, what it sees of the environment, and what of the user's own configuration is asked for."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Final

_ANSWER_S: Final = 30.0
_PROGRAMS: Final = ("git.exe",) if os.name == "nt" else ("git",)
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
_USERS_OWN: Final = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL")
"""Of these, what says that the user has no configuration; a remote is asked with it."""
_NETWORK: Final = frozenset(
    """
    HOME USER LOGNAME USERPROFILE XDG_CONFIG_HOME XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
    SSH_AUTH_SOCK SSH_AGENT_PID SSH_ASKPASS SSH_ASKPASS_REQUIRE GIT_ASKPASS GIT_SSH GIT_SSH_COMMAND GIT_SSH_VARIANT
    GIT_CONFIG_NOSYSTEM GIT_CONFIG_SYSTEM GIT_CONFIG_GLOBAL GIT_CONFIG_COUNT
    HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR GIT_SSL_CAINFO GIT_SSL_CAPATH
    """.split()  # noqa: SIM905 - as in OPTION_NAMES
)
_KEPT: Final = ("SYSTEMROOT", "TEMP", "TMP") if os.name == "nt" else ()
"""Without these no program starts on Windows."""


def find_root(folder: Path) -> Path | None:
    """Find the nearest folder from here up that has a `.git`, which no commit can hold; None where there is none."""
    real = Path(os.path.realpath(folder))
    return next((each for each in (real, *real.parents) if os.path.lexists(each / ".git")), None)


def find_git(root: Path) -> str | None:
    """Find the git on the PATH, its full path, in no folder of the checkout `root` or of the one that this runs in."""
    candidates = (str(Path(folder) / program) for folder in _safe_path(root) for program in _PROGRAMS)
    return next(
        (
            each
            for each in candidates
            if Path(each).is_file() and os.access(each, os.X_OK) and not _in_checkout(os.path.realpath(each), root)
        ),
        None,
    )


def clean_environment(root: Path) -> dict[str, str]:
    """Return what git gets to see of the environment: a PATH without the checkout, and our settings."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PATH": os.pathsep.join(_safe_path(root)), **_ENVIRONMENT}


def network_environment(root: Path) -> dict[str, str]:
    """Return what git gets to see where it asks a remote that the user named: besides, the user's own way to it.

    That is the configuration of user and system (with its credential helpers, proxies, certificates and rewritten
    addresses), ssh and its agent, programs that answer for a password, proxies, and `GIT_CONFIG_COUNT` with its keys.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _NETWORK or name.startswith(("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))
    }
    ours = {name: value for name, value in clean_environment(root).items() if name not in _USERS_OWN}
    return {**kept, **ours, "GIT_ALLOW_PROTOCOL": "https:ssh:file:http"}  # see check_git_url for http


def _safe_path(root: Path) -> list[str]:
    """The absolute folders of the PATH that are in neither checkout; of none when one is the whole disk."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return [each for each in folders if Path(each).is_absolute() and not _in_checkout(os.path.realpath(each), root)]


def _in_checkout(path: str, root: Path) -> bool:
    """Whether a path is in the checkout that is asked about, or in the one that this runs in."""
    here = find_root(Path.cwd())
    return any(each != Path(each.anchor) and Path(path).is_relative_to(each) for each in {root, here or root})


def write_trusted(values: tuple[str, ...]) -> IO[str]:
    """Return a configuration file that holds these values of safe.directory, for as long as it is held.

    A file, since git before 2.38 takes this key from no command line.
    """
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - it is held, and is removed with its holder
        "w", encoding="utf-8", errors="surrogateescape", suffix=".gitconfig"
    )
    quoted = (each.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for each in values)
    file.write("[safe]\n" + "".join(f'directory = "{each}"\n' for each in quoted))
    file.flush()
    return file


def read_user_values(git: str, root: Path, key: str) -> tuple[str, ...]:
    """Read what system and user have set for one key of git's configuration, the user's last.

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
                timeout=_ANSWER_S,
            )
        except subprocess.TimeoutExpired:  # a configuration that can't be read says nothing
            continue
        if ran.returncode == 0:
            found += ran.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return tuple(found)
