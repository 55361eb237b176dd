"""Asks as often as a one-shot command must before it may decide, a second apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reconciler.health.streaks import Streak, extend
from reconciler.model.health import Health, Probed
from reconciler.planning.health import Case

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.health.targets import Prober, Target
    from reconciler.model.health import HealthPolicy
    from reconciler.ports import Clock

APART_S: Final = 1.0
NOT_TO_THE_END: Final = "it was not asked to the end"


def ask_in_rounds(
    targets: Sequence[Target], cases: Mapping[str, Case], prober: Prober, policy: HealthPolicy, clock: Clock
) -> Mapping[str, Probed]:
    """Ask what each target amounts to, by key, after as many probes as its case takes.

    One that stays is healthy at its first good answer and unhealthy after `unhealthy_after` bad ones in a row. One that
    becomes active is unhealthy at its first bad answer and healthy after `healthy_after` good ones in a row. One that
    moves takes as many of either; if it has neither after as many probes as both together, it is unhealthy.
    Raises Interrupted when stopped.
    """
    found: dict[str, Probed] = {}
    streaks = dict.fromkeys((target.key for target in targets), Streak())
    waiting = list(targets)
    for left in reversed(range(policy.unhealthy_after + policy.healthy_after if waiting else 0)):
        answers = prober.ask(waiting, timeout_s=policy.timeout_s)
        for target in waiting:
            key = target.key
            answer = answers.get(key, Probed(Health.UNKNOWN, NOT_TO_THE_END))
            streaks[key] = extend(streaks[key], answer, _rule(policy, cases[key]))
            if answer.health is Health.UNKNOWN:
                found[key] = answer
            elif streaks[key].health is not Health.UNKNOWN:
                found[key] = Probed(streaks[key].health, streaks[key].reason)
            elif not left:
                found[key] = Probed(Health.UNHEALTHY, f"it answers only now and then; {streaks[key].reason or 'once'}")
        waiting = [target for target in waiting if target.key not in found]
        if not waiting:
            break
        clock.wait(APART_S)
    return found


def _rule(policy: HealthPolicy, case: Case) -> HealthPolicy:
    match case:
        case Case.STAYS:
            return replace(policy, healthy_after=1)
        case Case.CREATES | Case.ENTERS:
            return replace(policy, unhealthy_after=1)
        case Case.MOVES:
            return policy
