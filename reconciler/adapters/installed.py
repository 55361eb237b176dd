"""What this copy was installed from, so that another machine can install the very same (PEP 610)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

import reconciler
from reconciler.manifests.checkout import commit_of

if TYPE_CHECKING:
    from importlib.metadata import Distribution

NAME: Final = "comfycontrol-reconciler"
_RELEASED: Final = re.compile(r"[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?(\.post[0-9]+)?", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{32,128}", re.ASCII)
_SCP: Final = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?!/)(?P<path>\S+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Installed:
    """`requirement` is a line for pip; None where no other machine can install this copy, and `advice` says why."""

    requirement: str | None
    advice: str = ""


def find_requirement() -> Installed:
    """Find what installs the copy that runs: a released version, or the commit or archive it was installed from."""
    try:
        installed = distribution(NAME)
    except PackageNotFoundError:
        return _nowhere("it was not installed, but runs from its source", Path(reconciler.__file__).parent)
    recorded = installed.read_text("direct_url.json")
    if recorded is not None:
        return read_direct_url(recorded)
    if not _is_running(installed):
        return _nowhere("it runs from its source", Path(reconciler.__file__).parent)
    if not _RELEASED.fullmatch(installed.version):
        return _nowhere(f"version {installed.version} is no release")
    return Installed(f"{NAME}=={installed.version}")


def read_direct_url(recorded: str) -> Installed:
    """Read the same, from the record of an installation by address."""
    try:
        record = json.loads(recorded)
        return _read(record, urlsplit(record["url"]).scheme)
    except (ValueError, LookupError, TypeError, AttributeError):
        return _nowhere("the record of its installation (direct_url.json) can't be read")


def _read(record: Any, scheme: str) -> Installed:
    url = _without_password(record["url"])
    if "dir_info" in record:
        folder = Path(url2pathname(urlsplit(url).path))
        return _nowhere(f"it was installed from the folder {folder}", folder)
    if scheme == "file":
        return _nowhere(f"it was installed from {url2pathname(urlsplit(url).path)}, which is on this machine only")
    below = f"subdirectory={record['subdirectory']}" if record.get("subdirectory") else ""
    if "vcs_info" in record:
        vcs, commit = record["vcs_info"]["vcs"], record["vcs_info"]["commit_id"]
        return _by_address(f"{vcs}+{url}@{commit}", below)
    return _by_address(url, _digest(record.get("archive_info") or {}), below)


def _by_address(url: str, *fragment: str) -> Installed:
    facts = "&".join(each for each in fragment if each)
    return Installed(f"{NAME} @ {url}{'#' if facts else ''}{facts}")


def _digest(archive: Any) -> str:
    """The archive's hash, as pip checks it: `sha256=…`."""
    hashes = dict(archive.get("hashes") or {})
    if not hashes and archive.get("hash"):
        name, _, value = archive["hash"].partition("=")
        hashes = {name: value}
    strong = next((name for name in ("sha512", "sha384", "sha256") if _DIGEST.fullmatch(hashes.get(name, ""))), None)
    return f"{strong}={hashes[strong]}" if strong else ""


def _nowhere(why: str, source: Path | None = None) -> Installed:
    """No requirement; where the source is a clean checkout of a commit, the one to give once that is pushed."""
    found = None if source is None else commit_of(source)
    address = found and _reachable(found[0])
    given = f"git+{address}@{found[1]}" if found and address else "git+https://HOST/OWNER/NAME@COMMIT"
    return Installed(None, f"{why}: say what CI shall install, such as --requirement '{NAME} @ {given}'")


def _reachable(address: str) -> str | None:
    """A remote's address as https, where it has one; None for a folder on this machine."""
    if address.startswith(("https://", "http://", "ssh://")):
        parts = urlsplit(_without_password(address))
        host = parts.netloc.rpartition("@")[2]
        return (
            urlunsplit((parts.scheme, host, parts.path, "", ""))
            if parts.scheme != "ssh"
            else f"https://{parts.hostname}{parts.path}"
        )
    found = _SCP.fullmatch(address)
    return f"https://{found['host']}/{found['path']}" if found else None


def _without_password(url: str) -> str:
    """The address without a user, who may be a token, but for ssh's."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    kept = parts.netloc if at and parts.scheme.endswith("ssh") and ":" not in user else host
    return urlunsplit(parts._replace(netloc=kept, fragment=""))


def _is_running(installed: Distribution) -> bool:
    """Whether it is the installed copy that runs, and not another one that is found before it."""
    return Path(str(installed.locate_file("reconciler/__init__.py"))).resolve() == Path(reconciler.__file__).resolve()
