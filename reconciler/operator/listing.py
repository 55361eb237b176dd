"""Lists whole kinds, so that what vanished while no stream was open is noticed, and nothing is planned by half.

Each time that kopf has listed and begins to watch, everything is listed once more here. Whatever happens after that
list comes by the stream; what the list lacks, and was there before, is gone.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reconciler.operator.cluster.errors import rule
from reconciler.operator.resources.resource import ACCOUNTS, GROUP, RUNNERS, VERSION, Ref, Resource
from reconciler.operator.store import Versioned
from reconciler.text.cause import cause_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from types import SimpleNamespace

    import aiohttp
    import kopf

    from reconciler.operator.store import Store

PAGE: Final = 500
AGAIN_S: Final = 2.0
_FAILED: Final = 400
_FORBIDDEN: Final = 403
_GONE: Final = 410
_PATH: Final = re.compile(rf"/(?:apis/{re.escape(GROUP)}/{VERSION}|api/v1)(?:/namespaces/([^/]+))?/([a-z]+)")
_OURS: Final = "a list of our own"


class Scope(NamedTuple):
    """What one stream is about: a kind, in one namespace or (None) in all."""

    kind: str
    namespace: str | None

    def __str__(self) -> str:
        return f"{self.kind} in {self.namespace or 'all namespaces'}"


class Lists:
    """Follows the requests of a session, and lists a scope of `expected` when kopf begins to watch it anew."""

    def __init__(self, store: Store, expected: frozenset[Scope], report: Callable[[str | None], None]) -> None:
        self._store = store
        self._expected = expected
        self._report = report
        self._asked: set[Scope] = set()
        self._unwatched: set[Scope] = set()
        self._failed_at: dict[Scope, float] = {}
        self._listed: set[Scope] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def session(self, info: kopf.ConnectionInfo) -> aiohttp.ClientSession:
        """Make the session that kopf would make itself, but for what it reports of each request."""
        import aiohttp

        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._follow)
        trace.on_request_end.append(self._answered)
        trace.on_request_exception.append(self._broke)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=info.as_ssl_context()),
            headers=info.as_http_headers(),
            proxy=info.proxy_url,
            trust_env=info.trust_env,
            trace_configs=[trace],
        )
        return self._session

    @property
    def missing(self) -> frozenset[Scope]:
        """What was not even asked for: the API server has no such kind."""
        return self._expected - self._asked

    def restart(self) -> None:
        """Begin anew, with kopf."""
        self._asked.clear()
        self._failed_at.clear()
        self._unwatched.clear()
        for task in self._tasks:
            task.cancel()

    async def _follow(
        self, _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        """Note a request that begins (a callback of aiohttp's TraceConfig)."""
        scope = scope_of(params.url.path)
        if scope not in self._expected or context.trace_request_ctx == _OURS:
            return
        self._asked.add(scope)
        self._failed_at.pop(scope, None)
        if params.url.query.get("watch") != "true":
            self._unwatched.add(scope)
        elif scope in self._unwatched:
            self._unwatched.discard(scope)
            task = asyncio.create_task(self._list(str(params.url.with_query(None)), scope))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answered(
        self, _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        status, scope = params.response.status, scope_of(params.url.path)
        if status < _FAILED or status == _GONE:
            if scope:
                self._report(None)
            return
        self._failed(scope, context)
        if status == _FORBIDDEN and scope:
            self._report(lacking(scope, "watch" if params.url.query.get("watch") == "true" else "list"))
        else:
            self._report(f"the API server answers {status} to {params.method} of {scope or params.url.path}")

    async def _broke(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams
    ) -> None:
        if not isinstance(params.exception, Exception):
            return  # it is only asked to stop
        self._failed(scope_of(params.url.path), context)
        if not session.closed:  # else kopf has closed it, since its credentials were refused
            self._report(f"the API server can't be reached: {cause_of(params.exception)}")

    def _failed(self, scope: Scope | None, context: SimpleNamespace) -> None:
        if scope in self._expected and context.trace_request_ctx != _OURS:
            self._failed_at[scope] = time.monotonic()

    def given_up(self, since_s: float) -> bool:
        """Say whether kopf has not asked again for so long after a failure: what it takes for final ends a watcher."""
        return any(failed_at <= time.monotonic() - since_s for failed_at in self._failed_at.values())

    async def _list(self, url: str, scope: Scope) -> None:
        """List a scope whole, and take it in; again until it works, with the credentials that are valid then."""
        assert self._session is not None  # noqa: S101 - a request in it led here
        while True:
            with self._store.listing():
                try:
                    version, found = 0, list[Versioned]()
                    async for of, items in _pages(self._session, url):
                        version = version or of
                        found.extend(Versioned(read(each), version_of(each)) for each in items)
                except Exception as exc:  # noqa: BLE001 - an answer of any kind that is not the list
                    self._report(f"{scope} can't be listed: {cause_of(exc)}")
                else:
                    self._store.replace(scope.kind, scope.namespace, found, version)
                    self._listed.add(scope)
                    self._store.ready = self._listed >= self._expected
                    return
            await asyncio.sleep(AGAIN_S)


def read(item: Mapping[str, Any]) -> Resource:
    """A resource as the API server wrote it."""
    meta = item["metadata"]
    return Resource(
        ref=Ref(meta["namespace"], meta["name"]),
        uid=meta["uid"],
        generation=meta.get("generation", 0),
        spec=item.get("spec") or {},
        status=item.get("status") or {},
    )


def version_of(item: Mapping[str, Any]) -> int:
    """The resourceVersion, which compares as a number within a kind (Kubernetes, API concepts)."""
    return int(item["metadata"]["resourceVersion"])


def scope_of(path: str) -> Scope | None:
    """What the path of a list or a watch is about."""
    found = _PATH.fullmatch(path)
    return Scope(found[2], found[1]) if found else None


def lacking(scope: Scope, verb: str) -> str:
    """What a 403 means: the rule that the role of the operator lacks."""
    group = GROUP if scope.kind in (ACCOUNTS, RUNNERS) else ""
    return f"{verb} {scope} is forbidden (403); the role of the operator lacks {rule(group, scope.kind, verb)}"


async def _pages(session: aiohttp.ClientSession, url: str) -> AsyncIterator[tuple[int, list[Any]]]:
    """The pages of one list, each with the version of the whole."""
    token = ""
    while True:
        params = {"limit": str(PAGE), **({"continue": token} if token else {})}
        async with session.get(url, params=params, raise_for_status=True, trace_request_ctx=_OURS) as answer:
            page = await answer.json()
        yield int(page["metadata"]["resourceVersion"]), page.get("items") or []
        token = page["metadata"].get("continue") or ""
        if not token:
            return
