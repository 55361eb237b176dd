"""What health decides: whom to ask, who becomes active or disabled, and who stays although its endpoint is dead. Pure.

A status of `auto` is active while the endpoint answers as a ComfyUI, else disabled; where nothing is known it is kept
like an unmanaged one. Activating comes first. Of the active runners that are unhealthy each is then disabled, in the
order of the keys, unless what it serves would have no other server left, or a promise would be broken by it: so of
two that serve the same the last one stays.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from reconciler.model.enums import RunnerStatus
from reconciler.model.fields.endpoint import same_endpoint
from reconciler.model.health import Health
from reconciler.planning import replacement
from reconciler.planning.match import match
from reconciler.planning.serving.tagsets import TagIndex
from reconciler.planning.targets import targeted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from reconciler.model.fields.spec import RunnerSpec
    from reconciler.model.health import Probed
    from reconciler.model.policy import Policy, Promise
    from reconciler.model.runner import Desired, DesiredRunner, Listing, LiveRunner
    from reconciler.planning.match import Matching, Pair
    from reconciler.planning.serving.states import Serving, Tags


class Case(Enum):
    """Why a runner is asked: it is created, is not active yet, is to move to another endpoint, or serves already."""

    CREATES = "creates"
    ENTERS = "enters"
    MOVES = "moves"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class Question:
    """A runner to ask, at the endpoint and with the headers that it is to have. `auto`: its status depends on it."""

    key: str
    spec: RunnerSpec
    case: Case
    auto: bool


def questions(desired: Desired, listing: Listing, policy: Policy, *, everyone: bool = False) -> list[Question]:
    """Find whom to ask for a plan: every `auto`, and who is created, activated, or moved while active.

    With `everyone` also the others that are active after the plan, as a watch does. Raises what matching raises.
    """
    picked = targeted({entry.key for entry in desired.runners}, policy.targets) - policy.skipped
    asked = (_question(pair, everyone=everyone) for pair in match(desired.runners, listing.runners).pairs)
    return [each for each in asked if each is not None and each.key in picked]


def _question(pair: Pair, *, everyone: bool) -> Question | None:
    desired, live, _by = pair
    if live is None:
        case, spec = Case.CREATES, (replacement.finish(desired) or replacement.creation(desired)).spec
    else:
        spec = replacement.replacement(desired, live.spec).spec
        case = Case.MOVES if moves(live, spec) else Case.STAYS if is_active(live) else Case.ENTERS
    if desired.is_auto or (spec.status == RunnerStatus.ACTIVE and (everyone or case is not Case.STAYS)):
        return Question(desired.key, spec, case, desired.is_auto)
    return None


def is_active(live: LiveRunner | None) -> bool:
    """Whether a live runner serves."""
    return live is not None and live.spec.status == RunnerStatus.ACTIVE


def moves(live: LiveRunner, spec: RunnerSpec) -> bool:
    """Whether an active runner is to have another endpoint."""
    return is_active(live) and not same_endpoint(spec.endpoint, live.spec.endpoint)


def decide(matching: Matching, health: Mapping[str, Probed]) -> Matching:
    """Settle every `auto` that health decides whatever the others do: all but those that `candidates` gives."""
    if not health:
        return matching
    return matching._replace(pairs=tuple(pair._replace(desired=_decided(pair, health)) for pair in matching.pairs))


def _decided(pair: Pair, health: Mapping[str, Probed]) -> DesiredRunner:
    desired = pair.desired
    match health[desired.key].health if desired.is_auto and desired.key in health else Health.UNKNOWN:
        case Health.HEALTHY:
            return replace(desired, status=RunnerStatus.ACTIVE)
        case Health.UNHEALTHY if pair.live is not None and not is_active(pair.live):
            return replace(desired, status=RunnerStatus.DISABLED)
    return desired


def candidates(matching: Matching, health: Mapping[str, Probed]) -> list[str]:
    """Find the `auto` runners that are to be disabled if the fleet can do without them, by key."""
    return sorted(
        desired.key
        for desired, live, _by in (matching.pairs if health else ())
        if desired.is_auto
        and (live is None or is_active(live))
        and desired.key in health
        and health[desired.key].health is Health.UNHEALTHY
    )


def disable(matching: Matching, keys: Collection[str]) -> Matching:
    """Settle these runners as disabled."""
    pairs = (
        pair._replace(desired=replace(pair.desired, status=RunnerStatus.DISABLED)) if pair.desired.key in keys else pair
        for pair in matching.pairs
    )
    return matching._replace(pairs=tuple(pairs))


def may_go(keys: Iterable[str], fleet: Sequence[Serving], promises: Sequence[Promise]) -> frozenset[str]:
    """Choose, in the given order, those that a fleet can do without after its plan: no set lost, no promise lowered."""
    wanted = list(keys)
    if not wanted:
        return frozenset()
    states = {serving.key: serving.after for serving in fleet if serving.key is not None}
    left = Counter(serving.after for serving in fleet if serving.after is not None)
    kinds = list(left)
    index, place = TagIndex(kinds), {state: at for at, state in enumerate(kinds)}
    served = {tags: index.containing(tags) for tags in kinds if tags}
    alive = (1 << len(kinds)) - 1
    needed: dict[Tags, int] = {}
    for promise in promises:
        tags = frozenset(promise.tags)
        needed[tags] = max(needed.get(tags, 0), promise.min_active)
    have = {tags: sum(count for state, count in left.items() if _serves(state, tags)) for tags in needed}
    gone = set()
    for key in wanted:
        state = states[key]
        if state is None:
            continue
        others = alive & ~(1 << place[state]) if left[state] == 1 else alive
        if not (served[state] & others if state else left[state] > 1):
            continue
        held = [tags for tags in needed if _serves(state, tags)]
        if any(have[tags] <= needed[tags] for tags in held):
            continue
        gone.add(key)
        left[state] -= 1
        alive = others
        for tags in held:
            have[tags] -= 1
    return frozenset(gone)


def _serves(state: Tags, tags: Tags) -> bool:
    """As a promise counts: an active runner that carries all the tags, or a wildcard."""
    return not state or tags <= state
