"""An event loop whose name look-ups keep no probe waiting, and how many sockets may be open in it."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any, Final

_FILES_KEPT: Final = 32
"""Files left for all else: standard streams, logs, the lock, the service's connections."""


class PatientLoop(asyncio.SelectorEventLoop):
    """Looks each name up once, in a thread of its own.

    The loop's own few threads would all be taken by a few names whose servers are silent: then healthy endpoints would
    run out of time, and the loop could not end before the resolver gives up.
    """

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[tuple[Any, ...], asyncio.Future[list[Any]]] = {}

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - the loop's own name for it
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """As the loop's own."""
        asked = (host, port, family, type, proto, flags)
        found = self._found.get(asked)
        if found is None:
            found = self._found[asked] = self.create_future()
            threading.Thread(target=self._look_up, args=(asked, found), name="reconciler-name", daemon=True).start()
        return await asyncio.shield(found)

    def _look_up(self, asked: tuple[Any, ...], found: asyncio.Future[list[Any]]) -> None:
        result: list[Any] | Exception
        try:
            result = socket.getaddrinfo(*asked)
        except (OSError, ValueError) as exc:
            result = exc
        try:
            self.call_soon_threadsafe(_settle, found, result)
        except RuntimeError:
            return  # the probes are over


def _settle(found: asyncio.Future[list[Any]], result: list[Any] | Exception) -> None:
    if found.done():
        return
    if isinstance(result, Exception):
        found.set_exception(result)
        found.exception()  # nothing may be waiting any more
    else:
        found.set_result(result)


def most_sockets() -> int:
    """Give how many probes may be under way by the process's limit of open files; a look-up takes a file of its own."""
    try:
        import resource
    except ImportError:
        return 1000
    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1000 if limit == resource.RLIM_INFINITY else max(1, (limit - _FILES_KEPT) // 2)
