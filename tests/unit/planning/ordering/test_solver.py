"""Knots of movers: cut into stages, and ordered with as few second writes as the order found allows."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.planning.ordering.knot import Knot
from reconciler.planning.ordering.solver import order_movers
from reconciler.planning.ordering.stages import Need, Stage, cut_into_stages

MOVERS = range(7)


def draw_needs(seed):
    """Needs that hold before and after, drawn evenly, so that many movers are in a circle."""
    chance = Random(seed)  # noqa: S311 - chance, no secret
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


def solved(needs, twicable, helpers=None, movers=MOVERS):
    """The order of one stage."""
    return order_movers(Knot([Stage(tuple(movers), tuple(needs))], helpers or {}), twicable)


def orderable(needs, twice):
    """Whether the movers that don't take two writes have any order, by trying all sets of movers done."""
    others = frozenset(MOVERS) - twice
    seen, pending = {frozenset()}, [frozenset()]
    while pending:
        done = pending.pop()
        if done == others:
            return True
        for mover in others - done:
            after = done | {mover}
            kept = all(len(need.losers - after) + len(need.gainers & (after | twice)) >= need.least for need in needs)
            if kept and after not in seen:
                seen.add(after)
                pending.append(after)
    return False


@given(needs=knots(), twicable=st.frozensets(st.sampled_from(MOVERS)))
def test_stages_joined_are_an_order_of_all(needs, twicable):
    """Stage by stage each mover has one place, and where no stage is short the order joined is safe."""
    stages = cut_into_stages(MOVERS, needs)
    assert sorted(mover for stage in stages for mover in stage.movers) == list(MOVERS)
    apart = [order_movers(Knot([stage], {}), twicable) for stage in stages]
    order = [mover for part in apart for mover in part.order]
    twice = frozenset().union(*(part.twice for part in apart))
    assert sorted((*order, *twice)) == list(MOVERS)
    if not any(part.short for part in apart):
        assert not broken(needs, order, twice)


@settings(max_examples=300)
@given(needs=knots(), twicable=st.frozensets(st.sampled_from(MOVERS)))
def test_an_order_is_safe_and_wastes_nothing(needs, twicable):
    """What it says is short is all that is; no runner takes two writes who has a place for one in the order found."""
    found = solved(needs, twicable)
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
    """Two writes for every mover always do, so nothing is given up."""
    assert not solved(needs, MOVERS).short


def test_no_order_of_300_knots_is_missed():
    """With two writes for none no gap is claimed that an order avoids; with two for all none takes two in vain."""
    gaps = wasted = 0
    for seed in range(300):
        needs = draw_needs(seed)
        gaps += bool(solved(needs, ()).short) and orderable(needs, frozenset())
        twice = solved(needs, MOVERS).twice
        wasted += any(orderable(needs, twice - {mover}) for mover in twice)
    assert (gaps, wasted) == (0, 0)


def test_a_second_write_that_no_order_tried_saved_is_saved_in_the_end():
    """Every turn widens 0 or 1 first and then 2 as well; with 2 alone there is an order, so only 2 takes two writes."""
    needs = [((0,), (2,)), ((1,), (0,)), ((2,), (1,)), ((1, 3), (2,))]
    needs = [Need(at, 1, frozenset(a), frozenset(b)) for at, (a, b) in enumerate(needs)]
    found = solved(needs, range(4), movers=range(4))
    assert found.twice == {2}
    assert not broken(needs, found.order, found.twice)


def test_a_runner_widened_in_vain_gets_its_single_write_back():
    """Who was widened first is no longer needed once another is: only that one takes two writes."""
    needs = [((0,), (1,)), ((2,), (0,)), ((1,), (0,)), ((0,), (2,))]
    needs = [Need(at, 1, frozenset(a), frozenset(b)) for at, (a, b) in enumerate(needs)]
    found = solved(needs, range(3), movers=range(3))
    assert (found.twice, sorted(found.order)) == ({0}, [1, 2])


SWAP = [Need(4, 1, frozenset({0}), frozenset({1})), Need(7, 1, frozenset({1}), frozenset({0}))]


def test_there_may_be_no_order():
    """A swap of which nobody may take two writes has none: a need is broken, and it says which."""
    assert solved(SWAP, (), movers=(0, 1)).short == {4: 1}


def test_a_third_may_help():
    """One that serves a set between its two writes only makes room for the others, be it tied up itself or not."""
    found = solved(SWAP, (2,), {4: [2]}, movers=(0, 1))
    assert (found.order, found.twice, found.short) == ((0, 1), {2}, {})


def test_a_large_knot_is_ordered_once():
    """A ring too large to be tried from each mover is broken at one place all the same."""
    ring = [Need(at, 1, frozenset({at}), frozenset({(at + 1) % 300})) for at in range(300)]
    assert len(solved(ring, range(300), movers=range(300)).twice) == 1
