"""Asks many endpoints side by side, each in one connection of its own, within one bound of time and bytes each."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from reconciler import __version__
from reconciler.api.http import probe_client
from reconciler.api.lean import import_lean_httpx
from reconciler.api.wire import sendable_headers
from reconciler.errors import Unreachable
from reconciler.health.answer import MAX_ANSWER, why_not_comfyui
from reconciler.health.failures import CannotAsk, why_no_answer
from reconciler.health.loop import PatientLoop, most_sockets
from reconciler.model.fields.endpoint import ascii_host, host
from reconciler.model.fields.headers import fold
from reconciler.model.health import Health, Probed

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Sequence

    import httpx

    from reconciler.api.http import ProbeClient
    from reconciler.health.targets import Target
    from reconciler.ports import Stop

AT_ONCE: Final = 50
"""Probes under way at the same time."""

_LOG: Final = logging.getLogger("reconciler.health")
_MAX_REDIRECTS: Final = 3
_STOP_CHECK_S: Final = 0.1
_NOT_FORWARDED: Final = frozenset(
    """
    accept accept-encoding connection content-length expect keep-alive origin proxy-authorization proxy-connection te
    trailer transfer-encoding upgrade
    """.split()  # noqa: SIM905 - one word a name
)
"""What a runner's headers can't say of a probe: framing and what is for one hop, a proxy included (RFC 9110, 7.6.1),
and Origin, which ComfyUI answers 403 to.
"""


class Prober:
    """Implements targets.Prober."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def ask(self, targets: Sequence[Target], *, timeout_s: float) -> dict[str, Probed]:
        """Ask what each target shows, by key, each asked once; what a stop cut short is missing.

        Works inside a running event loop too (a notebook, an async program): there it runs in a thread of its own.
        """
        import_lean_httpx()
        if not targets:
            return {}
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return _run(self._ask_all(targets, timeout_s))
        return _in_thread(self._ask_all(targets, timeout_s))

    async def _ask_all(self, targets: Iterable[Target], timeout_s: float) -> dict[str, Probed]:
        found: dict[str, Probed] = {}
        queue = list(targets)
        random.shuffle(queue)  # so that no host gets all its probes at once
        at_once = min(AT_ONCE, most_sockets())
        async with probe_client(connections=at_once, timeout_s=timeout_s) as client:

            async def work() -> None:
                while queue and not self._stop.is_set():
                    target = queue.pop()
                    found[target.key] = await _ask_one(client, target, timeout_s)

            workers = [asyncio.ensure_future(work()) for _ in range(min(at_once, len(queue)))]
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
    except CannotAsk as exc:
        return Probed(Health.UNKNOWN, str(exc))
    except Unreachable:
        raise
    except Exception as exc:  # noqa: BLE001 - one odd endpoint must not end the probes of all others
        _LOG.debug("%s: %s", target.key, type(exc).__name__)  # its text may hold bytes of the answer
        return Probed(Health.UNKNOWN, "it can't be asked: its address or a header is not usable")
    return Probed(Health.HEALTHY) if why is None else Probed(Health.UNHEALTHY, why)


async def _look(client: ProbeClient, target: Target) -> str | None:
    import httpx

    url = target.url
    for _ in range(_MAX_REDIRECTS + 1):
        request = httpx.Request("GET", _read(url), headers=_headers(target))
        try:
            answer = await client.send(_with_password(request))
        except (httpx.TransportError, OSError) as exc:
            return why_no_answer(exc)
        try:
            if not answer.has_redirect_location:
                return await _judge(answer)
            url = urljoin(url, answer.headers["location"])
            if not _same_place(request.url, url):
                return "it redirects to another host, which is not followed"
        finally:
            await answer.aclose()
    return "it redirects again and again"


@lru_cache(maxsize=10_000)
def _read(url: str) -> httpx.URL:
    """The address, read once for all rounds. Raises CannotAsk where another reader would find another host in it."""
    import httpx

    found = httpx.URL(url)
    if found.raw_host != httpx.URL(scheme="http", host=host(url) or "").raw_host:
        raise CannotAsk("the host of its address can be read in two ways")
    return found


def _with_password(request: httpx.Request) -> httpx.Request:
    """The request with the user and password of its address, which a live runner may have."""
    import httpx

    if request.url.userinfo:
        return next(httpx.BasicAuth(request.url.username, request.url.password).auth_flow(request))
    return request


async def _judge(answer: httpx.Response) -> str | None:
    import httpx

    if answer.status_code != httpx.codes.OK:
        return f"it answers {answer.status_code}"
    if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
        return "its answer is compressed although that was not asked for"
    body = b""
    try:
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > MAX_ANSWER:
                return f"its answer has over {MAX_ANSWER // 1024} KiB"
    except (httpx.TransportError, OSError) as exc:
        return why_no_answer(exc)
    return why_not_comfyui(answer.status_code, body)


def _headers(target: Target) -> list[tuple[bytes, bytes]]:
    """The runner's own, as UTF-8 where they are not ASCII, and those of a probe."""
    own = [pair for pair in sendable_headers(target.headers) or () if fold(pair[0]) not in _NOT_FORWARDED]
    if not any(fold(name) == "user-agent" for name, _ in own):
        own.append(("User-Agent", f"comfycontrol-reconciler/{__version__}"))
    asked = [*own, ("Accept", "application/json"), ("Accept-Encoding", "identity"), ("Connection", "close")]
    return [(name.encode(), value.encode()) for name, value in asked]


def _same_place(asked: httpx.URL, url: str) -> bool:
    """Whether a redirect stays at its host and port; from http to https on their default ports it does too."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return False
    if ascii_host((parts.hostname or "").lower()) != asked.raw_host.decode().lower() or parts.username is not None:
        return False
    here = asked.port or {"http": 80, "https": 443}.get(asked.scheme)
    upgraded = (asked.scheme, here, parts.scheme, port) == ("http", 80, "https", 443)
    return upgraded or (asked.scheme, here) == (parts.scheme, port)


def _run(work: Coroutine[object, object, dict[str, Probed]]) -> dict[str, Probed]:
    with asyncio.Runner(loop_factory=PatientLoop) as runner:
        return runner.run(work)


def _in_thread(work: Coroutine[object, object, dict[str, Probed]]) -> dict[str, Probed]:
    found: dict[str, Probed] = {}
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.update(_run(work))
        except BaseException as exc:  # noqa: BLE001 - handed to the thread that waits
            failed.append(exc)

    thread = threading.Thread(target=run, name="reconciler-probes", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found
