"""The door without a network: an httpx transport that calls the service in the same process.

Import this module where the transport is made: it brings httpx.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

from reconciler.sandbox.exchange import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.sandbox.service import Service


def transport(service: Service, *, sleep: Callable[[float], None] = time.sleep) -> httpx.BaseTransport:
    """Make a transport that answers every request from the service, whatever its host; closing it closes the store.

    Args:
        service: who answers.
        sleep: waits for the service's latency, half before it and half after.
    """
    return _InProcess(service, sleep)


class _InProcess(httpx.BaseTransport):
    def __init__(self, service: Service, sleep: Callable[[float], None]) -> None:
        self._service = service
        self._sleep = sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        self._wait()
        response = self._service.handle(
            Request(
                method=request.method,
                path=request.url.path,
                query=request.url.query.decode("ascii"),
                headers=dict(request.headers),
                body=body,
            )
        )
        self._wait()
        return httpx.Response(response.status, headers=dict(response.headers), content=response.body, request=request)

    def close(self) -> None:
        self._service.store.close()

    def _wait(self) -> None:
        if self._service.latency_s:
            self._sleep(self._service.latency_s / 2)
