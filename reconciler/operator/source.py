"""One account's resources as the source of its loop: what the store holds once a burst of changes is over."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.errors import Interrupted
from reconciler.operator.resources.files import ResourceFiles, secret_refs, token_ref
from reconciler.operator.resources.resource import Ref
from reconciler.workflow.run import Selection

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from reconciler.manifests.project import Project
    from reconciler.operator.resources.resource import Snapshot
    from reconciler.operator.secrets import Secrets
    from reconciler.operator.store import Store
    from reconciler.ports import Clock

LOOK_EVERY_S: Final = 0.25
FIRST_AGAIN_S: Final = 2.0
LONGEST_AGAIN_S: Final = 15.0
"""Until something compiles, secrets that may be there by now are tried again after pauses that double."""
_NOWHERE: Final = Path("/")
"""The folder that relative paths are of: nothing is read from the disk."""


class Resources:
    """Implements Source. `opened` is what was tried last, `in_force` what compiled last (None: nothing yet)."""

    look_every_s = LOOK_EVERY_S
    revision = None

    def __init__(self, store: Store, account: Ref, clock: Clock, secrets: Secrets) -> None:
        self.mark: str | None = None
        self.opened: Snapshot | None = None
        self.in_force: Snapshot | None = None
        self._store = store
        self._account = account
        self._clock = clock
        self._secrets = secrets
        self._pause_s = FIRST_AGAIN_S
        self._again_at: float | None = None

    def look(self) -> str:
        """Return the mark of what is there now; while a burst of changes lasts, that of what was opened.

        Until something compiles it is another one now and then: what lacked may be a secret, which marks nothing.
        """
        if self.mark is not None and self._store.unsettled_s(self._account):
            return self.mark
        again = self._again_at is not None and self._clock.monotonic() >= self._again_at
        return f"{self._store.mark(self._account)}{' again' if again else ''}"

    def open(self) -> AbstractContextManager[Selection]:
        """Return the resources as they are once a burst of changes is over.

        Raises Interrupted where the Account is gone: its loop has nothing to do any more.
        """
        while unsettled_s := self._store.unsettled_s(self._account):
            self._clock.wait(unsettled_s)
        self.mark = str(self._store.mark(self._account))
        snapshot = self._store.snapshot(self._account)
        if snapshot is None:
            raise Interrupted(f"there is no Account {self._account} any more")
        self.opened = snapshot
        token = token_ref(snapshot.account)
        refs = secret_refs(snapshot) | ({token} if token else set())
        self._store.uses(self._account, frozenset(Ref(ref.namespace, ref.name) for ref in refs))
        self._secrets.refresh()
        if refs and self.in_force is None:
            self._again_at = self._clock.monotonic() + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_AGAIN_S)
        return nullcontext(Selection(cwd=_NOWHERE, files=ResourceFiles(snapshot), allow_empty=True))

    def note(self, project: Project) -> None:
        """Take over what compiled: how the service is reached is as its Account says, too."""
        del project
        self.in_force = self.opened
        self._again_at = None

    def close(self) -> None:
        """There is nothing to leave behind."""
