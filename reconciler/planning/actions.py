"""One action from one pair: what changes, and the requests that bring it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.model.enums import ActionKind, MatchedBy, Purpose, RunnerStatus
from reconciler.model.fields.table import FIELD_NAMES
from reconciler.model.plan import Action, Request
from reconciler.planning import diff, replacement

if TYPE_CHECKING:
    from reconciler.model.runner import DesiredRunner, LiveRunner

COLLECTION: Final = "/v1/runner"
_RETIRED_KEEPS: Final = tuple(name for name in FIELD_NAMES if name != "status")


class Result(NamedTuple):
    """What becomes of a matched runner: an action, or None where it is as wanted, as far as `unknown` values allow."""

    action: Action | None
    unknown: bool


_RESTS: Final = Result(None, unknown=False)


def create(desired: DesiredRunner) -> Action:
    """Return the action for an entry without a live runner: a POST, and a PUT after it where it is to be disabled."""
    body = replacement.creation(desired)
    finish = replacement.finish(desired)
    requests = [Request(method="POST", path=COLLECTION, body=body, purpose=Purpose.CREATE)]
    if finish is not None:
        requests.append(Request(method="PUT", path=COLLECTION + "/{id}", body=finish, purpose=Purpose.FINISH))
    return Action(
        action=ActionKind.CREATE,
        key=desired.key,
        id=None,
        name=desired.name,
        matched_by=MatchedBy.NONE,
        at=desired.at,
        live_updated_at=None,
        changes=diff.creation_changes((finish or body).spec),
        requests=tuple(requests),
        desired=desired,
    )


def update(desired: DesiredRunner, live: LiveRunner, matched_by: MatchedBy) -> Result:
    """Return the action for an entry and its live runner: one PUT of the whole runner, where that changes anything."""
    if diff.rests(desired, live.spec):
        return _RESTS
    body = replacement.replacement(desired, live.spec)
    changes, unknown = diff.compare(body, live.spec)
    if not changes:
        return Result(None, unknown)
    action = Action(
        action=ActionKind.UPDATE,
        key=desired.key,
        id=live.id,
        name=body.spec.name,
        matched_by=matched_by,
        at=desired.at,
        live_updated_at=live.updated_at,
        changes=changes,
        requests=(Request(method="PUT", path=f"{COLLECTION}/{live.id}", body=body, purpose=Purpose.REPLACE),),
        unmanaged=replacement.carried(desired),
        turns_off=live.spec.status == RunnerStatus.ACTIVE and body.spec.status == RunnerStatus.DISABLED,
        live=live,
        desired=desired,
    )
    return Result(action, unknown)


def retire(live: LiveRunner) -> Action:
    """Return the action that disables a live runner which no entry matches.

    Its key is `unmanaged:ID`: no entry's key holds a colon, so that it is no entry's.
    """
    body = replacement.retirement(live.spec)
    return Action(
        action=ActionKind.DISABLE,
        key=f"unmanaged:{live.id}",
        id=live.id,
        name=live.spec.name,
        matched_by=MatchedBy.NONE,
        at=None,
        live_updated_at=live.updated_at,
        changes=diff.compare(body, live.spec).changes,
        requests=(Request(method="PUT", path=f"{COLLECTION}/{live.id}", body=body, purpose=Purpose.RETIRE),),
        unmanaged=_RETIRED_KEEPS,
        turns_off=live.spec.status == RunnerStatus.ACTIVE,
        live=live,
    )
