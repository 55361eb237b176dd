"""What a Reconciler keeps from call to call: how the service is reached, and the ports of its use cases."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.progress import NoProgress
from reconciler.adapters.service import Connection, Service, open_prober, secrets_from
from reconciler.adapters.signals import waitable
from reconciler.apply.journal import NullJournal
from reconciler.errors import UsageProblem
from reconciler.model.secret import Scrubber, Secret
from reconciler.settings import DOCUMENTED_LIMIT, RateLimit, check_plan_key, check_token
from reconciler.workflow.run import Ports, select

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping

    import httpx

    from reconciler.health.targets import Prober
    from reconciler.model.scope import Scope
    from reconciler.ports import Clock, Journal, Progress, SecretSource, Stop
    from reconciler.workflow.run import Selection

_LOG: Final = logging.getLogger("reconciler")
_LOG.addHandler(logging.NullHandler())  # a library leaves it to its host whether its warnings are shown


class Connected:
    """Opened for one account, or one sandbox; closed at the end of its `with`."""

    def __init__(
        self,
        *,
        token: str | None = None,
        token_file: str | os.PathLike[str] | None = None,
        api_url: str | None = None,
        sandbox: str | os.PathLike[str] | None = None,
        plan_key: str | None = None,
        rate_limit: RateLimit | str = DOCUMENTED_LIMIT,
        timeout_s: float | None = None,
        insecure_http: bool = False,
        cwd: str | os.PathLike[str] | None = None,
        clock: Clock | None = None,
        stop: Stop | threading.Event | None = None,
        progress: Progress | None = None,
        journal: Journal | None = None,
        secrets: SecretSource | Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
        warn: Callable[[str], None] | None = None,
        stdin: Callable[[], bytes] | None = None,
        scrubber: Scrubber | None = None,
        prober: Prober | None = None,
    ) -> None:
        """Remember how the service is reached; nothing is sent.

        Args:
            token: the API token; None for the variable that the project file or COMFYCONTROL_API_TOKEN names.
            token_file: a file that holds it instead, read at each call.
            api_url: the service's address; None for COMFYCONTROL_API_URL, or the service itself.
            sandbox: a file; the embedded emulator is then talked to in this process, its state in the file.
            plan_key: signs saved plans, at least 32 bytes; None for RECONCILER_PLAN_KEY, or the token.
            rate_limit: requests in a time; all Reconcilers of a process share it, host by host.
            timeout_s: bounds one whole request; None for the default.
            insecure_http: whether plain http to an address that is not loopback is allowed.
            cwd: the folder of relative paths and of the project file; None for the working folder, call by call.
            clock: time and waiting.
            stop: once it is set, no further write begins and waits end with Interrupted; None for never.
            progress: is shown pages read, outcomes and pauses.
            journal: records every intent and outcome of an apply.
            secrets: where `${env:}` and `${file:}` are looked up, or values by name, before the environment's.
            transport: another way to the service than the network. It is left open: close it yourself.
            warn: takes one sentence each; None for a warning of the logger `reconciler`.
            stdin: gives the manifest of the path `-`; None for an error.
            scrubber: learns every secret, to clean texts of them; None for one of its own.
            prober: asks endpoints, where `probe` says so.
        """
        if sandbox is not None and (api_url or token or token_file):
            raise UsageProblem("sandbox needs neither token nor api_url: leave them out, or leave sandbox out")
        self._cwd = None if cwd is None else Path(cwd)
        connection = Connection(
            api_url=api_url or os.environ.get("COMFYCONTROL_API_URL") or None,
            token=None if token is None else check_token(token.strip(), "token"),
            token_file=None if token_file is None else self._below(token_file),
            plan_key=None if plan_key is None else check_plan_key(Secret(plan_key), "plan_key"),
            sandbox=None if sandbox is None else self._below(sandbox),
            insecure_http=insecure_http,
            rate_limit=RateLimit.parse(rate_limit) if isinstance(rate_limit, str) else rate_limit,
            timeout_s=timeout_s,
        )
        self._closed = False
        scrubber = Scrubber() if scrubber is None else scrubber
        flag = waitable(stop)
        service = Service(
            connection=connection,
            clock=SystemClock(flag) if clock is None else clock,
            stop=flag,
            progress=NoProgress() if progress is None else progress,
            scrubber=scrubber,
            transport=transport,
        )
        self._ports = Ports(
            clock=service.clock,
            stop=flag,
            progress=service.progress,
            journal=NullJournal() if journal is None else journal,
            secrets=secrets_from(secrets, scrubber),
            stdin=_no_stdin if stdin is None else stdin,
            warn=_LOG.warning if warn is None else warn,
            settings=service.settings,
            reader=service.reader,
            client=service.client,
            prober=(lambda: open_prober(flag)) if prober is None else (lambda: prober),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def ports(self) -> Ports:
        """Give the ports, for use cases of `reconciler.workflow` that have no method here."""
        return self._open()

    def select(self, paths: Iterable[str | os.PathLike[str]], scope: Scope) -> Selection:
        """Give what use cases read, for drivers such as a watch; `ports` is how they reach the outside."""
        return select(paths, scope, cwd=Path.cwd() if self._cwd is None else self._cwd.absolute())

    def close(self) -> None:
        """End the progress. Connections last as long as the call that needs them; nothing else is open."""
        self._closed = True
        self._ports.progress.close()

    def _open(self) -> Ports:
        if self._closed:
            raise UsageProblem("this Reconciler is closed: make another one")
        return self._ports

    def _file(self, path: str | os.PathLike[str] | None) -> str | None:
        return None if path is None else self._below(path)

    def _below(self, path: str | os.PathLike[str]) -> str:
        return os.fspath(path if self._cwd is None else self._cwd / path)


def _no_stdin() -> bytes:
    raise UsageProblem("- is the command line's stdin: name files or folders of manifests")
