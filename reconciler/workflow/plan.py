"""`plan`: read, compare, show. Nothing here can write: the client it opens has no verb that writes."""

from __future__ import annotations

from dataclasses import replace
from secrets import token_hex
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError
from reconciler.model.secret import Secret
from reconciler.planning.findings.severity import unmatched
from reconciler.planning.health import questions
from reconciler.planning.origin import with_origins
from reconciler.planning.planner import make_plan
from reconciler.workflow.run import hide, load_and_compile, policy_of, read_live, read_runners
from reconciler.workflow.saved import inputs_of, save

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.manifests.project import Project
    from reconciler.model.demand import Demand
    from reconciler.model.health import Probed
    from reconciler.model.plan import Plan
    from reconciler.model.policy import Policy
    from reconciler.model.runner import Desired, Listing
    from reconciler.settings import Settings
    from reconciler.workflow.run import Ports, Selection


def plan(
    selection: Selection,
    ports: Ports,
    *,
    allow_unresolved: bool = False,
    base: str | None = None,
    out: str | None = None,
) -> Plan:
    """Make the plan for the live state; with `out`, saved to that file too, also when a guard refuses.

    With `base`, a git revision, every change shows whether it comes from there to here. Raises ManifestError before
    the first request, and ApiError.
    """
    project, desired = load_and_compile(selection, ports, secrets=ports.secrets, allow_unresolved=allow_unresolved)
    before = compile_base(base, selection, project, ports) if base is not None else None
    settings = ports.settings(project)
    with ports.reader(settings) as reader:
        hide(desired, reader)
        if out is not None:
            listing = read_live(reader, selection, project, settings, ports)
        else:
            listing = read_runners(reader, selection, project)
    made = plan_for(selection, ports, project, settings, desired, listing)
    if before is not None:
        made = with_origins(made, before)
    made = replace(made, inputs=inputs_of(selection, project))
    if out is not None:
        save(made, settings.plan_key, out)
    warn_of_unmatched(selection, ports, made)
    return made


def plan_offline(
    selection: Selection, ports: Ports, *, live: str, base: str | None = None, out: str | None = None
) -> Plan:
    """Make the plan against the snapshot `live`, the output of `list --format json`; it can't be applied.

    With `out`, saved to that file for `show` and `comment`, signed under a key that is not kept.
    """
    from reconciler.api.snapshot import read_snapshot
    from reconciler.settings import DOCUMENTED_LIMIT

    project, desired = load_and_compile(selection, ports, secrets=None)
    before = compile_base(base, selection, project, ports) if base is not None else None
    snapshot = read_snapshot(live)
    made = make_plan(
        desired,
        snapshot.listing,
        policy_of(selection, project, ports),
        api_url=snapshot.api_url,
        environment=project.environment,
        created_at=ports.now(),
        rate_limit=DOCUMENTED_LIMIT,
        live_as_of=snapshot.listing.read_at,
    )
    if before is not None:
        made = with_origins(made, before)
    made = replace(made, inputs=inputs_of(selection, project))
    if out is not None:
        save(made, Secret(token_hex(32)), out)
    warn_of_unmatched(selection, ports, made)
    return made


def compile_base(base: str, selection: Selection, project: Project, ports: Ports) -> Desired | None:
    """Compile the manifests as the git revision `base` has them, under its own project file where it has one.

    None, with a warning, when they are not valid there: then nothing can be compared with them.
    """
    from reconciler.manifests.git import open_revision
    from reconciler.manifests.merge.compile import compile_manifests
    from reconciler.manifests.project import load_project

    with open_revision(base, selection.cwd) as revision:
        try:
            if project.file is not None and revision.find(project.file, []):
                project = load_project(
                    project.file,
                    environment=selection.environment,
                    variables=selection.variables,
                    cwd=selection.cwd,
                    files=revision,
                )
            return compile_manifests(
                project,
                selection.paths,
                secrets=ports.secrets,
                allow_unresolved=True,
                allow_empty=True,
                stdin=lambda: b"",
                files=revision,
            )
        except ReconcilerError as error:
            ports.warn(f"what this change brings is unknown, the manifests of {base} don't compile: {error}")
            return None


def plan_for(
    selection: Selection,
    ports: Ports,
    project: Project,
    settings: Settings,
    desired: Desired,
    listing: Listing,
    *,
    verify: bool = True,
    skipped: frozenset[str] = frozenset(),
    asked_first: Demand | None = None,
    health: Mapping[str, Probed] | None = None,
) -> Plan:
    """Make the plan that brings `listing` to `desired`, but for the runners with the `skipped` keys.

    `asked_first` is the demand that the order of writes goes by; that of the listing unless given. `health` is what is
    known of the endpoints; where the selection says so and it is not given, they are asked.
    Raises ManifestError where entries and runners can't be matched.
    """
    policy = replace(policy_of(selection, project, ports), skipped=skipped)
    if health is None and selection.probe:
        health = _ask(ports, project, desired, listing, policy)
    return make_plan(
        desired,
        listing,
        policy,
        api_url=settings.api_url,
        environment=project.environment,
        created_at=ports.now(),
        rate_limit=settings.rate_limit,
        verify=verify,
        sandbox=settings.sandbox,
        asked_first=asked_first,
        health=health,
    )


def _ask(ports: Ports, project: Project, desired: Desired, listing: Listing, policy: Policy) -> Mapping[str, Probed]:
    """The health of those that the plan may make active, from what the manifests and the service say now."""
    from reconciler.health.asking import ask_for_plan

    asked = questions(desired, listing, policy)
    return ask_for_plan(asked, project.guard, project.health, ports.prober(), ports.clock) if asked else {}


def warn_of_unmatched(selection: Selection, ports: Ports, plan: Plan) -> None:
    """Warn of each `--acknowledge` that matches no finding: a typo, or a finding that is gone."""
    for warning in unmatched(selection.acknowledged, plan.findings):
        ports.warn(warning)
