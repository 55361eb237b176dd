"""Brings what the API server holds into the store, by kopf's watch streams, in a thread of its own.

kopf logs in, lists, watches, and comes back after whatever ends a stream. Only `on.event` is used, so that it writes
nothing: no finalizer, no annotation. Its handlers see one object at a time, and none is called for what vanished
between two of its lists: that is what `listing` is for.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from reconciler.operator.cluster.errors import ClusterError
from reconciler.operator.listing import PAGE, Lists, Scope, read, version_of
from reconciler.operator.resources.resource import ACCOUNTS, GROUP, RUNNERS, VERSION, Ref
from reconciler.text.cause import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import kopf

    from reconciler.operator.store import Store
    from reconciler.ports import Clock

_LOG: Final = logging.getLogger("reconciler.operator")
_ALIVE_S: Final = 60.0
_AGAIN_S: Final = 2.0
_LOOK_S: Final = 1.0
_EXIT_S: Final = 8.0
_STOPPED_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """In seconds. `silent_s`: an API server sends a bookmark a minute, so a stream silent for longer is dead.

    `missing_s` is how long after its start every kind must be listed, else the CRDs are looked for again; `given_up_s`
    is more than kopf waits before it asks again.
    """

    silent_s: float = 70.0
    missing_s: float = 15.0
    given_up_s: float = 15.0


class Streams:
    """The streams of Accounts and Runners, and with `secrets` of secrets, of some namespaces or (none given) of all.

    `login` gives the credentials of the cluster; kopf calls it again when they are refused. `problem` is what keeps the
    streams from turning, in words.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        login: Callable[..., kopf.ConnectionInfo],
        *,
        namespaces: tuple[str, ...] = (),
        secrets: bool = False,
        timing: Timing | None = None,
    ) -> None:
        self.problem: str | None = None
        self._store = store
        self._clock = clock
        self._login = login
        self._namespaces = namespaces
        self._secrets = secrets
        self._timing = timing or Timing()
        scopes = (Scope(kind, each) for kind in (ACCOUNTS, RUNNERS) for each in namespaces or (None,))
        self._lists = Lists(store, frozenset(scopes), self._report)
        self._versions: dict[Ref, str] = {}
        self._beat_at = clock.monotonic()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="reconciler-streams")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_EXIT_S)

    @property
    def alive(self) -> bool:
        """Whether the thread turns."""
        return self._clock.monotonic() - self._beat_at < _ALIVE_S

    def _run(self) -> None:
        if logging.getLogger().getEffectiveLevel() > logging.DEBUG:
            logging.getLogger("kopf").setLevel(logging.CRITICAL)  # what matters of it is said here, in words
        asyncio.run(self._turn())

    async def _turn(self) -> None:
        """Run kopf again and again: whatever ends it, but for being asked to stop, is no reason to stop watching."""
        self._loop = asyncio.get_running_loop()
        beat = asyncio.create_task(self._beat())
        while not self._stop.is_set():
            stop = asyncio.Event()
            ends = asyncio.create_task(self._end(stop))
            self._lists.restart()
            try:
                await self._operate(stop)
            except Exception as exc:  # noqa: BLE001 - kopf ends with whatever an API server answers
                self._report(f"the streams ended: {cause_of(exc)}")
            ends.cancel()
            await _wait(self._stop, _AGAIN_S)
        beat.cancel()

    async def _operate(self, stop: asyncio.Event) -> None:
        import kopf

        settings = kopf.OperatorSettings()
        settings.scanning.disabled = True
        settings.peering.standalone = True
        settings.posting.enabled = False
        settings.process.ultimate_exiting_timeout = None
        settings.watching.inactivity_timeout = self._timing.silent_s
        settings.watching.chunk_size = PAGE
        settings.networking.connect_timeout = 10.0
        settings.networking.request_timeout = 60.0
        settings.networking.error_backoffs = (0.5, 1, 2, 3, 5, 5, 5)
        where: dict[str, Any] = {"namespaces": self._namespaces} if self._namespaces else {"clusterwide": True}
        registry = self._registry()
        operating = asyncio.create_task(
            kopf.operator(registry=registry, settings=settings, standalone=True, stop_flag=stop, **where)
        )
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({operating, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        await asyncio.wait({operating}, timeout=_STOPPED_S)
        if operating.done():
            operating.result()
        else:  # a watcher that broke off amid an event never ends, and kopf waits for it for ever
            operating.cancel()

    def _registry(self) -> kopf.OperatorRegistry:
        import kopf

        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)
        async def login(**facts: Any) -> kopf.AiohttpSession:
            try:
                info = self._login(**facts)
                return kopf.AiohttpSession(server=info.server, aiohttp_session=self._lists.session(info))
            except ClusterError as exc:  # kopf would try again in a minute
                self._report(str(exc))
                raise kopf.TemporaryError(str(exc), delay=_AGAIN_S) from exc

        @kopf.on.event(GROUP, VERSION, ACCOUNTS, registry=registry)
        async def account(event: Any, **_: Any) -> None:
            self._take(ACCOUNTS, event)

        @kopf.on.event(GROUP, VERSION, RUNNERS, registry=registry)
        async def runner(event: Any, **_: Any) -> None:
            self._take(RUNNERS, event)

        if self._secrets:

            @kopf.on.event("v1", "secrets", registry=registry)
            async def secret(event: Any, **_: Any) -> None:
                self._touch(event)

        return registry

    def _take(self, kind: str, event: Mapping[str, Any]) -> None:
        resource = read(event["object"])
        if event["type"] == "DELETED":
            self._store.drop(kind, resource.ref, resource.uid)
        else:
            self._store.put(kind, resource, version_of(event["object"]))

    def _touch(self, event: Mapping[str, Any]) -> None:
        """Mark whose plans a secret is part of. Of its content nothing is looked at, nor kept."""
        meta = event["object"]["metadata"]
        ref = Ref(meta["namespace"], meta["name"])
        before = self._versions.pop(ref, None)
        if event["type"] != "DELETED":
            self._versions[ref] = meta["resourceVersion"]
        if before != self._versions.get(ref):
            self._store.touch_secret(ref)

    async def _beat(self) -> None:
        while True:
            self._beat_at = self._clock.monotonic()
            await asyncio.sleep(1.0)

    async def _end(self, stop: asyncio.Event) -> None:
        """End kopf when asked to stop; or where it found no such kinds, or has given one up, so that it begins anew."""
        if not await _wait(self._stop, self._timing.missing_s):
            if self._lists.missing and self.problem is None:
                kinds = " and ".join(sorted({scope.kind for scope in self._lists.missing}))
                self._report(
                    f"the API server has no {kinds} of {GROUP}/{VERSION}; "
                    "install them: reconciler operator manifests | kubectl apply -f -"
                )
            while not self._lists.missing and not self._lists.given_up(self._timing.given_up_s):
                if await _wait(self._stop, _LOOK_S):
                    break
        stop.set()

    def _report(self, problem: str | None) -> None:
        if problem == self.problem:
            return
        if problem is not None:
            _LOG.warning("%s", problem)
        else:
            _LOG.info("the API server answers again")
        self.problem = problem


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Wait until it is set; whether it was, within so many seconds."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
