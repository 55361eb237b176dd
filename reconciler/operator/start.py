"""Puts the operator together, and runs it until it is asked to stop."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.signals import StopFlag
from reconciler.errors import ReconcilerError, UsageProblem
from reconciler.operator.account import Running
from reconciler.operator.cluster.client import KubernetesCluster
from reconciler.operator.cluster.keeper import Keeper, identity
from reconciler.operator.cluster.login import login
from reconciler.operator.pool import Pool
from reconciler.operator.resources.resource import Ref
from reconciler.operator.store import Store
from reconciler.operator.streams import Streams, Timing
from reconciler.operator.view import OperatorView
from reconciler.watch.notify import check_notify_url
from reconciler.watch.web.server import OFF, StatusServer, parse_listen
from reconciler.workflow.run import TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.secret import Scrubber
    from reconciler.ports import Journal

LISTEN: Final = "127.0.0.1:9090"
_LOG: Final = logging.getLogger("reconciler.operator")
_SYNC_S: Final = 0.25
_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_WITHOUT: Final = "the operator needs kopf: pip install 'comfycontrol-reconciler[kubernetes]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What to operate and how. `namespaces`: those watched, none for all. `watch_secrets`: list and watch them, too.

    `lease_namespace` None is that of the pod, or of the kubeconfig. `listening` gets the address of the status, and
    whether only this machine can reach it.
    """

    lease_name: str
    listening: Callable[[str, bool], None]
    namespaces: tuple[str, ...] = ()
    watch_secrets: bool = False
    lease_namespace: str | None = None
    listen: str = LISTEN
    parallelism: int = 4
    verify: bool = True
    everyone: bool = True
    timeout_s: float | None = None
    insecure_http: bool = False
    notify_url: str = ""
    timing: Timing | None = None


def operate(asked: Operator, stop: StopFlag, scrubber: Scrubber, journal: Journal | None = None) -> int:
    """Operate until `stop` is set, which is exit 0. Raises UsageProblem, ListenProblem and ClusterError."""
    check_extra()
    first = login()
    where = asked.lease_namespace or _own_namespace(first)
    url = check_notify_url(asked.notify_url, insecure_http=asked.insecure_http) if asked.notify_url else ""
    stop.defer()  # from now on a signal only sets it: writes in flight are finished
    clock = SystemClock(stop)
    patient = StopFlag()  # set only when nothing is written any more
    own_clock = SystemClock(patient)
    store = Store(clock)
    with ExitStack() as stack:
        cluster = KubernetesCluster(login, own_clock)
        stack.callback(cluster.close)
        running = Running(
            cluster=cluster,
            store=store,
            scrubber=scrubber,
            may_write=lambda: keeper.holds,
            parallelism=asked.parallelism,
            verify=asked.verify,
            timeout_s=asked.timeout_s,
            insecure_http=asked.insecure_http,
            everyone=asked.everyone,
            journal=journal,
            notify_url=url,
        )
        pool = Pool(running, lambda: clock.utc_now().strftime(TIMESTAMP))
        keeper = Keeper(
            cluster,
            Ref(where, asked.lease_name),
            own_clock,
            me=identity(),
            on_started=pool.begin,
            on_stopped=pool.end,
        )
        streams = Streams(
            store, clock, login, namespaces=asked.namespaces, secrets=asked.watch_secrets, timing=asked.timing
        )
        thread = threading.Thread(target=keeper.run, daemon=True, name="lease")
        if asked.listen != OFF:
            view = OperatorView(pool, streams, store, keeper, thread.is_alive)
            server = stack.enter_context(StatusServer(view, *parse_listen(asked.listen)))
            asked.listening(server.url, server.is_local)
        stack.enter_context(streams)
        thread.start()
        try:
            while not stop.wait(_SYNC_S):
                if not thread.is_alive():
                    raise ReconcilerError("what keeps the Lease has ended: this is a fault; see the log")
                _sync(pool)
        finally:
            pool.close()
            patient.set()
            thread.join()
    _LOG.info("stopped")
    return 0


def check_extra() -> None:
    """Raise UsageProblem where the extra is not installed."""
    try:
        import kopf  # noqa: F401 - whether it is there
    except ImportError as exc:
        raise UsageProblem(_WITHOUT) from exc


def _sync(pool: Pool) -> None:
    try:
        pool.sync()
    except Exception as exc:  # noqa: BLE001 - the loops go on, and so does whoever begins and ends them
        _LOG.warning("%s", exc if isinstance(exc, ReconcilerError) else type(exc).__name__)


def _own_namespace(info: Any) -> str:
    """Return the namespace of this pod, by POD_NAMESPACE or its service account, else the kubeconfig's."""
    named = os.environ.get("POD_NAMESPACE")
    if not named and _NAMESPACE_FILE.exists():
        named = _NAMESPACE_FILE.read_text().strip()
    return named or info.default_namespace or "default"
