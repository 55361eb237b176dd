"""One apply at a time on a machine against an account, whatever the token.

The account is known only after a read, so an apply takes two locks: the token's before the read, the account's after
it. Between the two another token may have written: `Held.ended_since` says so, and then what was read is read again.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from reconciler.errors import LockTimeout
from reconciler.text.cause import cause_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping

    from filelock import FileLock

    from reconciler.ports import Clock
    from reconciler.settings import Settings

POLL_S: Final = 0.5
"""How often a waiting apply looks again."""
HOLDER_BYTES: Final = 4096
_NEVER: Final = -1


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that is held: when it was taken, when the apply before it ended, and how long it was waited for.

    Both times are the file system's, in ns, so that they compare across processes whatever their clocks.
    """

    taken_ns: int = 0
    before_ns: float = _NEVER
    waited_s: float = 0.0

    def ended_since(self, other: Held) -> bool:
        """Whether an apply that held this lock ended after `other` was taken."""
        return self.before_ns >= other.taken_ns


@contextlib.contextmanager
def account_lock(
    settings: Settings,
    *,
    timeout_s: float,
    clock: Clock,
    warn: Callable[[str], None],
    account: str | None = None,
    folder: Path | None = None,
) -> Iterator[Held]:
    """Hold the lock of this account; released at the end, and by the system when the process dies.

    `account` is the owner's id; without one the token is used. Raises LockTimeout after `timeout_s`, which says
    whose the lock is, and Interrupted. Where no lock can be made there is a warning, and no lock.
    """
    from filelock import FileLock, Timeout

    try:
        where = folder or state_folder(os.environ, sys.platform)
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = lock_name(settings, account)
        lock = FileLock(where / f"{name}.lock", mode=0o600)
        free = True
        try:
            lock.acquire(timeout=0)
        except Timeout:
            free = False
    except (OSError, RuntimeError, NotImplementedError) as exc:
        why = "there is no home folder; set HOME" if isinstance(exc, RuntimeError) else cause_of(exc)
        warn(f"no lock against another apply on this machine: {why}")
        yield Held()
        return
    holder, ended = where / f"{name}.json", where / f"{name}.ended"
    waited_s = 0.0 if free else _await(lock, holder, timeout_s, clock, warn)
    try:
        before_ns = _before_ns(holder, ended)
        taken_ns = 0
        with contextlib.suppress(OSError):
            taken_ns = _write_holder(holder, clock.utc_now())
        yield Held(taken_ns, before_ns, waited_s)
    finally:
        with contextlib.suppress(OSError):
            ended.touch(mode=0o600)
            holder.unlink(missing_ok=True)
        lock.release()


def _before_ns(holder: Path, ended: Path) -> float:
    """When the apply before this one ended; just now, for all that is known, where it was killed."""
    if holder.exists():
        return float("inf")
    try:
        return ended.stat().st_mtime_ns
    except OSError:
        return _NEVER


def state_folder(environ: Mapping[str, str], system: str) -> Path:
    """Return the user's state folder for locks, by the habits of the system (`sys.platform`). Raises RuntimeError."""
    if system == "win32":
        base = Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif system == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        # A relative path there is to be ignored (XDG Base Directory Specification).
        given = Path(environ.get("XDG_STATE_HOME", ""))
        base = given if given.is_absolute() else Path.home() / ".local" / "state"
    return base / "reconciler" / "locks"


def lock_name(settings: Settings, account: str | None) -> str:
    """Return one name for one service and account; it reveals neither."""
    if settings.sandbox is not None:
        owner = f"sandbox {os.path.realpath(settings.sandbox)}"
    else:
        owner = account or settings.token.derive_key("reconciler apply lock").hex()
    host = (urlsplit(settings.api_url).hostname or "").lower()
    return hashlib.sha256(f"{host}\n{owner}".encode(errors="surrogatepass")).hexdigest()[:32]


def _await(lock: FileLock, holder: Path, timeout_s: float, clock: Clock, warn: Callable[[str], None]) -> float:
    """Wait for the lock; for how long. Raises LockTimeout."""
    from filelock import Timeout

    began = clock.monotonic()
    deadline = began + timeout_s
    whose = _read_holder(holder)
    if timeout_s > 0:
        warn(f"another apply holds this account ({whose}); waiting up to {timeout_s:g} s for it to end")
    while True:
        left = deadline - clock.monotonic()
        if left <= 0:
            whose = _read_holder(holder)
            raise LockTimeout(
                f"another apply on this machine holds this account ({whose}), after {timeout_s:g} s "
                "still; nothing was written: wait for it to end, or give it longer with --lock-timeout SECONDS",
                holder=whose,
            )
        clock.wait(min(POLL_S, left))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        return clock.monotonic() - began


def _write_holder(holder: Path, now: dt.datetime) -> int:
    """Leave word of whose the lock is; when, by the file system's clock."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "unknown"
    facts = {"pid": os.getpid(), "user": user, "host": platform.node(), "since": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
    holder.unlink(missing_ok=True)
    handle = os.open(holder, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(facts, file)
    return holder.stat().st_mtime_ns


def _read_holder(holder: Path) -> str:
    """Whose the lock is, as far as its holder left word."""
    try:
        with holder.open("rb") as file:
            facts = json.loads(file.read(HOLDER_BYTES))
        pid, user, host, since = (facts[name] for name in ("pid", "user", "host", "since"))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return "it left no word of whose it is"
    return f"process {pid} of {user} on {host}, since {since}"
