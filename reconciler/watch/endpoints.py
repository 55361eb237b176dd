"""The endpoints of the fleet, asked an interval apart: with each cycle, and between two cycles when some are due."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.health.checkups import Checkups
from reconciler.health.targets import Admission, Target
from reconciler.model.health import Health
from reconciler.planning.health import questions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.manifests.project import Project
    from reconciler.model.health import HealthPolicy, Probed
    from reconciler.model.policy import Policy
    from reconciler.model.runner import Desired, Listing
    from reconciler.ports import Clock, Prober


class Endpoints:
    """What is known of them. With `everyone` every active runner is asked, else only those whose status is auto."""

    def __init__(self, prober: Prober, clock: Clock, *, everyone: bool) -> None:
        self._checkups = Checkups(prober, clock)
        self._clock = clock
        self._everyone = everyone
        self._targets: Sequence[Target] = ()
        self._not_asked: Mapping[str, Probed] = {}
        self._policy: HealthPolicy | None = None
        self.auto: frozenset[str] = frozenset()
        self.known: Mapping[str, Probed] = {}

    def ask(self, desired: Desired, listing: Listing, policy: Policy, project: Project) -> None:
        """Ask those that are due. Raises ManifestError where entries and runners can't be matched."""
        found = questions(desired, listing, replace(policy, skipped=frozenset()), everyone=self._everyone)
        admission = Admission(project.guard, project.health.path)
        admitted = {each.key: admission.admit(each.key, each.spec.endpoint, each.spec.headers) for each in found}
        self._targets = [each for each in admitted.values() if isinstance(each, Target)]
        self._not_asked = {key: each for key, each in admitted.items() if not isinstance(each, Target)}
        self._policy = project.health
        self.auto = frozenset(each.key for each in found if each.auto)
        self.known = {**self._not_asked, **self._checkups.check(self._targets, project.health)}

    def ask_again(self) -> bool:
        """Ask those that are due by now, as they were at the last cycle; whether that changes a plan or a notice."""
        due_s = self._checkups.next_due_s
        if self._policy is None or due_s is None or self._clock.monotonic() < due_s:
            return False
        before = self._telling()
        self.known = {**self._not_asked, **self._checkups.check(self._targets, self._policy)}
        return before != self._telling()

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
