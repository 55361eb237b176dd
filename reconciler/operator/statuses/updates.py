"""What to write after a cycle: for each resource that it changes something for, a patch of its status, and events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from reconciler.operator.resources.resource import ACCOUNTS, RUNNERS
from reconciler.operator.statuses.accounts import account_status, account_synced
from reconciler.operator.statuses.conditions import patch_of
from reconciler.operator.statuses.events import event, notices
from reconciler.operator.statuses.runners import RunnerStatuses, stray_status
from reconciler.watch.status import CycleResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.operator.resources.resource import Resource
    from reconciler.operator.statuses.observed import Observed

_KINDS: Final = {ACCOUNTS: "Account", RUNNERS: "Runner"}


@dataclass(frozen=True, slots=True)
class Update:
    """`status` is the whole new one, `patch` what leads there (empty: nothing), `events` what to create."""

    plural: str
    resource: Resource
    status: Mapping[str, Any]
    patch: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]


def updates(observed: Observed) -> Iterator[Update]:
    """Return what to write, the Account's first; nothing for resources whose status is as it was."""
    observed = replace(observed, scrub=cache(observed.scrub))  # most messages are alike
    synced = account_synced(observed)
    statuses = RunnerStatuses(observed, synced)
    runners = [(each, statuses.status(each)) for each in observed.snapshot.runners]
    account, happened = observed.snapshot.account, observed.happened
    status = account_status(observed, synced, [status for _, status in runners])
    applied = (
        observed.scrub(happened.reason) if happened is not None and happened.result is CycleResult.APPLIED else None
    )
    yield from _update(ACCOUNTS, account, observed.before(account), status, written=applied, now=observed.now)
    for runner, after in runners:
        written = statuses.written(runner)
        yield from _update(RUNNERS, runner, observed.before(runner), after, written=written, now=observed.now)


def stray_updates(
    strays: list[tuple[Resource, str]], *, now: str, written: Mapping[str, Mapping[str, Any]]
) -> Iterator[Update]:
    """Return what to write for Runners that belong to no Account. See Store.strays, and Observed.written."""
    for runner, why in strays:
        before = written.get(runner.uid, runner.status)
        yield from _update(RUNNERS, runner, before, stray_status(runner, why, now=now, before=before), now=now)


def _update(
    plural: str,
    resource: Resource,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    now: str,
    written: str | None = None,
) -> Iterator[Update]:
    patch = patch_of(before, after)
    found = notices(before, after, written, account=plural == ACCOUNTS)
    if patch or found:
        events = tuple(event(_KINDS[plural], resource, each, now=now) for each in found)
        yield Update(plural, resource, after, patch, events)
