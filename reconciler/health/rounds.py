"""Asks as often as a one-shot command must before it may decide, a second apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reconciler.health.streaks import Streak, extend
from reconciler.model.health import Health, Probed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from reconciler.health.targets import Target
    from reconciler.model.health import HealthPolicy
    from reconciler.ports import Clock, Prober

APART_S: Final = 1.0


def ask_in_rounds(
    targets: Sequence[Target],
    prober: Prober,
    policy: HealthPolicy,
    clock: Clock,
    *,
    in_rotation: Collection[str],
) -> Mapping[str, Probed]:
    """What each target amounts to, by key, after as many probes as its case takes.

    A runner of `in_rotation` is healthy at its first good answer and unhealthy after `unhealthy_after` bad ones in a
    row; any other is unhealthy at its first bad answer and healthy after `healthy_after` good ones in a row. Raises
    Interrupted when stopped.
    """
    found: dict[str, Probed] = {}
    streaks = dict.fromkeys((target.key for target in targets), Streak())
    waiting = list(targets)
    while waiting:
        answers = prober.ask(waiting, timeout_s=policy.timeout_s)
        for target in waiting:
            key = target.key
            rule = replace(policy, healthy_after=1) if key in in_rotation else replace(policy, unhealthy_after=1)
            streaks[key] = extend(streaks[key], answers.get(key, Probed(Health.UNKNOWN)), rule)
            if key not in answers:
                found[key] = Probed(Health.UNKNOWN, "it was not asked to the end")
            elif streaks[key].health is not Health.UNKNOWN:
                found[key] = Probed(streaks[key].health, streaks[key].reason)
        waiting = [target for target in waiting if target.key not in found]
        if waiting:
            clock.wait(APART_S)
    return found
