"""One writer: the locks that an apply takes for its run, held by a watch for as long as it is in mode apply."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from reconciler.apply.lock import lock_name
from reconciler.workflow.locks import lock_account, lock_token

if TYPE_CHECKING:
    from reconciler.apply.lock import Held
    from reconciler.model.runner import Listing
    from reconciler.ports import RunnerReader
    from reconciler.settings import Settings
    from reconciler.workflow.run import Ports


class WriterLocks:
    """The token's lock, taken before the first read, and the account's, taken after it. Neither is waited for here.

    Every method that takes one raises LockTimeout, which says whose it is; the caller tries again later.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._token: Held | None = None
        self._name: str | None = None
        self._account: str | None = None

    def hold_token(self, settings: Settings, ports: Ports) -> bool:
        """Hold the lock of this token, and release those of another one; whether it was taken just now."""
        name = lock_name(settings, None)
        if self._token is not None and self._name == name:
            return False
        self.release()
        self._token = self._stack.enter_context(lock_token(settings, ports, 0.0))
        self._name = name
        return True

    def hold_account(self, settings: Settings, ports: Ports, reader: RunnerReader, listing: Listing) -> bool:
        """Hold the lock of the account that was read; whether another writer ended meanwhile, so: read again."""
        assert self._token is not None  # noqa: S101 - held before the read
        if self._account is not None:
            return False
        changed = self._stack.enter_context(lock_account(settings, ports, reader, listing, self._token, 0.0))
        self._account = listing.account or "its owner is not known"
        return changed

    @property
    def held(self) -> bool:
        """Whether this is the one writer."""
        return self._account is not None

    def release(self) -> None:
        """Let others write."""
        self._token = self._name = self._account = None
        self._stack.close()
