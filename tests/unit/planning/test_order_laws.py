"""No gap opens, whatever is in flight or fails: every plan is simulated against brute force."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.planning.ordering import solver
from reconciler.planning.serving.states import Serving, describe
from tests.fakes.arranging import TAGS, simulate, twice
from tests.fakes.fleet_simulator import fewest_twice, has_way

SETS = [frozenset(tags) for size in (1, 2, 3) for tags in combinations(TAGS, size)]
PAIRS = [frozenset(tags) for tags in combinations(TAGS, 2)]
PROMISES = st.lists(st.tuples(st.frozensets(st.sampled_from(TAGS), max_size=2), st.integers(1, 4)), max_size=2)


def draw_fleet(seed, odd):
    """Two to five runners that move among a few sets, so that they get in each other's way; `odd` are other states.

    Drawn evenly from a seed: fleets that are small in Hypothesis's eyes have nobody who moves.
    """
    chance = Random(seed)  # noqa: S311 - chance, no secret
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
def test_no_runner_takes_two_writes_that_could_take_one(servings, promises):
    """By brute force: no order keeps all needs when one of them takes one write and the others two. Each is named."""
    arranged, simulation, needs = simulate(servings, promises)
    after = {serving.key: serving.after for serving in servings}
    for key in twice(arranged):
        assert not has_way(simulation.before, after, needs, [other for other in twice(arranged) if other != key])
    widened = [finding.key for finding in arranged.widened]
    assert widened == twice(arranged)


def draw_knot(seed):
    """Four to eight runners that change places among sets that overlap: permutations, swaps, crowds in a few sets."""
    chance = Random(seed)  # noqa: S311 - chance, no secret
    sets = [frozenset(tags) for size in (1, 2, 3) for tags in combinations(TAGS, size)]
    count = chance.randint(4, 8)
    before = chance.sample(sets, count)
    if seed % 3 == 0:
        after = chance.sample(before, count)
    elif seed % 3 == 1:
        after = [before[at ^ 1] if at ^ 1 < count else before[at] for at in range(count)]
    else:
        crowd = before[:4]
        before, after = chance.choices(crowd, k=count), chance.choices(crowd, k=count)
    return [Serving(f"r{at}", f"r{at}", *states) for at, states in enumerate(zip(before, after, strict=True))]


def test_second_writes_of_fleets_made_to_be_hard():
    """Of 300 fleets of up to eight runners, in each as few take two writes as brute force needs, and no gap is left."""
    for seed in range(300):
        servings = draw_knot(seed)
        arranged, simulation, needs = simulate(servings, [])
        after = {serving.key: serving.after for serving in servings}
        assert not arranged.gaps
        assert not simulation.gaps(needs)
        assert not simulation.stuck()
        assert len(twice(arranged)) == fewest_twice(simulation.before, after, needs)


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


@settings(max_examples=200, deadline=None)
@given(servings=ALL)
def test_a_gap_is_left_in_what_nobody_asks_for(servings):
    """By brute force: a set that is asked for, and that some order of single writes keeps, goes unserved never."""
    arranged, simulation, needs = simulate(servings, [], two_phase=False)
    after = {serving.key: serving.after for serving in servings}
    for tags, _least in simulation.gaps(needs) if arranged.gaps else ():
        if has_way(simulation.before, after, [(tags, 1)], []):
            _, again, _ = simulate(servings, [], two_phase=False, asked=[tags])
            assert not again.gaps([(tags, 1)])
            assert not again.stuck()


@settings(max_examples=150, deadline=None)
@given(servings=TAGGED, promises=PROMISES)
def test_a_knot_too_large_to_try_from_each_mover_opens_no_gap_either(servings, promises):
    """Tried once only, the order is safe, if not always the cheapest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solver, "_TRIED_FROM_EACH", 0)
        arranged, simulation, needs = simulate(servings, promises)
    assert not simulation.gaps(needs)
    assert not simulation.stuck()
    assert not arranged.gaps


@settings(max_examples=200, deadline=None)
@given(plain=TAGGED, seed=st.integers(0, 2**32))
def test_runners_with_too_many_tags_take_one_write(plain, seed):
    """Of the runners whose union has at most ten tags some take two writes; if that is not enough, it is said."""
    chance = Random(seed)  # noqa: S311 - chance, no secret
    servings = []
    for each in plain:
        own = [frozenset(f"{each.key}-{side}{at}" for at in range(chance.choice([0, 5]))) for side in "ba"]
        servings.append(Serving(each.key, each.label, each.before | own[0], each.after | own[1]))
    arranged, simulation, needs = simulate(servings, [])
    after = {serving.key: serving.after for serving in servings}
    fewest = fewest_twice(simulation.before, after, needs)
    assert all(len(action.requests[0].body.spec.tags) <= 10 for action in arranged.actions if len(action.requests) == 2)
    assert (bool(arranged.gaps)) == (fewest is None)
    if fewest is not None:
        assert len(twice(arranged)) >= fewest
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
