"""Knots of movers: cut into stages, searched exactly, or ordered as well as it goes."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.planning.ordering.exact import Steps, TooHard, fewest_twice
from reconciler.planning.ordering.solver import order_greedily
from reconciler.planning.ordering.stages import Need, Stage, cut_into_stages

MOVERS = range(7)


def draw_needs(seed):
    """Needs that hold before and after, drawn evenly, so that many movers are in a circle."""
    chance = Random(seed)  # noqa: S311 (no secret)
    needs = []
    for source in range(chance.randint(2, 8)):
        ends = chance.sample(MOVERS, chance.randint(2, 4))
        cut = chance.randint(1, len(ends) - 1)
        losers, gainers = frozenset(ends[:cut]), frozenset(ends[cut:])
        needs.append(Need(source, chance.randint(1, min(len(losers), len(gainers))), losers, gainers))
    return needs


def knots():
    """Lists of needs."""
    return st.integers(0, 2**32).map(draw_needs)


def broken(needs, order, twice):
    """By source, how many servers each need is short of at the worst moment of an order."""
    short = {}
    for need in needs:
        serving = len(need.losers) + len(need.gainers & twice)
        worst = serving
        for mover in order:
            serving += (mover in need.gainers) - (mover in need.losers)
            worst = min(worst, serving)
        if worst < need.least:
            short[need.source] = need.least - worst
    return short


@given(needs=knots())
def test_stages_keep_the_answer(needs):
    """Stage by stage as few take two writes as when all are searched at once, and the order joined is safe."""
    stages = cut_into_stages(MOVERS, needs)
    assert sorted(mover for stage in stages for mover in stage.movers) == list(MOVERS)
    apart = [fewest_twice([stage], {}, stage.movers, Steps(10**6)) for stage in stages]
    whole = fewest_twice([Stage(tuple(MOVERS), tuple(needs))], {}, MOVERS, Steps(10**6))
    order = [mover for part in apart for mover in part.order]
    twice = frozenset().union(*(part.twice for part in apart))
    assert len(twice) == len(whole.twice)
    assert not broken(needs, order, twice)
    assert not broken(needs, whole.order, whole.twice)


@settings(max_examples=300)
@given(needs=knots(), twicable=st.frozensets(st.sampled_from(MOVERS)))
def test_a_greedy_order_is_safe_and_wastes_nothing(needs, twicable):
    """What it says is short is all that is; nobody takes two writes who has a place for one in the order found."""
    found = order_greedily(Stage(tuple(MOVERS), tuple(needs)), twicable)
    assert sorted((*found.order, *found.twice)) == list(MOVERS)
    assert found.twice <= twicable
    short = broken(needs, found.order, found.twice)
    assert all(short[source] <= found.short.get(source, 0) for source in short)
    for mover in found.twice:
        for at in range(len(found.order) + 1):
            order = (*found.order[:at], mover, *found.order[at:])
            worse = broken(needs, order, found.twice - {mover})
            assert any(count > found.short.get(source, 0) for source, count in worse.items())


@given(needs=knots())
def test_with_two_writes_for_all_nothing_is_short(needs):
    """Two writes for everybody always do, so neither way gives anything up."""
    assert not order_greedily(Stage(tuple(MOVERS), tuple(needs)), MOVERS).short


def test_a_runner_widened_in_vain_gets_its_single_write_back():
    """Who was widened first is no longer needed once another is: only that one takes two writes."""
    needs = [((0,), (1,)), ((2,), (0,)), ((1,), (0,)), ((0,), (2,))]
    stage = Stage((0, 1, 2), tuple(Need(at, 1, frozenset(a), frozenset(b)) for at, (a, b) in enumerate(needs)))
    found = order_greedily(stage, range(3))
    assert (found.twice, sorted(found.order)) == ({0}, [1, 2])


def test_there_may_be_no_order():
    """A swap of which nobody may take two writes has none; the greedy one breaks a need and says which."""
    swap = Stage((0, 1), (Need(4, 1, frozenset({0}), frozenset({1})), Need(7, 1, frozenset({1}), frozenset({0}))))
    assert fewest_twice([swap], {}, (), Steps(100)) is None
    assert order_greedily(swap, ()).short == {4: 1}
    assert fewest_twice([swap], {4: [2]}, (2,), Steps(100)).twice == {2}


def test_the_search_stops_when_its_steps_are_used_up():
    """The steps are counted to the last one."""
    swap = Stage((0, 1), (Need(0, 1, frozenset({0}), frozenset({1})), Need(1, 1, frozenset({1}), frozenset({0}))))
    enough = Steps(100)
    fewest_twice([swap], {}, (0, 1), enough)
    used = 100 - enough.left
    fewest_twice([swap], {}, (0, 1), Steps(used))
    with pytest.raises(TooHard):
        fewest_twice([swap], {}, (0, 1), Steps(used - 1))
