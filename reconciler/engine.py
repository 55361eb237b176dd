"""The front door for code: `Reconciler` plans and applies as the command line does, and leaves the process alone.

It prints nothing, installs no signal handler and keeps no state between calls. Start reading at `Reconciler.plan`.
"""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, Unpack

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.progress import NoProgress
from reconciler.adapters.service import Connection, Service, open_prober, secrets_from
from reconciler.adapters.signals import waitable
from reconciler.errors import PlanFileError, UsageProblem
from reconciler.model.secret import Scrubber, Secret
from reconciler.settings import DOCUMENTED_LIMIT, RateLimit, check_plan_key, check_token
from reconciler.workflow.run import Ports, account_of, load, select

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping

    import httpx

    from reconciler.health.targets import Prober
    from reconciler.model.plan import Plan
    from reconciler.model.report import Report
    from reconciler.model.results import Exported, Listed, Validity
    from reconciler.ports import Clock, Journal, Progress, SecretSource, Stop
    from reconciler.settings import Settings
    from reconciler.workflow.run import Scope, Selection

_LOG: Final = logging.getLogger("reconciler")
_LOG.addHandler(logging.NullHandler())  # a library leaves it to its host whether its warnings are shown


class Reconciler:
    """Keeps the runners of one account as manifests declare them.

    Paths are relative to `cwd`. Every method may be called from any thread, and raises the errors of
    `reconciler.errors`: ManifestError before the first request, ApiError where the service does not do its part.

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
        stdin: gives what the path `-` stands for; None for an error.
        scrubber: learns every secret, to clean texts of them; None for one of its own.
        prober: asks endpoints, where `probe` says so.
    """

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
        self._journal = journal
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

    def close(self) -> None:
        """End the progress. Connections last as long as the call that needs them; nothing else is open."""
        self._closed = True
        self._ports.progress.close()

    def plan(
        self,
        *paths: str | os.PathLike[str],
        allow_unresolved: bool = False,
        base: str | None = None,
        **scope: Unpack[Scope],
    ) -> Plan:
        """Read and compare. What it needs can't write: its client has no verb that writes.

        Without paths the project file's manifests are read. `allow_unresolved` plans without secrets that are missing,
        and such a plan can't be applied; with `base`, a git revision, each change says where it comes from. A guard
        that refuses is a finding: see `plan.applyable`.
        """
        from reconciler.workflow.plan import plan

        return plan(self._select(paths, scope), self._open(), allow_unresolved=allow_unresolved, base=base)

    def apply(
        self,
        plan: Plan,
        *,
        acknowledge: Iterable[str] = (),
        parallelism: int = 4,
        verify: bool = True,
        lock_timeout_s: float = 60.0,
    ) -> Report:
        """Apply exactly this plan, made by this or another Reconciler, or opened from a file.

        Manifests and live runners are read again under the account's lock. Raises StalePlan where the plan would now be
        another one, GuardRefused where a finding refuses it, both before anything is written; PlanFileError for a plan
        that was made offline or without a secret. What failed later is in the report: see `report.exit_code`.
        """
        from reconciler.apply.journal import NullJournal
        from reconciler.workflow.apply import Applying, apply_plan

        applying = Applying(
            show=lambda _plan: None,
            ask=None,
            journal=NullJournal() if self._journal is None else self._journal,
            parallelism=parallelism,
            lock_timeout_s=lock_timeout_s,
            verify=verify,
        )
        return apply_plan(plan, self._select((), {"acknowledge": acknowledge}), self._open(), applying)

    def list(self, *paths: str | os.PathLike[str], **scope: Unpack[Scope]) -> Listed:
        """Read the live runners; where manifests are found, each is managed, drifted or unmanaged."""
        from reconciler.workflow.listing import list_live

        return list_live(self._select(paths, scope), self._open())

    def export(self, *, headers: bool = False, **scope: Unpack[Scope]) -> Exported:
        """Write the live runners as the text of a manifest, with `headers` as references to variables."""
        from reconciler.workflow.export import export

        return export(self._select((), scope), self._open(), headers=headers)

    def validate(self, *paths: str | os.PathLike[str], **scope: Unpack[Scope]) -> Validity:
        """Check manifests and project file offline, in each environment unless one is picked. Raises ManifestError."""
        from reconciler.workflow.offline import validate

        return validate(self._select(paths, scope), self._open())

    def save(self, plan: Plan, path: str | os.PathLike[str]) -> None:
        """Save a plan, signed, for `open` and for `reconciler apply --plan`; the file holds no secret."""
        from reconciler.workflow.saved import recorded_selection, save

        if plan.inputs is None or plan.fingerprints is not None:
            raise PlanFileError("only a plan that was just made can be saved; of one read from a file, copy the file")
        ports = self._open()
        project = load(recorded_selection(plan.inputs, self._select((), {})))
        settings = ports.settings(project)
        save(self._bound(plan, settings), settings.plan_key, self._below(path))

    def open(self, path: str | os.PathLike[str]) -> Plan:
        """Read a saved plan and check its signature. Raises PlanFileError, and StalePlan if its environment is gone."""
        from reconciler.workflow.saved import open_saved

        saved, _selection = open_saved(self._below(path), self._select((), {}), self._open(), to_apply=False)
        return replace(saved.plan, inputs=saved.inputs, fingerprints=saved.fingerprints)

    def _select(self, paths: Iterable[str | os.PathLike[str]], scope: Scope) -> Selection:
        return select(paths, scope, cwd=Path.cwd() if self._cwd is None else self._cwd.absolute())

    def _open(self) -> Ports:
        if self._closed:
            raise UsageProblem("this Reconciler is closed: make another one")
        return self._ports

    def _below(self, path: str | os.PathLike[str]) -> str:
        return os.fspath(path if self._cwd is None else self._cwd / path)

    def _bound(self, plan: Plan, settings: Settings) -> Plan:
        """The plan with the account it is of, which is asked for where neither runners nor the key say it."""
        if plan.account is not None or plan.live_as_of or settings.sandbox or settings.plan_key == settings.token:
            return plan
        from reconciler.model.runner import Listing

        with self._ports.reader(settings) as reader:
            empty = Listing((), plan.created_at, 0)
            return replace(plan, account=account_of(empty, reader, self._ports, "the plan is bound to no account"))


def _no_stdin() -> bytes:
    raise UsageProblem("- is the command line's stdin: name files or folders of manifests")
