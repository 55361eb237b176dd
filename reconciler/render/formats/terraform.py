"""Counts for the widget of GitLab's merge requests (GitLab Docs, CI/CD artifacts reports types, terraform).

A disable counts as delete, since the runner leaves the manifests' care; an update that turns a runner off as update.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from reconciler.model.enums import ActionKind
from reconciler.model.plan import Plan
from reconciler.model.results import Applied, Validity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.render.formats.registry import Views

_NAMES: Final = {"create": ActionKind.CREATE, "update": ActionKind.UPDATE, "delete": ActionKind.DISABLE}


def _counts(count: Callable[[ActionKind], int]) -> Iterator[str]:
    yield json.dumps({name: count(kind) for name, kind in _NAMES.items()}) + "\n"


VIEWS: Final[Views] = {
    Plan: lambda plan, _layout: _counts(plan.count),
    Applied: lambda done, _layout: _counts(done.report.applied),
    Validity: lambda _valid, _layout: _counts(lambda _kind: 0),  # checking changes nothing
}
