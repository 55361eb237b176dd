"""The way to the service, or to the embedded sandbox: settings from what was given, clients from settings."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from reconciler.manifests.secrets.allowed import ProcessSecrets
from reconciler.model.secret import Secret
from reconciler.settings import (
    DEFAULT_API_URL,
    DOCUMENTED_LIMIT,
    RateLimit,
    Settings,
    check_api_url,
    read_plan_key,
    read_token,
    read_token_file,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from reconciler.api.client import Client, Reader
    from reconciler.health.targets import Prober
    from reconciler.manifests.project import Project
    from reconciler.model.secret import Scrubber
    from reconciler.ports import Clock, Progress, SecretSource, Stop

if TYPE_CHECKING:
    Opened = TypeVar("Opened", bound=Reader)

SANDBOX_URL: Final = "http://sandbox.localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach the service, as far as it was given; None means the environment's value, or the default.

    `sandbox` is the file of the embedded emulator, which is then talked to in this process.
    """

    api_url: str | None = None
    token: Secret | None = None
    token_file: str | None = None
    plan_key: Secret | None = None
    sandbox: str | None = None
    insecure_http: bool = False
    rate_limit: RateLimit = DOCUMENTED_LIMIT
    timeout_s: float | None = None

    def settings(self, project: Project | None, environ: Mapping[str, str]) -> Settings:
        """Return the settings for one project and environment. Raises UsageProblem, also without a token."""
        common = Settings(
            api_url=SANDBOX_URL,
            token=Secret(""),
            plan_key=Secret(""),
            rate_limit=self.rate_limit,
            public_headers=project.public_headers if project else frozenset(),
        )
        if timeout_s := self.timeout_s:
            connect_s = min(timeout_s, common.connect_timeout_s)
            common = replace(common, read_timeout_s=timeout_s, connect_timeout_s=connect_s, request_timeout_s=timeout_s)
        if self.sandbox:
            from reconciler.sandbox.service import SANDBOX_TOKEN
            from reconciler.sandbox.store import Store

            with Store(self.sandbox) as store:
                key = store.plan_key()
            return replace(common, token=Secret(SANDBOX_TOKEN), plan_key=Secret(key), sandbox=self.sandbox)
        url = check_api_url(self.api_url or DEFAULT_API_URL, insecure_http=self.insecure_http)
        if self.token_file:
            token = read_token_file(self.token_file)
        else:
            token = self.token or read_token(environ, project.token_env if project else None)
        return replace(common, api_url=url, token=token, plan_key=self.plan_key or read_plan_key(environ, token))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Opens clients of one connection; all of them share clock, stop, progress and scrubber."""

    connection: Connection
    clock: Clock
    stop: Stop
    progress: Progress
    scrubber: Scrubber
    transport: httpx.BaseTransport | None = None

    def settings(self, project: Project | None) -> Settings:
        """Return the settings for one project and environment. Raises UsageProblem, also without a token."""
        return self.connection.settings(project, os.environ)

    def reader(self, settings: Settings) -> Reader:
        """Return a client without a verb that writes."""
        from reconciler.api.client import Reader

        return self._open(Reader, settings)

    def client(self, settings: Settings) -> Client:
        """Return a client that writes."""
        from reconciler.api.client import Client

        return self._open(Client, settings)

    def _open(self, kind: type[Opened], settings: Settings) -> Opened:
        self.scrubber.learn((settings.token,))
        transport: Any = None
        if self.transport is not None:
            transport = Lent(self.transport)
        elif settings.sandbox is not None:
            from reconciler.api.lean import import_lean_httpx

            import_lean_httpx()
            from reconciler.sandbox.service import Service as Emulator
            from reconciler.sandbox.store import Store
            from reconciler.sandbox.transport import transport as in_process

            limit = (settings.rate_limit.requests, settings.rate_limit.seconds)
            transport = in_process(Emulator(Store(settings.sandbox), rate_limit=limit))
        return kind(
            settings,
            clock=self.clock,
            stop=self.stop,
            progress=self.progress,
            transport=transport,
            scrubber=self.scrubber,
        )


def secrets_from(given: SecretSource | Mapping[str, str] | None, scrubber: Scrubber) -> SecretSource:
    """Return where references are looked up: a source of one's own, or values by name before the environment's."""
    from collections.abc import Mapping

    if given is not None and not isinstance(given, Mapping):
        return given
    values = {name: Secret(value) for name, value in (given or {}).items()}
    scrubber.learn(values.values())
    return ProcessSecrets(os.environ, values)


class Lent:
    """A transport that outlives the clients it is lent to: whoever made it closes it."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        pass

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on."""
        return self._transport.handle_request(request)

    def close(self) -> None:
        """Leave the transport open."""


def open_prober(stop: Stop) -> Prober:
    """Open what asks endpoints over the network. It is loaded only where one is to be asked."""
    from reconciler.health.prober import Prober as Asking

    return Asking(stop)
