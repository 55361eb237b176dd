"""The closing list: what is live after the writes, held against what was sent.

An answer can echo what it stored nowhere, and another writer can create what this one just created: only a list shows
either.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reconciler.apply.writer import differing_fields
from reconciler.model.enums import ActionKind, OutcomeStatus
from reconciler.model.report import Failure, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from reconciler.model.fields.spec import RunnerBody
    from reconciler.model.plan import Action
    from reconciler.model.runner import LiveRunner

DUPLICATE: Final = "duplicate"


def confirm(
    actions: Sequence[Action],
    outcomes: Sequence[Outcome],
    runners: Sequence[LiveRunner],
    known_ids: Collection[str],
) -> tuple[Outcome, ...]:
    """Yield the outcomes as the list bears them out; what it does not is unverified, with what to do.

    `outcomes` are those of the `actions`, in their order; `known_ids` the runners that were there before.
    """
    live = {runner.id: runner for runner in runners}
    ours = {outcome.id for outcome in outcomes}
    strangers: defaultdict[str, list[str]] = defaultdict(list)
    for runner in runners:
        if runner.id not in known_ids and runner.id not in ours:
            strangers[runner.spec.name].append(runner.id)

    def judge() -> Iterator[Outcome]:
        for action, outcome in zip(actions, outcomes, strict=True):
            error = None
            if outcome.status in (OutcomeStatus.APPLIED, OutcomeStatus.UNVERIFIED):
                error = _twice(outcome, strangers.get(action.requests[-1].body.spec.name, ()))
            if outcome.status == OutcomeStatus.APPLIED and error is None:
                error = _gone(action, outcome, live)
            yield outcome if error is None else replace(outcome, status=OutcomeStatus.UNVERIFIED, error=error)

    return tuple(judge())


def unread(outcomes: Sequence[Outcome], message: str) -> tuple[Outcome, ...]:
    """Return the outcomes where no closing list could be read: what was answered can't be confirmed."""
    error = Failure(
        "not-confirmed", f"the service answered as it should, but the closing list can't be read; plan again: {message}"
    )
    return tuple(
        replace(each, status=OutcomeStatus.UNVERIFIED, error=error) if each.status == OutcomeStatus.APPLIED else each
        for each in outcomes
    )


def _twice(outcome: Outcome, others: Sequence[str]) -> Failure | None:
    """Whether a runner of that name was created by another writer, or once more by the service."""
    ids = [*([outcome.id] if outcome.id else []), *others]
    if not others or len(ids) == 1:  # one runner of an unverified create may be the one that was asked for
        return None
    return Failure(
        DUPLICATE,
        f"it exists {'twice' if len(ids) == 2 else f'{len(ids)} times'} now, as {', '.join(ids)}: another writer may "  # noqa: PLR2004 - two
        "have created it too; remove all but one in the dashboard, or give the manifest the `id:` of the one to keep",
    )


def _gone(action: Action, outcome: Outcome, live: dict[str, LiveRunner]) -> Failure | None:
    """Whether the runner is not there as sent."""
    runner = live.get(outcome.id or "")
    if runner is None:
        return Failure(
            "not-there",
            f"the service answered that it was written as {outcome.id}, but the list has no such runner; plan again",
        )
    fields = differing_fields(_sent(action), runner)
    if not fields:
        return None
    return Failure(
        "not-taken",
        f"the list shows other values than were sent: {fields}; the service did not keep them, or another writer "
        "changed them; plan again",
    )


def _sent(action: Action) -> RunnerBody:
    """What the last write of an action sent; a POST has no status to send, and one that is owned must hold."""
    body = action.requests[-1].body
    if action.action == ActionKind.CREATE and action.desired is not None and action.desired.owns("status"):
        return replace(body, omitted=body.omitted - {"status"})
    return body
