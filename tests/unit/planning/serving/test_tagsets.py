"""Questions about many sets, against answers by looking at all of them."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.planning.serving.states import ANY, common, dominates
from reconciler.planning.serving.tagsets import TagIndex, maximal, places
from tests.fakes.fleet_simulator import all_sets, serves

TAGS = "abcdef"
SETS = st.frozensets(st.sampled_from(TAGS))
STATES = st.one_of(st.none(), SETS)
MANY = st.lists(st.one_of(SETS.filter(bool), STATES), max_size=40)


@given(states=MANY, tags=SETS)
def test_containing_is_who_serves(states, tags):
    """The positions are those of the states that serve the tags, few or many."""
    for index in (TagIndex(states), TagIndex(states * 30)):
        found = list(places(index.containing(tags)))
        assert found == [at for at, state in enumerate(index._states) if serves(state, tags)]
        assert index.serves(tags) == bool(found)
    assert TagIndex(states).serves(ANY) == (frozenset() in states)


@given(states=MANY, tags=SETS)
def test_largest_parts_are_maximal_and_all(states, tags):
    """Every part that some state serves lies in one of them, and none lies in another."""
    served = [part for part in all_sets(tags) if part <= tags and any(serves(state, part) for state in states)]
    largest = {part for part in served if not any(part < other for other in served)}
    crowd = [frozenset(common) for common in combinations(tags, 1) if frozenset(common) in served] * 30
    for index in (TagIndex(states), TagIndex(states * 30), TagIndex(states + crowd), TagIndex(crowd + states)):
        found = index.largest_parts(tags)
        assert len(found) == len(set(found))
        assert set(found) == largest


@given(states=MANY, tags=SETS)
def test_smaller_parts_are_those_of_the_states_that_lack_something(states, tags):
    """The same as the largest parts among the states that do not serve all of it."""
    rest = [state for state in states if not serves(state, tags)]
    for many in (states, states * 30):
        found = TagIndex(many).smaller_parts(tags)
        assert len(found) == len(set(found))
        assert set(found) == set(TagIndex(rest).largest_parts(tags))


@given(states=st.lists(SETS.filter(bool), max_size=40), tags=SETS)
def test_most_shared_are_the_nearest(states, tags):
    """Those that carry more of the tags than any other; none when nobody carries one."""
    shared = [len(state & tags) for state in states]
    best = max(shared, default=0)
    expected = [at for at, count in enumerate(shared) if best and count == best]
    assert list(places(TagIndex(states).most_shared(tags))) == expected


@given(sets=st.lists(SETS, max_size=20))
def test_maximal_sets_hold_all_others(sets):
    """What no other contains, each once, in order."""
    expected = [each for each in dict.fromkeys(sets) if not any(each < other for other in sets)]
    assert maximal(sets) == expected


def test_the_set_that_only_wildcards_serve_holds_no_real_tag():
    """Its tag is equal to itself only, even where a runner carries one of the same text."""
    (tag,) = ANY
    assert (tag == "any", tag == tag) == (False, True)  # noqa: PLR0124 - this is the rule
    assert not TagIndex([frozenset({"any"})]).serves(ANY)


@given(one=STATES, other=STATES)
def test_states_compare_by_what_they_serve(one, other):
    """Dominance is serving all the other does; what is common is served by both and nothing else is."""
    everything = [*all_sets(TAGS), ANY]
    assert dominates(one, other) == all(serves(one, tags) for tags in everything if serves(other, tags))
    both = common(one, other)
    for tags in everything:
        assert serves(both, tags) == (serves(one, tags) and serves(other, tags))
