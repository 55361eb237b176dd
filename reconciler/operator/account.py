"""The loop of one Account, in a thread of its own: the same as that of a watch, with resources as its source."""

from __future__ import annotations

import logging
import random
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler.adapters.service import Connection
from reconciler.adapters.signals import StopFlag
from reconciler.engine import Reconciler
from reconciler.errors import Interrupted, ReconcilerError, UsageProblem
from reconciler.model.watching import Mode, Overrides, Watching
from reconciler.operator.cluster.reporter import Reporter
from reconciler.operator.resources.files import token_ref
from reconciler.operator.secrets import Secrets
from reconciler.operator.source import Resources
from reconciler.operator.statuses.observed import Observed, ids_of, problems_in
from reconciler.operator.statuses.updates import updates
from reconciler.settings import DEFAULT_API_URL, DOCUMENTED_LIMIT, RateLimit
from reconciler.text.cause import cause_of
from reconciler.watch.board import Beating, Board, Warnings
from reconciler.watch.cycle import Cycle
from reconciler.watch.endpoints import Endpoints
from reconciler.watch.loop import Loop, Wakeups
from reconciler.watch.notify import Silence, Webhook
from reconciler.watch.status import Status
from reconciler.workflow.apply import Writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.manifests.project import Project
    from reconciler.model.secret import Scrubber
    from reconciler.operator.cluster.client import Cluster
    from reconciler.operator.resources.resource import Ref
    from reconciler.operator.store import Store
    from reconciler.ports import Journal
    from reconciler.settings import Settings
    from reconciler.watch.happened import Happened
    from reconciler.watch.notify import Notifier
    from reconciler.workflow.run import Ports

AGAIN_S: Final = 10.0
"""So long after a loop ended of itself, which it should not, another one begins."""


class BadSpec(ReconcilerError):
    """What an Account says of the service can't be used."""

    code = "spec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """How all accounts are run. `notify_url` is empty for none; with `everyone` every active runner is asked."""

    cluster: Cluster
    store: Store
    scrubber: Scrubber
    may_write: Callable[[], bool]
    parallelism: int = 4
    verify: bool = True
    timeout_s: float | None = None
    insecure_http: bool = False
    everyone: bool = True
    journal: Journal | None = None
    notify_url: str = ""


class AccountLoop:
    """Runs until `stop`: then no further write begins, and `join` returns when the one in flight is over."""

    def __init__(self, account: Ref, running: Running) -> None:
        self._account = account
        self._running = running
        self._stop = _Stop(running.may_write)
        self._log = logging.getLogger(f"reconciler.operator.{account}")
        self._secrets = Secrets(running.cluster)
        self._connected = Reconciler(
            stop=self._stop,
            secrets=self._secrets,
            journal=running.journal,
            timeout_s=running.timeout_s,
            insecure_http=running.insecure_http,
            scrubber=running.scrubber,
        )
        begun = Watching()
        status = Status(environment=str(account), api_url=DEFAULT_API_URL, mode=Mode.REPORT, suspended=begun.suspend)
        self.board = Board(status, self._connected.ports.clock)
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"account {account}")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to stop."""
        self._stop.set()

    def join(self) -> None:
        """Wait until nothing is written any more."""
        self._thread.join()

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Run loop after loop: one that ends by an error is followed by another."""
        ports = self._connected.ports
        with suppress(Interrupted):
            while not self._stop.is_set():
                try:
                    _Attempt(self._account, self._running, ports, self._secrets, self.board, self._log)()
                except Interrupted:
                    break
                except Exception as exc:  # noqa: BLE001 - one account's fault is none of the others'
                    text = self._running.scrubber.scrub(str(exc) if isinstance(exc, ReconcilerError) else cause_of(exc))
                    self._log.error("ended, and begins anew: %s", text)
                    self.board.status = replace(self.board.status, troubles={"loop": text})
                    ports.clock.wait(AGAIN_S)


class _Stop(StopFlag):
    """Set, too, as soon as this process does not hold the Lease any more, whoever notices it first."""

    def __init__(self, may_write: Callable[[], bool]) -> None:
        super().__init__()
        self._may_write = may_write

    def is_set(self) -> bool:
        """See StopFlag."""
        return super().is_set() or not self._may_write()


class _Attempt:
    """One loop, and what it needs."""

    def __init__(
        self, account: Ref, running: Running, ports: Ports, secrets_: Secrets, board: Board, log: logging.Logger
    ) -> None:
        self._running = running
        self._secrets = secrets_
        self._board = board
        self._log = log
        self._source = Resources(running.store, account, ports.clock, secrets_)
        self._reporter = Reporter(running.cluster, running.may_write)
        journal = Beating(ports.journal, board.beat)
        self._ports = replace(ports, settings=self._settings, warn=Warnings(board, log), journal=journal)
        writing = Writing(parallelism=running.parallelism, verify=running.verify)
        endpoints = Endpoints(ports.prober(), ports.clock, everyone=running.everyone)
        self._cycle = Cycle(self._source, Overrides(), writing, endpoints, key=secrets.token_bytes(32))

    def __call__(self) -> None:
        """Run until asked to stop. Raises ReconcilerError."""
        cycle, url = self._cycle, self._running.notify_url
        notifier: Notifier = Webhook(url, scrub=cycle.connection.scrub) if url else Silence()
        # Earlier by up to 10 %, never later: drift is healed within the interval.
        wakeups = Wakeups(hangup=lambda: False, reload=lambda ports: ports, chance=lambda: random.random() / 2)  # noqa: S311 - no secret
        try:
            Loop(
                cycle,
                self._source,
                self._board,
                self._ports,
                wakeups,
                notifier.send,
                observe=self._observe,
                log=self._log,
            ).run()
        finally:
            notifier.close()

    def _settings(self, project: Project | None) -> Settings:
        """How the service is reached, as the Account in force says. Raises BadSpec, NoToken and ClusterError."""
        snapshot = self._source.in_force
        assert snapshot is not None  # noqa: S101 - a cycle asks for settings after something compiled
        spec = snapshot.account.spec
        token = self._secrets.token(token_ref(snapshot.account))
        try:
            limit = RateLimit.parse(str(spec["rateLimit"])) if "rateLimit" in spec else DOCUMENTED_LIMIT
            connection = Connection(
                api_url=str(spec.get("apiUrl") or DEFAULT_API_URL),
                token=token,
                insecure_http=self._running.insecure_http,
                rate_limit=limit,
                timeout_s=self._running.timeout_s,
            )
            settings = connection.settings(project, {})
        except UsageProblem as exc:
            raise BadSpec(f"spec: {exc}") from exc
        if self._board.status.api_url != settings.api_url:
            self._board.status = replace(self._board.status, api_url=settings.api_url)
        return settings

    def _observe(self, happened: Happened, status: Status) -> None:
        """Write the statuses and events that a cycle led to; what can't be written is tried again after the next."""
        cycle, snapshot = self._cycle, self._source.opened
        if snapshot is None or happened.cut_short:
            return
        ids = ids_of(cycle.in_force.desired, cycle.listing) if cycle.in_force and cycle.listing else {}
        observed = Observed(
            snapshot=snapshot,
            in_force=self._source.in_force,
            status=status,
            happened=happened,
            now=self._ports.now(),
            held=cycle.endpoints.held,
            ids=ids,
            problems=problems_in(cycle.problems),
            written=self._reporter.written,
            scrub=cycle.connection.scrub,
        )
        try:
            self._reporter.report(updates(observed))
        except Interrupted:
            raise
        except Exception as exc:  # noqa: BLE001 - what is planned does not depend on what is shown
            self._log.warning("the statuses were not written: %s", cycle.connection.scrub(cause_of(exc)))
        self._reporter.keep(each.uid for each in (snapshot.account, *snapshot.runners))
