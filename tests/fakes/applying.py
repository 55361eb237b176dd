"""One apply of a plan against the in-memory service."""

from __future__ import annotations

from reconciler.apply.executor import execute
from tests.fakes.runner_api import FakeJournal, FakeProgress, FakeRunnerApi


class StillClock:
    """A clock that stands still unless told otherwise; `step_s` passes at every look."""

    def __init__(self, step_s=0.0):
        self.now = 0.0
        self.step_s = step_s

    def monotonic(self):
        """Seconds since the start."""
        self.now += self.step_s
        return self.now


def apply_plan(plan, api=None, *, journal=None, progress=None, parallelism=1, clock=None, verify=False, **settings):
    """The report of applying `plan` to `api`, which holds the plan's live runners unless one is given."""
    if api is None:
        api = FakeRunnerApi([action.live for action in plan.actions if action.live is not None])
    return execute(
        plan,
        api,
        known_ids=frozenset(api.runners),
        clock=clock or StillClock(),
        stop=api.stop,
        progress=progress or FakeProgress(),
        journal=journal or FakeJournal(),
        parallelism=parallelism,
        verify=verify,
        **settings,
    )


def statuses(report):
    """The outcome of each action by key."""
    return {outcome.key: outcome.status for outcome in report.outcomes}
