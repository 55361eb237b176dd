"""How many runners serve each set before and after."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.plan import Capacity
from reconciler.planning.serving.capacity import FleetCount
from reconciler.planning.serving.states import Serving
from tests.fakes.fleets import fleet


@pytest.mark.parametrize(
    ("servings", "expected"),
    [
        (fleet(), []),
        (fleet(r="a b"), []),
        (fleet(r="a b > off", s="a b"), [(("a", "b"), 2, 1)]),
        (fleet(r="a b > off"), [(("a", "b"), 1, 0)]),
        (fleet(r="off > a"), [(("a",), 0, 1)]),
        # A wildcard is counted on its own, not with every set.
        (fleet(r="* > a", s="a"), [((), 1, 0), (("a",), 1, 2)]),
        # A set is served by all that carry it, and perhaps more.
        (fleet(r="a > off", s="a b"), [(("a",), 2, 1)]),
        (fleet(r="a b > a"), [(("a", "b"), 1, 0)]),
        (fleet(r="a > a b"), [(("a", "b"), 0, 1)]),
        (fleet(r="a > b", s="b > a"), []),
        # Lost entirely, then drops, then gains; by tags within each.
        (
            fleet(r="d > off", s="c > off", t="b > off", u="b", v="off > a", w="off > z"),
            [(("c",), 1, 0), (("d",), 1, 0), (("b",), 2, 1), (("a",), 0, 1), (("z",), 0, 1)],
        ),
    ],
)
def test_only_what_changes_worst_first(servings, expected):
    """The sets of changed runners whose number of tagged runners changes, and wildcards."""
    assert FleetCount(servings).changes() == tuple(Capacity(*each) for each in expected)


STATES = st.one_of(st.none(), st.frozensets(st.sampled_from("abc")))


@given(pairs=st.lists(st.tuples(STATES, STATES), max_size=8), data=st.data())
def test_counts_are_those_of_all_runners_that_carry_the_set(pairs, data):
    """Each figure is the number of tagged active runners that carry all of the set, in any order of the fleet."""
    servings = [Serving(f"r{at}", f"r{at}", *pair) for at, pair in enumerate(pairs)]
    changes = FleetCount(servings).changes()
    for change in changes:
        for side, have in (("before", change.before), ("after", change.after)):
            states = [getattr(serving, side) for serving in servings]
            carried = [state for state in states if state is not None and bool(state) == bool(change.tags)]
            assert have == sum(set(change.tags) <= state for state in carried)
    assert FleetCount(data.draw(st.permutations(servings))).changes() == changes
