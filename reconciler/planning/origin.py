"""Where each change of a plan comes from: this branch, drift that was there before, or both at once.

Three views of one field are compared: what the base revision wants, what this revision wants, what is live.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.enums import ActionKind, ChangeOrigin
from reconciler.planning.diff import compare
from reconciler.planning.replacement import replacement

if TYPE_CHECKING:
    from reconciler.model.plan import Action, Plan
    from reconciler.model.runner import Desired, DesiredRunner

"""Both this branch and another writer changed the field; applying takes this branch's value."""


def with_origins(plan: Plan, base: Desired) -> Plan:
    """Return the plan with the origin of every change, as seen from the manifests of the base revision.

    A field that the base left as it is live is the branch's; one that the branch leaves as the base had it is drift;
    one that differs between all three is a conflict. A runner that the base does not declare is the branch's.
    """
    entries = {runner.key: runner for runner in base.runners}
    names = {runner.id or runner.name for runner in base.runners}
    return replace(plan, actions=tuple(_told(action, entries.get(action.key), names) for action in plan.actions))


def _told(action: Action, base: DesiredRunner | None, names: set[str]) -> Action:
    if action.action == ActionKind.DISABLE:
        declared = action.id in names or action.name in names
        return _all(action, ChangeOrigin.BRANCH if declared else ChangeOrigin.DRIFT)
    if base is None:
        return _all(action, ChangeOrigin.BRANCH)
    if action.action == ActionKind.CREATE or action.live is None or action.desired is None:
        return _all(action, ChangeOrigin.DRIFT)
    live = action.live.spec
    wanted_before = replacement(base, live)
    drifted = {change.field for change in compare(wanted_before, live).changes}
    brought = {change.field for change in compare(replacement(action.desired, live), wanted_before.spec).changes}
    changes = tuple(
        replace(change, origin=_origin(drifted=change.field in drifted, brought=change.field in brought))
        for change in action.changes
    )
    return replace(action, changes=changes)


def _origin(*, drifted: bool, brought: bool) -> ChangeOrigin:
    if drifted and brought:
        return ChangeOrigin.CONFLICT
    return ChangeOrigin.DRIFT if drifted else ChangeOrigin.BRANCH


def _all(action: Action, origin: ChangeOrigin) -> Action:
    return replace(action, changes=tuple(replace(change, origin=origin) for change in action.changes))
