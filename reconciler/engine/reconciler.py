"""`Reconciler` plans and applies, for a program as for the command line. Start reading at `Reconciler.plan`."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

from reconciler.engine.connected import Connected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.model.plan import Plan
    from reconciler.model.report import Report
    from reconciler.model.results import Checks, Effective, Explained, Exported, Listed, Served, Validity
    from reconciler.model.scope import ListScope, Reconciling, Scope, Writes
    from reconciler.workflow.apply import Applying


class Reconciler(Connected):
    """Keeps the runners of one account as manifests declare them.

    Paths are relative to `cwd`. Every method may be called from any thread, and raises the errors of
    `reconciler.errors`: ManifestError before the first request, ApiError where the service does not do its part.
    """

    def plan(
        self,
        *paths: str | os.PathLike[str],
        allow_unresolved: bool = False,
        base: str | None = None,
        live: str | os.PathLike[str] | None = None,
        out: str | os.PathLike[str] | None = None,
        **scope: Unpack[Scope],
    ) -> Plan:
        """Read and compare. What it needs can't write: its client has no verb that writes.

        Without paths the project file's manifests are read. `allow_unresolved` plans without secrets that are missing,
        and such a plan can't be applied; with `base`, a git revision, each change says where it comes from. With
        `live`, a saved JSON list, nothing is asked, and the plan can't be applied either. `out` is a file that the plan
        is saved to. A guard that refuses is a finding: see `plan.applyable`.
        """
        from reconciler.workflow.plan import plan, plan_offline

        selection, ports, file = self.select(paths, scope), self._open(), self._file(out)
        if live is not None:
            return plan_offline(selection, ports, live=self._below(live), base=base, out=file)
        return plan(selection, ports, allow_unresolved=allow_unresolved, base=base, out=file)

    def apply(
        self,
        plan: Plan | str | os.PathLike[str],
        *,
        acknowledge: Iterable[str] = (),
        demand: int | None = None,
        probe: bool = False,
        show: Callable[[Plan], None] | None = None,
        **writes: Unpack[Writes],
    ) -> Report:
        """Apply exactly this plan, made by this or another Reconciler or opened from a file, or the file's.

        Manifests and live runners are read again under the account's lock; `show` gets the plan as it is then. Raises
        StalePlan where it would now be another one, GuardRefused where a finding refuses it, both before anything is
        written; PlanFileError for a plan that was made offline or without a secret. What failed later is in the report:
        see `report.exit_code`.
        """
        from reconciler.workflow.apply import apply_plan, apply_saved
        from reconciler.workflow.saved import open_saved

        here = self.select((), {"acknowledge": acknowledge, "demand": demand, "probe": probe})
        ports, applying = self._open(), self._applying(writes, show)
        if isinstance(plan, (str, os.PathLike)):
            return apply_saved(*open_saved(self._below(plan), here, ports), ports, applying)
        return apply_plan(plan, here, ports, applying)

    def reconcile(
        self,
        *paths: str | os.PathLike[str],
        show: Callable[[Plan], None] | None = None,
        ask: Callable[[Plan], bool] | None = None,
        **given: Unpack[Reconciling],
    ) -> Report:
        """Plan and apply in one, from one read under the account's lock. Raises what `plan` and `apply` raise.

        `show` gets the plan before anything is written. With `ask`, which says of it whether to go on, the lock is
        taken after its yes, everything is read again, and only what was shown is applied. Raises Declined after a no.
        """
        from reconciler.workflow.apply import apply

        return apply(self.select(paths, given), self._open(), self._applying(given, show, ask))

    def list(self, *paths: str | os.PathLike[str], **choice: Unpack[ListScope]) -> Listed:
        """Read the live runners, or some; where manifests are found, each is managed, drifted or unmanaged.

        With `probe` each one's endpoint is asked once, as far as the policy allows its host.
        """
        from reconciler.workflow.listing import chosen_by, list_live

        return list_live(self.select(paths, choice), self._open(), chosen_by(choice))

    def coverage(self, *paths: str | os.PathLike[str], **choice: Unpack[ListScope]) -> Served:
        """Read the live runners, or some, and see which tag sets they serve; `choice` is as for `list`."""
        from reconciler.planning.serving.served import served
        from reconciler.workflow.listing import chosen_by, list_live

        return served(list_live(self.select(paths, choice), self._open(), chosen_by(choice), coverage=True))

    def export(
        self,
        *,
        headers: bool = False,
        out: str | os.PathLike[str] | None = None,
        split: bool = False,
        **scope: Unpack[Scope],
    ) -> Exported:
        """Write the live runners as the text of a manifest, with `headers` as references to variables.

        `out` is a folder that a file is written to, with `split` one a runner; nothing is overwritten, and runners that
        are declared there already are left out.
        """
        from reconciler.workflow.export import export

        return export(self.select((), scope), self._open(), headers=headers, out=self._file(out), split=split)

    def validate(self, *paths: str | os.PathLike[str], **scope: Unpack[Scope]) -> Validity:
        """Check manifests and project file offline, in each environment unless one is picked. Raises ManifestError."""
        from reconciler.workflow.offline import validate

        return validate(self.select(paths, scope), self._open())

    def render(self, *paths: str | os.PathLike[str], **scope: Unpack[Scope]) -> Effective:
        """Merge the manifests, offline: every runner as it is declared in effect, secrets as references."""
        from reconciler.workflow.offline import effective_runners

        return effective_runners(self.select(paths, scope), self._open())

    def explain(self, key: str, *paths: str | os.PathLike[str], **scope: Unpack[Scope]) -> Explained:
        """Show where every field, tag and header of one runner comes from, offline."""
        from reconciler.workflow.offline import explained

        return explained(self.select(paths, scope), self._open(), key)

    def doctor(
        self, *, endpoint: str | None = None, github_environment: str | None = None, **scope: Unpack[Scope]
    ) -> Checks:
        """Check token, tier, address, clock, limit and project file, and what is named besides.

        `endpoint` is the key, or a glob, of runners whose endpoints are asked; `github_environment` one that an apply
        is to wait for, as far as GITHUB_TOKEN can see it.
        """
        from reconciler.workflow.doctor import doctor

        return doctor(self.select((), scope), self._open(), endpoint=endpoint, protected=github_environment)

    def save(self, plan: Plan, path: str | os.PathLike[str]) -> None:
        """Save a plan, signed, for `open` and for `reconciler apply --plan`; the file holds no secret."""
        from reconciler.workflow.saved import save_made

        save_made(plan, self._below(path), self.select((), {}), self._open())

    def open(self, path: str | os.PathLike[str]) -> Plan:
        """Read a saved plan and check its signature. Raises PlanFileError, and StalePlan if its environment is gone."""
        from reconciler.workflow.saved import open_saved

        saved, _selection = open_saved(self._below(path), self.select((), {}), self._open(), to_apply=False)
        return replace(saved.plan, inputs=saved.inputs, fingerprints=saved.fingerprints)

    def _applying(
        self, writes: Writes, show: Callable[[Plan], None] | None, ask: Callable[[Plan], bool] | None = None
    ) -> Applying:
        from reconciler.workflow.apply import Applying

        return Applying(
            show=show or (lambda _plan: None),
            ask=ask,
            parallelism=writes.get("parallelism", 4),
            verify=writes.get("verify", True),
            lock_timeout_s=writes.get("lock_timeout_s", 60.0),
        )
