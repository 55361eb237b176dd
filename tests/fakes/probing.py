"""Probers without endpoints, and the answers that they give."""

from __future__ import annotations

from reconciler.health.targets import Admission
from reconciler.model.health import Health, Probed
from reconciler.model.policy import Guard

GOOD, BAD, UNKNOWN = Probed(Health.HEALTHY), Probed(Health.UNHEALTHY, "it answers 404"), Probed(Health.UNKNOWN)


class ScriptedProber:
    """Implements health.targets.Prober: one list of answers a key, then its last one again.

    `asked` has the keys of each call. With a `clock` an ask takes `takes_s` seconds.
    """

    def __init__(self, script, *, clock=None, takes_s=0.0):
        self.script = {key: list(answers) for key, answers in script.items()}
        self.asked = []
        self._clock = clock
        self._takes_s = takes_s

    def ask(self, targets, *, timeout_s):
        """The next answer of each target."""
        del timeout_s
        self.asked.append(sorted(target.key for target in targets))
        if self._clock is not None:
            self._clock.turn(self._takes_s)
        return {target.key: self._next(self.script[target.key]) for target in targets}

    @staticmethod
    def _next(answers):
        return answers.pop(0) if len(answers) > 1 else answers[0]


def target(key, url=None, headers=None, *, guard=None):
    """The target of a runner, which the guard must allow."""
    return Admission(guard or Guard(), "/system_stats").admit(key, url or f"http://{key}", headers or {})
