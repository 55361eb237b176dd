"""The two locks of an apply: the token's before the read, the account's after it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.apply.lock import account_lock
from reconciler.workflow.run import account_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from reconciler.apply.lock import Held
    from reconciler.model.runner import Listing
    from reconciler.ports import RunnerReader
    from reconciler.settings import Settings
    from reconciler.workflow.run import Ports


def lock_token(settings: Settings, ports: Ports, timeout_s: float) -> AbstractContextManager[Held]:
    """Hold the token's lock; of a sandbox, the lock of its file. Raises LockTimeout and Interrupted."""
    return account_lock(settings, timeout_s=timeout_s, clock=ports.clock, warn=ports.warn)


@contextmanager
def lock_account(
    settings: Settings, ports: Ports, reader: RunnerReader, listing: Listing, held: Held, timeout_s: float
) -> Iterator[bool]:
    """Hold the account's lock; True when an apply with another token ended since the token's lock was taken.

    Then the listing may be older than what that apply wrote. `timeout_s` is for both locks together: what was waited
    for the token's, which is `held`, is spent. Raises LockTimeout, Interrupted and ApiError.
    """
    without = "no lock against an apply with another token of this account"
    account = None if settings.sandbox else account_of(listing, reader, ports, without)
    if account is None:
        yield False
        return
    left_s = max(0.0, timeout_s - held.waited_s)
    with account_lock(settings, timeout_s=left_s, clock=ports.clock, warn=ports.warn, account=account) as own:
        yield own.ended_since(held)
