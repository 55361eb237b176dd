"""What the API server holds of Accounts and Runners, which Runner belongs to which Account, and what has changed.

Streams write here, in any order and any thread; the loops of the accounts read. Nothing may be planned before `ready`:
until a whole listing was taken in, a Runner that was not seen yet would look deleted.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.operator.resources.resource import ACCOUNTS, DEFAULT_ACCOUNT, RUNNERS, Ref, Resource, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.ports import Clock

QUIET_S: Final = 1.0
"""A burst of changes is over when nothing has changed for so long."""
LONGEST_BURST_S: Final = 5.0
"""So long after its first change a burst is acted on, over or not."""


class Versioned(NamedTuple):
    """A resource, and its resourceVersion: the greater one is the later one."""

    resource: Resource
    version: int


@dataclass(slots=True)
class _Change:
    """`count` grows with every change; the times are those of the burst that is not acted on yet."""

    count: int = 0
    first_at: float | None = None
    last_at: float = 0.0


class Store:
    """Every Account and Runner of the watched namespaces; safe to use from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._held: dict[str, dict[Ref, Versioned]] = {ACCOUNTS: {}, RUNNERS: {}}
        self._gone: set[str] = set()
        self._listings = 0
        self._changes: dict[Ref, _Change] = {}
        self._secrets: dict[Ref, frozenset[Ref]] = {}
        self.ready = False
        """Whether everything was listed once: turned on by whoever lists."""

    def put(self, kind: str, resource: Resource, version: int) -> None:
        """Take in one resource as it is, unless something later is known of it."""
        with self._lock:
            self._put(kind, resource, version)

    def drop(self, kind: str, ref: Ref, uid: str) -> None:
        """Forget one resource that was deleted; its successor of the same name stays."""
        with self._lock:
            if self._listings:
                self._gone.add(uid)
            held = self._held[kind].get(ref)
            if held is not None and held.resource.uid == uid:
                self._remove(kind, ref)

    @contextmanager
    def listing(self) -> Iterator[None]:
        """While in it, what is deleted is remembered: a list that was begun before may still hold it."""
        with self._lock:
            self._listings += 1
        try:
            yield
        finally:
            with self._lock:
                self._listings -= 1
                if not self._listings:
                    self._gone.clear()

    def replace(self, kind: str, namespace: str | None, listed: Iterable[Versioned], version: int) -> None:
        """Take in a whole list, of one namespace or (None) of all, as it was at `version`.

        What is not in it is gone, but for what was created after it. To be called within `listing`, which must have
        been entered before the list was asked for.
        """
        with self._lock:
            seen: set[Ref] = set()
            for each in listed:
                seen.add(each.resource.ref)
                self._put(kind, each.resource, each.version)
            for ref, held in list(self._held[kind].items()):
                if namespace in (None, ref.namespace) and ref not in seen and held.version <= version:
                    self._remove(kind, ref)

    def accounts(self) -> dict[Ref, str]:
        """Every Account, with its uid: another one is another Account, whatever its name."""
        with self._lock:
            return {ref: held.resource.uid for ref, held in self._held[ACCOUNTS].items()}

    def snapshot(self, account: Ref) -> Snapshot | None:
        """An Account with its Runners, in a stable order; the burst of changes before is acted on. None: it is gone."""
        with self._lock:
            held = self._held[ACCOUNTS].get(account)
            if held is None:
                return None
            self._change_of(account).first_at = None
            runners = [each.resource for each in self._held[RUNNERS].values() if self._owner(each.resource) == account]
            return Snapshot(held.resource, tuple(sorted(runners, key=lambda runner: runner.ref)))

    def strays(self) -> list[tuple[Resource, str]]:
        """Every Runner that belongs to no Account, and why."""
        with self._lock:
            owners = [(each.resource, self._owner(each.resource)) for each in self._held[RUNNERS].values()]
            return [(runner, owner) for runner, owner in owners if isinstance(owner, str)]

    def mark(self, account: Ref) -> int:
        """What grows with every change that an Account's plan may depend on."""
        with self._lock:
            return self._change_of(account).count

    def unsettled_s(self, account: Ref) -> float:
        """For how long to wait until a burst of changes counts as over; 0: there is none."""
        with self._lock:
            change = self._change_of(account)
            if change.first_at is None:
                return 0.0
            over_at = min(change.last_at + QUIET_S, change.first_at + LONGEST_BURST_S)
            return max(0.0, over_at - self._clock.monotonic())

    def uses(self, account: Ref, secrets: frozenset[Ref]) -> None:
        """Note which secrets an Account's plan was made with."""
        with self._lock:
            self._secrets[account] = secrets

    def touch_secret(self, secret: Ref) -> None:
        """Note that a secret has changed, or is gone."""
        with self._lock:
            for account, used in self._secrets.items():
                if secret in used:
                    self._touch(account)

    def _put(self, kind: str, resource: Resource, version: int) -> None:
        before = self._held[kind].get(resource.ref)
        known = before is not None and before.resource.uid == resource.uid
        if resource.uid in self._gone or (before is not None and version < before.version):
            return
        if known and before is not None and _same(before.resource, resource):  # only its status or metadata has changed
            self._held[kind][resource.ref] = Versioned(resource, version)
            return
        self._touch_for(kind, before.resource if before else None)
        self._held[kind][resource.ref] = Versioned(resource, version)
        self._touch_for(kind, resource)

    def _remove(self, kind: str, ref: Ref) -> None:
        before = self._held[kind][ref].resource
        self._touch_for(kind, before)
        del self._held[kind][ref]
        self._touch_for(kind, before)
        if kind == ACCOUNTS:
            self._changes.pop(ref, None)
            self._secrets.pop(ref, None)

    def _touch_for(self, kind: str, resource: Resource | None) -> None:
        """Mark whose plan depends on a resource. An Account can take Runners from others of its name, or leave them."""
        if resource is None:
            return
        if kind == ACCOUNTS:
            for ref in self._held[ACCOUNTS]:
                if ref.name == resource.ref.name:
                    self._touch(ref)
        elif not isinstance(owner := self._owner(resource), str):
            self._touch(owner)

    def _touch(self, account: Ref) -> None:
        now = self._clock.monotonic()
        change = self._change_of(account)
        change.count += 1
        change.last_at = now
        if change.first_at is None:
            change.first_at = now

    def _change_of(self, account: Ref) -> _Change:
        return self._changes.setdefault(account, _Change())

    def _owner(self, runner: Resource) -> Ref | str:
        """The Account that a Runner belongs to, or why to none.

        That is the one in its own namespace; where there is none, the only one of that name that takes Runners of this
        namespace.
        """
        name = str(runner.spec.get("account", DEFAULT_ACCOUNT))
        namespace = runner.ref.namespace
        own = Ref(namespace, name)
        accounts = self._held[ACCOUNTS]
        if own in accounts:
            return own
        named = [held.resource for ref, held in accounts.items() if ref.name == name]
        found = sorted(account.ref for account in named if _takes(account, namespace))
        if len(found) == 1:
            return found[0]
        if found:
            return f"there are several Accounts {name}: {', '.join(map(str, found))}; create one in {namespace}"
        if named:
            others = ", ".join(sorted(str(account.ref) for account in named))
            return f"spec.runnerNamespaces of Account {others} leaves out {namespace}; add it there"
        return f"there is no Account {name} in {namespace}, nor in any other namespace; create one"


def _same(before: Resource, after: Resource) -> bool:
    return before.spec == after.spec and before.generation == after.generation


def _takes(account: Resource, namespace: str) -> bool:
    globs = account.spec.get("runnerNamespaces", ["*"])
    return isinstance(globs, list) and any(fnmatchcase(namespace, str(glob)) for glob in globs)
