"""Asks the endpoints of a fleet again and again: for `watch`. Nothing here waits; only the prober has an effect."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.health.streaks import Streak, extend
from reconciler.model.health import Health, Probed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reconciler.health.targets import Prober, Target
    from reconciler.model.health import HealthPolicy
    from reconciler.ports import Clock

JITTER: Final = 0.1
"""So much of an interval later a probe may come, so that a fleet's probes spread; never earlier."""

_NOT_SURE: Final = Probed(Health.UNKNOWN, "it was not asked often enough yet")


class _Asked(NamedTuple):
    """When a probe of a runner was over (monotonic seconds), and the chance that spreads its next one."""

    at_s: float
    chance: float

    def due_s(self, policy: HealthPolicy) -> float:
        return self.at_s + policy.interval_s * (1 + JITTER * self.chance)


class Checkups:
    """What is known of the endpoints of a fleet, from probes at least an interval apart.

    Call `check` in each cycle, with all targets; at `next_due_s` the next probe is due. One thread only.
    """

    def __init__(self, prober: Prober, clock: Clock, *, chance: Callable[[], float] = random.random) -> None:
        self._prober = prober
        self._clock = clock
        self._chance = chance
        self._known: dict[str, tuple[Target, Streak]] = {}
        self._asked: dict[str, _Asked] = {}
        self._next_due_s: float | None = None

    @property
    def next_due_s(self) -> float | None:
        """When the next probe is due (monotonic seconds); None before the first `check`, and where none is asked."""
        return self._next_due_s

    def check(self, targets: Sequence[Target], policy: HealthPolicy) -> Mapping[str, Probed]:
        """Ask those that are due; what is known of each target after that, by key.

        A runner that is gone is forgotten, and one whose URL or headers have changed begins a new row of answers, but
        neither is asked again before its interval is over. Raises what the prober raises.
        """
        now_s = self._clock.monotonic()
        self._remember(targets, policy, now_s)
        due = [each for each in targets if self._due_s(each.key, policy) <= now_s]
        answers: Mapping[str, Probed] = {}
        try:
            if due:
                answers = self._prober.ask(due, timeout_s=policy.timeout_s)
        finally:
            # From the end, for a probe can begin as late as that: then no two are less than an interval apart.
            over_s = self._clock.monotonic()
            self._asked |= {each.key: _Asked(over_s, self._chance()) for each in due}
            self._next_due_s = min((self._due_s(each.key, policy) for each in targets), default=None)
        for key, answer in answers.items():
            target, streak = self._known[key]
            self._known[key] = target, extend(streak, answer, policy)
        return {each.key: _found(self._known[each.key][1]) for each in targets}

    def _remember(self, targets: Sequence[Target], policy: HealthPolicy, now_s: float) -> None:
        known: dict[str, tuple[Target, Streak]] = {}
        for target in targets:
            before, streak = self._known.get(target.key, (target, Streak()))
            known[target.key] = target, streak if target.asks_the_same(before) else Streak()
        self._known = known
        self._asked = {key: asked for key, asked in self._asked.items() if key in known or asked.due_s(policy) > now_s}

    def _due_s(self, key: str, policy: HealthPolicy) -> float:
        asked = self._asked.get(key)
        return float("-inf") if asked is None else asked.due_s(policy)


def _found(streak: Streak) -> Probed:
    return _NOT_SURE if streak.health is Health.UNKNOWN else Probed(streak.health, streak.reason)
