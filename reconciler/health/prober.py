"""Asks many endpoints side by side, each in one connection of its own, within one bound of time and bytes each."""

from __future__ import annotations

import asyncio
import random
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from reconciler.api.http import probe_client
from reconciler.api.lean import import_lean_httpx
from reconciler.api.wire import sendable_headers
from reconciler.health.answer import MAX_ANSWER, why_not_comfyui
from reconciler.model.health import Health, Probed

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Sequence

    import httpx

    from reconciler.api.http import ProbeClient
    from reconciler.health.targets import Target
    from reconciler.ports import Stop

AT_ONCE: Final = 50
"""Probes under way at the same time."""

_MAX_REDIRECTS: Final = 3
_STOP_CHECK_S: Final = 0.1
_NOT_FORWARDED: Final = frozenset(
    "accept accept-encoding connection content-length origin te trailer transfer-encoding upgrade".split()  # noqa: SIM905
)
"""What a runner's headers can't say of a probe: framing (RFC 9110, 7.6.1), and Origin, which ComfyUI answers 403 to."""


class Prober:
    """Implements ports.Prober."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def ask(self, targets: Sequence[Target], *, timeout_s: float) -> dict[str, Probed]:
        """What each target shows, by key, each asked once; what a stop cut short is missing.

        Works inside a running event loop too (a notebook, an async program): there it runs in a thread of its own.
        """
        import_lean_httpx()
        if not targets:
            return {}
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self._ask_all(targets, timeout_s))
        return _in_thread(self._ask_all(targets, timeout_s))

    async def _ask_all(self, targets: Iterable[Target], timeout_s: float) -> dict[str, Probed]:
        found: dict[str, Probed] = {}
        queue = list(targets)
        random.shuffle(queue)  # so that no host gets all its probes at once
        async with probe_client(connections=AT_ONCE, timeout_s=timeout_s) as client:

            async def work() -> None:
                while queue and not self._stop.is_set():
                    target = queue.pop()
                    found[target.key] = await _ask_one(client, target, timeout_s)

            workers = [asyncio.ensure_future(work()) for _ in range(min(AT_ONCE, len(queue)))]
            pending: set[asyncio.Future[None]] = set(workers)
            while pending:
                done, pending = await asyncio.wait(pending, timeout=_STOP_CHECK_S)
                for each in done:
                    each.result()
                if self._stop.is_set():
                    for each in pending:
                        each.cancel()
                    await asyncio.gather(*pending, return_exceptions=True)
                    break
        return found


async def _ask_one(client: ProbeClient, target: Target, timeout_s: float) -> Probed:
    try:
        async with asyncio.timeout(timeout_s):
            why = await _look(client, target)
    except TimeoutError:
        why = f"no whole answer within {timeout_s:g} s"
    return Probed(Health.HEALTHY) if why is None else Probed(Health.UNHEALTHY, why)


async def _look(client: ProbeClient, target: Target) -> str | None:
    import httpx

    url = target.url
    for _ in range(_MAX_REDIRECTS + 1):
        request = httpx.Request("GET", url, headers=_headers(target))
        try:
            answer = await client.send(request)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as exc:
            return _why_no_answer(exc)
        try:
            if not answer.has_redirect_location:
                return await _judge(answer)
            url = urljoin(url, answer.headers["location"])
            if not _same_place(request.url, url):
                return "it redirects to another host, which is not followed"
        finally:
            await answer.aclose()
    return "it redirects again and again"


async def _judge(answer: httpx.Response) -> str | None:
    import httpx

    if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
        return "its answer is compressed although that was not asked for"
    body = b""
    try:
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > MAX_ANSWER:
                return f"its answer has over {MAX_ANSWER // 1024} KiB"
    except (httpx.HTTPError, OSError) as exc:
        return _why_no_answer(exc)
    return why_not_comfyui(answer.status_code, body)


def _headers(target: Target) -> list[tuple[str, str]]:
    own = [pair for pair in sendable_headers(target.headers) or () if pair[0].lower() not in _NOT_FORWARDED]
    return [*own, ("Accept", "application/json"), ("Accept-Encoding", "identity"), ("Connection", "close")]


def _same_place(asked: httpx.URL, url: str) -> bool:
    """Whether a redirect stays at its host and port; from http to https on their default ports it does too."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return False
    if (parts.hostname or "").lower() != asked.host.lower() or parts.username is not None:
        return False
    here = asked.port or {"http": 80, "https": 443}.get(asked.scheme)
    upgraded = (asked.scheme, here, parts.scheme, port) == ("http", 80, "https", 443)
    return upgraded or (asked.scheme, here) == (parts.scheme, port)


def _why_no_answer(exc: Exception) -> str:
    """The kind of failure. The exception's own text is not shown: it may hold bytes of the answer."""
    import httpx

    match exc:
        case httpx.ProxyError():
            return "the proxy on the way refuses the connection"
        case httpx.ConnectError():
            return "no connection: refused, no such host, or its certificate is not trusted"
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.RemoteProtocolError() | httpx.DecodingError():
            return "its answer is cut off or no HTTP"
        case httpx.TransportError() | OSError():
            return "the connection broke"
    return "it can't be asked: its address or a header is not usable"


def _in_thread(work: Coroutine[object, object, dict[str, Probed]]) -> dict[str, Probed]:
    found: dict[str, Probed] = {}
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.update(asyncio.run(work))
        except BaseException as exc:  # noqa: BLE001 - handed to the thread that waits
            failed.append(exc)

    thread = threading.Thread(target=run, name="reconciler-probes", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found
