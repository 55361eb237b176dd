"""Runners by tags, before and after."""

from __future__ import annotations

import pytest

from reconciler.model.demand import Asked, Demand
from reconciler.model.plan import Capacity
from reconciler.render.views.matrix import Side, asked_sets, make_matrix, sides
from tests.fakes import sample_plans as sample
from tests.fakes.runners import make_change


def status(before, after):
    """A change of status."""
    return make_change(field="status", before=before, after=after)


def put(**fields):
    """The one request of an update, with these fields in its body."""
    return (sample.request(body=sample.body(**fields)),)


def test_tags_that_do_not_change_come_from_what_is_sent():
    """An update that leaves tags alone shows the tags that its body carries, on both sides."""
    one = sample.action(changes=(status("active", "disabled"),), requests=put(tags=("a",), status="disabled"))
    assert sides(one) == (Side(("a",), active=True), Side(("a",), active=False))


def test_a_create_has_no_before():
    """A runner that is not there yet carries nothing and serves nothing."""
    one = sample.action("create", changes=(sample.tags((), ("a",)),))
    before, after = sides(one)
    assert before == Side(None, active=False)
    assert after == Side(("a",), active=True)
    assert not before.wildcard


def test_the_last_of_two_writes_counts():
    """What a two-phase update ends with is after, not what it passes through."""
    widened = sample.request("widen", body=sample.body(tags=("a", "b")))
    narrowed = sample.request("narrow", body=sample.body(tags=("b",)))
    one = sample.action(changes=(), requests=(widened, narrowed))
    assert sides(one)[1].tags == ("b",)


def test_an_action_without_a_request_is_still_shown():
    """A plan document of another writer may hold no request; then nothing is known of the tags."""
    one = sample.action(changes=(), requests=())
    assert sides(one)[1] == Side((), active=True)


@pytest.mark.parametrize(
    ("side", "wanted", "serves"),
    [
        (Side(("a", "b"), active=True), {"a"}, True),
        (Side(("a",), active=True), {"a", "b"}, False),
        (Side((), active=True), {"a", "b"}, True),
        (Side((), active=True), (), True),
        (Side(("a",), active=True), (), False),
        (Side(("a",), active=False), {"a"}, False),
        (Side(None, active=False), {"a"}, False),
    ],
)
def test_who_serves_a_set(side, wanted, serves):
    """An active runner with all the tags, or without any; the empty set is what only a wildcard serves."""
    assert side.serves(frozenset(wanted)) == serves


def test_states_of_a_row():
    """Each tag is carried, gained, lost or absent; status and wildcard likewise."""
    one = sample.action(
        key="a", changes=(sample.tags(("keep", "lose"), ("keep", "gain")),), requests=put(tags=("keep", "gain"))
    )
    two = sample.action(
        key="b", changes=(sample.tags(("lose",), ()), status("active", "disabled")), requests=put(tags=())
    )
    matrix = make_matrix(sample.plan(one, two))
    assert matrix.tags == ("lose", "gain", "keep")
    assert [(row.key, row.status, row.wildcard, row.cells) for row in matrix.rows] == [
        ("a", "kept", "absent", ("lost", "gained", "kept")),
        ("b", "lost", "gained", ("lost", "absent", "absent")),
    ]
    assert matrix.has_wildcard
    assert not matrix.has_strands


def test_stranded_sets_are_marked_where_they_were_served():
    """A set whose capacity falls to nothing marks its tags and the runners that served it."""
    one = sample.action(key="a", changes=(sample.tags(("x", "y"), ("x",)),), requests=put(tags=("x",)))
    two = sample.action(key="b", changes=(sample.tags(("x",), ("x", "z")),), requests=put(tags=("x", "z")))
    matrix = make_matrix(sample.plan(one, two, capacity=(Capacity(("x", "y"), 1, 0), Capacity(("x",), 2, 2))))
    assert matrix.stranded == {"x", "y"}
    assert [row.strands for row in matrix.rows] == [("x+y",), ()]
    assert matrix.has_strands


def test_losing_the_last_wildcard_is_a_stranded_set():
    """The set of any workflow has a name of its own."""
    one = sample.action(key="a", changes=(sample.tags((), ("x",)),), requests=put(tags=("x",)))
    matrix = make_matrix(sample.plan(one, capacity=(Capacity((), 1, 0),)))
    assert matrix.rows[0].strands == ("any workflow",)


@pytest.mark.parametrize(("columns", "more"), [(3, 0), (2, 1)])
def test_columns_are_bounded(columns, more):
    """Tags that change most stay; the others are counted."""
    one = sample.action(changes=(sample.tags(("a", "b"), ("a", "c")),), requests=put(tags=("a", "c")))
    matrix = make_matrix(sample.plan(one), max_columns=columns)
    assert matrix.tags == ("b", "c", "a")[:columns]
    assert matrix.more_tags == more


@pytest.mark.parametrize(("cells", "keys"), [(3, ["k0", "k1", "k2"]), (2, ["k0", "k2"]), (0, ["k2"])])
def test_rows_are_bounded(cells, keys):
    """When cells run out, runners whose tags and status stay are left out first."""
    same = [sample.action(key=f"k{n}", changes=(), requests=put(tags=("a",))) for n in range(2)]
    moved = sample.action(key="k2", changes=(sample.tags((), ("a",)),), requests=put(tags=("a",)))
    matrix = make_matrix(sample.plan(*same, moved), max_cells=cells)
    assert [row.key for row in matrix.rows] == keys
    assert matrix.more_rows == 3 - len(keys)


def test_an_empty_plan_has_an_empty_matrix():
    """Without actions there is nothing to show."""
    matrix = make_matrix(sample.plan())
    assert (matrix.tags, matrix.rows, matrix.has_wildcard) == ((), (), False)


def test_demand_is_counted_by_tag():
    """A column says how many workflows, under way and of late, ask for a set with its tag; without demand nothing."""
    one = sample.action(changes=(sample.tags(("x",), ("y",)),), requests=put(tags=("y",)))
    demand = Demand((Asked(("x",), 1, 2, "d"), Asked(("x", "z"), 3, 4, "d"), Asked(("y",), 0, 5, "d", 1, 1)), 11)
    matrix = make_matrix(sample.plan(one, demand=demand))
    assert dict(zip(matrix.tags, matrix.asked, strict=True)) == {"x": (4, 6), "y": (0, 5)}
    assert make_matrix(sample.plan(one)).asked == ()
    assert [each.tags for each in asked_sets(sample.plan(one, demand=demand), most=2)] == [("x", "z"), ("x",)]
