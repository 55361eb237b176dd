"""The body of every write: the desired runner rebased on the live one.

A PUT replaces a runner whole, so its body holds every field: those the manifest owns, spelled as in the manifest,
and those it does not own, as they were read. The diff compares live with exactly this body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.model.enums import RunnerStatus
from reconciler.model.fields.spec import RunnerBody, RunnerSpec
from reconciler.model.fields.table import FIELD_NAMES, FIELDS

if TYPE_CHECKING:
    from reconciler.model.runner import DesiredRunner

NOT_IN_POST: Final = "status"
"""A new runner is always active (API: Create Runner)."""
_NOT_IN_POST: Final = frozenset({NOT_IN_POST})


def replacement(desired: DesiredRunner, live: RunnerSpec) -> RunnerBody:
    """Return the PUT body for a live runner. It keeps what the manifest does not own.

    An unmanaged status of a value unknown to us is left out, for the service might refuse it: an omitted field keeps
    its value (API: Update Runner).
    """
    owned = desired.owned()
    if len(owned) == len(FIELDS):  # as most entries are; ten thousand of them are to be quick
        return RunnerBody(RunnerSpec(**owned))
    omitted = frozenset(
        field.name for field in FIELDS if field.name not in owned and not field.can_send(field.of(live))
    )
    return RunnerBody(live.replace(**owned), omitted)


def carried(desired: DesiredRunner) -> tuple[str, ...]:
    """Return the fields, in the order of FIELDS, whose live value a replacement carries over."""
    owned = desired.owned()
    return tuple(name for name in FIELD_NAMES if name not in owned) if len(owned) < len(FIELD_NAMES) else ()


def creation(desired: DesiredRunner) -> RunnerBody:
    """Return the POST body: name, endpoint, and what else the manifest owns but for the status."""
    given = {"name": desired.name, "endpoint": desired.endpoint} | desired.owned()
    given.pop(NOT_IN_POST, None)
    omitted = _NOT_IN_POST if len(given) == len(FIELDS) - 1 else frozenset(FIELD_NAMES) - given.keys()
    return RunnerBody(RunnerSpec(**given), omitted)


def finish(desired: DesiredRunner) -> RunnerBody | None:
    """Return the PUT body that disables a runner just created; None where it is to be active.

    What the manifest does not own was not sent by the POST, so a runner just created has none of it.
    """
    if not desired.owns("status") or desired.status != RunnerStatus.DISABLED:
        return None
    return RunnerBody(creation(desired).spec.replace(status=RunnerStatus.DISABLED))


def retirement(live: RunnerSpec) -> RunnerBody:
    """Return the PUT body that disables a live runner which no entry matches: all else as read."""
    return RunnerBody(live.replace(status=RunnerStatus.DISABLED))
