"""The endpoints of the fleet, asked an interval apart: with each cycle, and between two cycles when some are due."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.health.asking import observe
from reconciler.health.checkups import Checkups
from reconciler.model.health import Health
from reconciler.planning.health import questions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.health.targets import Prober
    from reconciler.manifests.project import Project
    from reconciler.model.health import Probed
    from reconciler.model.policy import Policy
    from reconciler.model.runner import Desired, Listing
    from reconciler.planning.health import Question
    from reconciler.ports import Clock


class Endpoints:
    """What is known of them. With `everyone` every active runner is asked, else only those whose status is auto.

    `held` are runners whose status is auto that must not be written yet: they would be created, or moved while active,
    on an endpoint that has not proved healthy.
    """

    def __init__(self, prober: Prober, clock: Clock, *, everyone: bool) -> None:
        self._checkups = Checkups(prober, clock)
        self._clock = clock
        self._everyone = everyone
        self._questions: Sequence[Question] = ()
        self._project: Project | None = None
        self.auto: frozenset[str] = frozenset()
        self.held: frozenset[str] = frozenset()
        self.known: Mapping[str, Probed] = {}

    def ask(self, desired: Desired, listing: Listing, policy: Policy, project: Project) -> None:
        """Ask those that are due. Raises ManifestError where entries and runners can't be matched."""
        found = questions(desired, listing, replace(policy, skipped=frozenset()), everyone=self._everyone)
        self._questions = found if self._everyone else [each for each in found if each.auto]
        self._project = project
        self.auto = frozenset(each.key for each in self._questions if each.auto)
        self._observe(project)

    def ask_again(self) -> bool:
        """Ask those that are due by now, as they were at the last cycle; whether that changes a plan or a notice."""
        due_s = self._checkups.next_due_s
        if self._project is None or due_s is None or self._clock.monotonic() < due_s:
            return False
        before = self._telling()
        self._observe(self._project)
        return before != self._telling()

    def _observe(self, project: Project) -> None:
        observed = observe(self._questions, project.guard, project.health, self._checkups)
        self.known, self.held = observed.health, observed.held

    def _telling(self) -> set[tuple[str, Health]]:
        """Who is unhealthy, and all that is known of those whose status is auto."""
        return {
            (key, each.health)
            for key, each in self.known.items()
            if key in self.auto or each.health is Health.UNHEALTHY
        }

    @property
    def deciding(self) -> Mapping[str, Probed]:
        """What is known of those whose status is auto: the plan follows it. Of the others it is only reported."""
        return {key: probed for key, probed in self.known.items() if key in self.auto}
