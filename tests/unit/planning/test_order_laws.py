"""No gap opens, whatever is in flight or fails: every plan is simulated against brute force."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.policy import Promise
from reconciler.planning.findings.serving import Serving, describe
from reconciler.planning.ordering import conflicts
from reconciler.planning.ordering.arrange import arrange
from tests.fakes.fleet_simulator import Simulation, Write, fewest_twice, required
from tests.fakes.fleets import PLACE, actions_for

TAGS = "abcd"
SETS = [frozenset(tags) for size in (1, 2, 3) for tags in combinations(TAGS, size)]
PAIRS = [frozenset(tags) for tags in combinations(TAGS, 2)]
PROMISES = st.lists(st.tuples(st.frozensets(st.sampled_from(TAGS), max_size=2), st.integers(1, 4)), max_size=2)


def draw_fleet(seed, odd):
    """Two to five runners that move among a few sets, so that they get in each other's way; `odd` are other states.

    Drawn evenly from a seed: fleets that are small in Hypothesis's eyes have nobody who moves.
    """
    chance = Random(seed)  # noqa: S311 (no secret)
    pool = chance.sample(chance.choice([SETS, PAIRS]), chance.randint(2, 5))

    def state():
        return chance.choice(odd) if odd and chance.random() < 0.2 else chance.choice(pool)

    before = [state() for _ in range(chance.randint(2, 5))]
    after = before[1:] + before[:1] if chance.random() < 0.7 else [state() for _ in before]
    states = [(one, other if chance.random() < 0.9 else state()) for one, other in zip(before, after, strict=True)]
    return [Serving(f"r{at}", f"r{at}", before, after) for at, (before, after) in enumerate(states)]


def fleets(*odd):
    """Fleets in which a fifth of the states are odd ones."""
    return st.integers(0, 2**32).map(lambda seed: draw_fleet(seed, odd))


WILDCARD = frozenset()
TAGGED = fleets()
ALL = st.one_of(TAGGED, fleets(None), fleets(None, WILDCARD))


def simulate(servings, promises, *, two_phase=True, **limits):
    """What is arranged, its simulation, and what must hold throughout."""
    asked = [Promise(tuple(sorted(tags)), least, PLACE) for tags, least in promises]
    arranged = arrange(actions_for(servings), servings, asked, two_phase=two_phase, **limits)
    after = {serving.key: serving.after for serving in servings}
    gates = [frozenset(gate.keys) for gate in arranged.gates]
    writes = []
    for action in arranged.actions:
        for number, request in enumerate(action.requests):
            last = number == len(action.requests) - 1
            brought = after[action.key] if last else frozenset(request.body.tags)
            waits = tuple((gates[wait.gate], wait.at_least) for wait in request.waits)
            writes.append(Write(action.key, number, brought, waits))
    before = {serving.key: serving.before for serving in servings}
    needs = required(list(before.values()), list(after.values()), TAGS, promises)
    return arranged, Simulation(before, writes), needs


def twice(arranged):
    """The keys of the runners that take two writes."""
    return [action.key for action in arranged.actions if len(action.requests) == 2]


@settings(max_examples=400, deadline=None)
@given(servings=ALL, promises=PROMISES)
def test_nothing_is_unserved_at_any_moment(servings, promises):
    """Over every prefix of the writes and all that may be in flight or fail, every need holds; nothing gets stuck."""
    arranged, simulation, needs = simulate(servings, promises)
    assert not simulation.gaps(needs)
    assert not simulation.stuck()
    everything = simulation.settled(simulation.writes)
    assert everything == {serving.key: serving.after for serving in servings}
    assert not arranged.gaps


@settings(max_examples=300, deadline=None)
@given(servings=ALL, promises=PROMISES)
def test_no_more_runners_than_needed_take_two_writes(servings, promises):
    """As many as brute force over all ways needs, not one more; each of them is named."""
    arranged, simulation, needs = simulate(servings, promises)
    before, after = simulation.before, {serving.key: serving.after for serving in servings}
    assert len(twice(arranged)) == fewest_twice(before, after, needs)
    widened = [finding.key for finding in arranged.widened]
    assert widened == twice(arranged)


@settings(max_examples=300, deadline=None)
@given(servings=ALL, promises=PROMISES)
def test_without_two_writes_a_gap_is_told_exactly_where_none_can_be_avoided(servings, promises):
    """With two_phase off nobody takes two writes; a gap is reported if and only if no order avoids it."""
    arranged, simulation, needs = simulate(servings, promises, two_phase=False)
    before, after = simulation.before, {serving.key: serving.after for serving in servings}
    assert not twice(arranged)
    assert not simulation.stuck()
    possible = fewest_twice(before, after, needs, most_tags=0) is not None
    assert (bool(arranged.gaps)) == (not possible)
    gaps = simulation.gaps(needs)
    if possible:
        assert not gaps
    told = " ".join(finding.message for finding in arranged.gaps)
    unserved = [tags for tags, least in gaps if least == 1]
    for tags in unserved:
        if not any(tags < other for other in unserved):
            assert f"{describe(tags)}: for a moment" in told


@settings(max_examples=150, deadline=None)
@given(servings=TAGGED, promises=PROMISES, largest=st.sampled_from([0, 40]))
def test_a_knot_too_large_to_search_opens_no_gap_either(servings, promises, largest):
    """When the search is skipped, or stops for want of steps, the order is safe, if not always the cheapest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conflicts, "_LARGEST", largest)
        patch.setattr(conflicts, "_STEPS_ALL", 5)
        arranged, simulation, needs = simulate(servings, promises)
    assert not simulation.gaps(needs)
    assert not simulation.stuck()
    assert not arranged.gaps


@settings(max_examples=200, deadline=None)
@given(plain=TAGGED, seed=st.integers(0, 2**32))
def test_runners_with_too_many_tags_take_one_write(plain, seed):
    """Of the runners whose union has at most ten tags the fewest take two writes; if that is not enough, it is said."""
    chance = Random(seed)  # noqa: S311 (no secret)
    servings = []
    for each in plain:
        own = [frozenset(f"{each.key}-{side}{at}" for at in range(chance.choice([0, 5]))) for side in "ba"]
        servings.append(Serving(each.key, each.label, each.before | own[0], each.after | own[1]))
    arranged, simulation, needs = simulate(servings, [])
    after = {serving.key: serving.after for serving in servings}
    fewest = fewest_twice(simulation.before, after, needs)
    assert all(len(action.requests[0].body.tags) <= 10 for action in arranged.actions if len(action.requests) == 2)
    assert (bool(arranged.gaps)) == (fewest is None)
    if fewest is not None:
        assert len(twice(arranged)) == fewest
        assert not simulation.gaps(needs)
    assert not simulation.stuck()


@settings(max_examples=200, deadline=None)
@given(servings=ALL, promises=PROMISES, two_phase=st.booleans())
def test_a_change_too_large_to_weigh_opens_no_gap_unsaid(servings, promises, two_phase):
    """The coarse order keeps every need and gets stuck nowhere; without two writes, a gap is told."""
    arranged, simulation, needs = simulate(servings, promises, two_phase=two_phase, most_sets=0)
    assert not simulation.stuck()
    everything = simulation.settled(simulation.writes)
    assert everything == {serving.key: serving.after for serving in servings}
    if not arranged.gaps:
        assert not simulation.gaps(needs)
    assert two_phase is False or not arranged.gaps


@pytest.mark.parametrize("two_phase", [True, False])
@settings(max_examples=100, deadline=None)
@given(servings=ALL, promises=PROMISES, data=st.data())
def test_the_order_of_the_fleet_does_not_matter(two_phase, servings, promises, data):
    """The same plan comes from the fleet in any order."""
    shuffled = data.draw(st.permutations(servings))
    once, _, _ = simulate(servings, promises, two_phase=two_phase)
    again, _, _ = simulate(shuffled, promises[::-1], two_phase=two_phase)
    assert once == again
