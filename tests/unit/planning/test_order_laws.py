"""No gap opens, whatever is in flight or fails: every plan is simulated against brute force."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.policy import Promise
from reconciler.planning.fleet import Serving
from reconciler.planning.order import arrange
from tests.fakes.fleet_simulator import Simulation, Write, fewest_twice, required
from tests.fakes.fleets import PLACE, actions_for

TAGS = "abcd"
SOME_TAGS = st.frozensets(st.sampled_from(TAGS), min_size=1)
STATES = st.one_of(SOME_TAGS, SOME_TAGS, SOME_TAGS, SOME_TAGS, st.none(), st.just(frozenset()))
PROMISES = st.lists(st.tuples(st.frozensets(st.sampled_from(TAGS), max_size=2), st.integers(1, 4)), max_size=2)


@st.composite
def fleets(draw, states, size=5):
    """Up to `size` runners, each with a state before and one after."""
    pairs = draw(st.lists(st.tuples(states, states), min_size=1, max_size=size))
    return [Serving(f"r{at}", f"r{at}", before, after) for at, (before, after) in enumerate(pairs)]


def simulate(servings, promises, *, two_phase=True):
    """What is arranged, its simulation, and what must hold throughout."""
    asked = [Promise(tuple(sorted(tags)), least, PLACE) for tags, least in promises]
    arranged = arrange(actions_for(servings), servings, asked, two_phase=two_phase)
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


def codes(arranged):
    """The codes of all findings."""
    return {finding.code for finding in arranged.findings}


@settings(max_examples=400, deadline=None)
@given(servings=fleets(STATES), promises=PROMISES)
def test_nothing_is_unserved_at_any_moment(servings, promises):
    """Over every prefix of the writes and all that may be in flight or fail, every need holds, and nothing gets stuck."""
    arranged, simulation, needs = simulate(servings, promises)
    assert not simulation.gaps(needs)
    assert not simulation.stuck()
    everything = simulation.settled(simulation.writes)
    assert everything == {serving.key: serving.after for serving in servings}
    assert "brief-gap" not in codes(arranged)


@settings(max_examples=300, deadline=None)
@given(servings=fleets(SOME_TAGS), promises=PROMISES)
def test_no_more_runners_than_needed_take_two_writes(servings, promises):
    """As many as brute force over all ways needs, not one more; each of them is named."""
    arranged, simulation, needs = simulate(servings, promises)
    before, after = simulation.before, {serving.key: serving.after for serving in servings}
    assert len(twice(arranged)) == fewest_twice(before, after, needs)
    widened = [finding.key for finding in arranged.findings if finding.code == "briefly-widened"]
    assert widened == twice(arranged)


@settings(max_examples=300, deadline=None)
@given(servings=fleets(st.one_of(SOME_TAGS, STATES)), promises=PROMISES)
def test_without_two_writes_a_gap_is_told_exactly_where_none_can_be_avoided(servings, promises):
    """With two_phase off nobody takes two writes; a gap is reported if and only if no order avoids it."""
    arranged, simulation, needs = simulate(servings, promises, two_phase=False)
    before, after = simulation.before, {serving.key: serving.after for serving in servings}
    assert not twice(arranged)
    assert not simulation.stuck()
    possible = fewest_twice(before, after, needs, most_tags=0) is not None
    assert ("brief-gap" in codes(arranged)) == (not possible)
    if possible:
        assert not simulation.gaps(needs)


@pytest.mark.parametrize("two_phase", [True, False])
@settings(max_examples=100, deadline=None)
@given(servings=fleets(STATES), promises=PROMISES, data=st.data())
def test_the_order_of_the_fleet_does_not_matter(two_phase, servings, promises, data):
    """The same plan comes from the fleet in any order."""
    shuffled = data.draw(st.permutations(servings))
    once, _, _ = simulate(servings, promises, two_phase=two_phase)
    again, _, _ = simulate(shuffled, promises[::-1], two_phase=two_phase)
    assert once == again
