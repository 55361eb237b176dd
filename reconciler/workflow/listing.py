"""`list`: the live runners as they are, all of them or those that are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError, UsageProblem
from reconciler.model.enums import RunnerStatus, Standing, UnmanagedMode
from reconciler.model.fields.change import HeadersChange
from reconciler.model.results import Listed
from reconciler.planning.match import match
from reconciler.planning.serving.capacity import FleetCount
from reconciler.planning.serving.states import Serving
from reconciler.text.suggestions import nearest
from reconciler.workflow.plan import plan_for
from reconciler.workflow.run import compile_selected, load, read_runners

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.manifests.project import Project
    from reconciler.model.health import Probed
    from reconciler.model.plan import Action
    from reconciler.model.runner import Listing, LiveRunner
    from reconciler.model.scope import ListScope
    from reconciler.settings import Settings
    from reconciler.workflow.run import Ports, Selection


@dataclass(frozen=True, slots=True)
class Choice:
    """Which live runners to list: of any of these statuses, with all of these tags, of any of these standings.

    What is empty chooses all. The globs of a selection's `targets` choose by key, and by name where there is no key.
    """

    statuses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    standings: tuple[Standing, ...] = ()


def chosen_by(names: ListScope) -> Choice:
    """Return the choice that `list` takes by name."""
    standings = [standing for standing in (Standing.DRIFTED, Standing.UNMANAGED) if names.get(standing.value)]
    return Choice(tuple(names.get("statuses", ())), tuple(names.get("tags", ())), tuple(standings))


@dataclass(frozen=True, slots=True)
class Known:
    """What manifests say of the live runners, by id."""

    standing: Mapping[str, Standing]
    keys: Mapping[str, str]


def list_live(selection: Selection, ports: Ports, choice: Choice | None = None, *, coverage: bool = False) -> Listed:
    """List every live runner, or the chosen ones. Manifests that are there show which are managed; no secret is needed.

    Workflows are read only where the selection asks for them; managed runners then, or where `coverage` counts them.

    Where the selection says `probe` the endpoint of each is asked once, as far as the policy allows its host.

    Raises UsageProblem for a target that matches no runner, and for standings where no manifest says which are which.
    """
    choice = choice or Choice()
    project = load(selection)
    project = replace(project, demand=0, managed=project.managed and coverage)
    settings = ports.settings(project)
    with ports.reader(settings) as reader:
        listing = _counted(read_runners(reader, selection, project))
    known = _known(replace(selection, targets=(), probe=False), ports, project, settings, listing)
    if choice.standings and known is None:
        options = " and ".join(f"--{standing}" for standing in choice.standings)
        raise UsageProblem(f"{options} can't be known: it takes manifests that can be read; name them with PATH")
    chosen = choose(listing.runners, selection.targets, choice, known)
    return Listed(
        listing=replace(listing, runners=chosen),
        api_url=settings.api_url,
        standing=None if known is None else {runner.id: known.standing[runner.id] for runner in chosen},
        sandbox=settings.sandbox,
        filtered=bool(selection.targets) or choice != Choice(),
        health=_ask(chosen, project, ports) if selection.probe else None,
        keys={} if known is None else known.keys,
    )


def _ask(runners: Sequence[LiveRunner], project: Project, ports: Ports) -> Mapping[str, Probed]:
    from reconciler.health.asking import ask_live

    return ask_live(runners, project.guard, project.health, ports.prober())


def _counted(listing: Listing) -> Listing:
    """The listing, its demand with how many runners serve each set now."""
    if listing.demand is None:
        return listing
    states = [*((each.spec.status, each.spec.tags) for each in listing.runners)]
    states += [(each.status, each.tags) for each in listing.managed or ()]
    now = [frozenset(tags) if status == RunnerStatus.ACTIVE else None for status, tags in states]
    count = FleetCount([Serving(None, "", state, state) for state in now])
    return replace(listing, demand=count.of_demand(listing.demand))


def choose(
    runners: Sequence[LiveRunner], targets: Sequence[str], choice: Choice, known: Known | None = None
) -> tuple[LiveRunner, ...]:
    """Choose runners, in their order. Raises UsageProblem for targets that match none of `runners`."""
    keys = {} if known is None else known.keys
    standing = {} if known is None else known.standing
    named = {runner.id: keys.get(runner.id, runner.spec.name) for runner in runners}
    _refuse_idle(targets, list(named.values()))
    return tuple(
        runner
        for runner in runners
        if (not targets or any(fnmatchcase(named[runner.id], glob) for glob in targets))
        and (not choice.statuses or runner.spec.status in choice.statuses)
        and set(choice.tags) <= set(runner.spec.tags)
        and (not choice.standings or standing.get(runner.id) in choice.standings)
    )


def _refuse_idle(targets: Sequence[str], names: Sequence[str]) -> None:
    idle = [glob for glob in targets if not any(fnmatchcase(name, glob) for name in names)]
    if idle:
        raise UsageProblem("\n".join(_idle(glob, names) for glob in idle))


def _idle(glob: str, names: Sequence[str]) -> str:
    near = nearest(glob, names, most=len(names))
    return f"--target {glob}: no live runner has such a key or name{f'; did you mean {near}?' if near else ''}"


def _known(selection: Selection, ports: Ports, project: Project, settings: Settings, listing: Listing) -> Known | None:
    """What the manifests say; None, where some can't be read with a warning, where there are none."""
    if not selection.paths and project.file is None and not (selection.cwd / "runners").exists():
        return None
    try:
        empty = replace(selection, allow_empty=True)
        desired = compile_selected(empty, project, ports, secrets=ports.secrets, allow_unresolved=True)
        plan = plan_for(selection, ports, replace(project, unmanaged=UnmanagedMode.REPORT), settings, desired, listing)
    except ReconcilerError as error:
        ports.warn(f"which runners are managed is unknown: {error}")
        return None
    pairs = match(desired.runners, listing.runners).pairs
    keys = {pair.live.id: pair.desired.key for pair in pairs if pair.live is not None}
    standing = {runner.id: Standing.MANAGED if runner.id in keys else Standing.UNMANAGED for runner in listing.runners}
    standing |= {action.id: Standing.DRIFTED for action in plan.actions if action.id is not None and _drifts(action)}
    return Known(standing, keys)


def _drifts(action: Action) -> bool:
    """Whether anything is known to differ; header values whose secrets are not here may be the same."""
    return any(not isinstance(change, HeadersChange) or change.is_known for change in action.changes)
