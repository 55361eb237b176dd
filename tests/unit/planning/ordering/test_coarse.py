"""The order of changes too large to weigh set by set."""

from __future__ import annotations

from random import Random

from reconciler.planning.ordering.arrange import arrange
from reconciler.planning.serving.states import Serving
from tests.fakes.fleets import actions_for


def moves(count, tags, chance, *, before=3, after=3):
    """So many runners that move from some tags to others."""
    pool = [f"t{number}" for number in range(tags)]
    states = [(frozenset(chance.sample(pool, before)), frozenset(chance.sample(pool, after))) for _ in range(count)]
    return [Serving(f"r{at:05}", f"r{at:05}", *state) for at, state in enumerate(states)]


def test_thousands_of_unrelated_moves_are_ordered_in_three_steps():
    """All widen, then all narrow: one gate, however many sets change hands."""
    servings = moves(2_000, 60, Random(1))  # noqa: S311 - chance, no secret
    arranged = arrange(actions_for(servings), servings, [], two_phase=True, most_sets=100)
    assert len(arranged.gates) == 1
    assert len(arranged.gates[0].keys) == 2_000
    assert {len(action.requests) for action in arranged.actions} == {2}
    assert {action.requests[1].waits for action in arranged.actions} == {arranged.actions[0].requests[1].waits}


def test_unions_over_ten_tags_take_one_write_after_all_that_widens():
    """What can't widen moves between the others' two writes, and the finding says so once for all."""
    chance = Random(2)  # noqa: S311 - chance, no secret
    small, large = moves(20, 30, chance), moves(20, 30, chance, before=8, after=8)
    large = [Serving(f"x{each.key}", f"x{each.label}", each.before, each.after) for each in large]
    servings = [*small, *large]
    arranged = arrange(actions_for(servings), servings, [], two_phase=True, most_sets=10)
    writes = {action.key: len(action.requests) for action in arranged.actions}
    assert {writes[each.key] for each in small} == {2}
    assert len(arranged.gaps) == 1
    assert "over 10 tags" in arranged.gaps[0].message
    assert len(arranged.gates) == 2


def test_without_two_writes_the_guard_is_named():
    """The reason is the guard, and nobody waits in vain."""
    servings = moves(30, 20, Random(3))  # noqa: S311 - chance, no secret
    arranged = arrange(actions_for(servings), servings, [], two_phase=False, most_sets=10)
    assert arranged.gates == ()
    assert ["guard.two_phase is false" in finding.message for finding in arranged.gaps] == [True]
