"""What the runners of a plan are asked, once for a command, or again and again for a watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.health.rounds import NOT_TO_THE_END, ask_in_rounds
from reconciler.health.targets import Admission, Target
from reconciler.model.health import Health, Probed
from reconciler.planning.health import Case

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.health.checkups import Checkups
    from reconciler.health.targets import Prober
    from reconciler.model.fields.spec import RunnerSpec
    from reconciler.model.health import HealthPolicy
    from reconciler.model.policy import Guard
    from reconciler.model.runner import LiveRunner
    from reconciler.planning.health import Question
    from reconciler.ports import Clock


def ask_for_plan(
    questions: Sequence[Question], guard: Guard, policy: HealthPolicy, prober: Prober, clock: Clock
) -> Mapping[str, Probed]:
    """Ask what a plan must know of its runners' health, by key; unknown where a runner may not be asked."""
    targets, refused = _admitted(((each.key, each.spec) for each in questions), guard, policy)
    cases = {each.key: each.case for each in questions}
    return {**refused, **ask_in_rounds(targets, cases, prober, policy, clock)}


@dataclass(frozen=True, slots=True)
class Observed:
    """What a watch knows of a fleet.

    `held` are `auto` runners that must not be written yet: they would be created, or moved while active, on an endpoint
    that has not proved healthy.
    """

    health: Mapping[str, Probed]
    held: frozenset[str]


def observe(questions: Sequence[Question], guard: Guard, policy: HealthPolicy, checkups: Checkups) -> Observed:
    """Ask those of a fleet who are due, and say what that means for its plan. Raises what the prober raises."""
    targets, refused = _admitted(((each.key, each.spec) for each in questions), guard, policy)
    health = {**refused, **checkups.check(targets, policy)}
    held = frozenset(
        each.key
        for each in questions
        if each.auto
        and each.case in (Case.CREATES, Case.MOVES)
        and each.key not in refused
        and health[each.key].health is not Health.HEALTHY
    )
    return Observed(health, held)


def _admitted(
    runners: Iterable[tuple[str, RunnerSpec]], guard: Guard, policy: HealthPolicy
) -> tuple[list[Target], dict[str, Probed]]:
    admission = Admission(guard, policy.path)
    targets: list[Target] = []
    refused: dict[str, Probed] = {}
    for key, spec in runners:
        admitted = admission.admit(key, spec.endpoint, spec.headers)
        if isinstance(admitted, Target):
            targets.append(admitted)
        else:
            refused[key] = admitted
    return targets, refused


def ask_live(runners: Sequence[LiveRunner], guard: Guard, policy: HealthPolicy, prober: Prober) -> dict[str, Probed]:
    """Ask what live endpoints show when each is asked once, by id; unknown where one may not be asked."""
    targets, refused = _admitted([(each.id, each.spec) for each in runners], guard, policy)
    cut_short = {each.key: Probed(Health.UNKNOWN, NOT_TO_THE_END) for each in targets}
    return {**refused, **cut_short, **prober.ask(targets, timeout_s=policy.timeout_s)}
