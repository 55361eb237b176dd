from __future__ import annotations

import pytest

from reconciler.model.secret import Secret, Unresolved
from reconciler.planning.diff import compare, creation_changes, document_moves, rests
from reconciler.planning.replacement import replacement
from tests.fakes.runners import make_body, make_change
from tests.fakes.small_plans import entry, live, secret_headers


def difference(desired, runner):
    """What the replacement for a live runner changes on it."""
    return compare(replacement(desired, runner.spec), runner.spec)


def headers(desired, current):
    """The comparison of two header maps."""
    return difference(entry(headers=desired), live(headers=current))


@pytest.mark.parametrize(
    ("wanted", "current"),
    [
        ({}, {}),
        ({"endpoint": "HTTPS://8.8.8.1:8188/"}, {}),
        ({"tags": ("b", "a")}, {"tags": ("a", "b")}),
        ({"tags": ("a",)}, {"tags": ("a", "a")}),
        ({"headers": {"x-a": "1"}}, {"headers": {"X-A": "1"}}),
        ({"headers": {"x-a": Secret("1")}}, {"headers": {"X-A": Secret("1")}}),
        ({"name": "new", "unmanaged": frozenset({"name"})}, {"name": "old"}),
        ({"endpoint": "http://h", "unmanaged": frozenset({"endpoint"})}, {}),
        (
            {"tags": None, "headers": None, "status": None},
            {"tags": ("x",), "headers": {"A": "1"}, "status": "disabled"},
        ),
        ({"status": None}, {"status": "paused"}),
        ({"tags": (), "headers": {}}, {"tags": ()}),
    ],
)
def test_equal_is_no_change(wanted, current):
    """Order, case, spelling of URLs and what is unmanaged make no change."""
    assert difference(entry(**wanted), live(**current)) == ((), False)


def test_a_header_that_is_not_known_does_not_rest():
    """Two values that are not known are not known to be the same, even where they are called the same."""
    unknown = {"A": Unresolved("${env:A}")}
    assert rests(entry(headers={"A": Secret("1")}), live(headers={"A": Secret("1")}).spec)
    assert not rests(entry(headers=unknown), live(headers=unknown).spec)


def test_what_a_body_leaves_out_is_not_changed():
    """An omitted field keeps its value (API: Update Runner), whatever that is."""
    current = live(headers={"A": Secret("1")}, status="disabled")
    assert compare(make_body(name=current.spec.name, endpoint=current.spec.endpoint), current.spec) == ((), False)


def test_scalars():
    """Name, endpoint and status tell what was and what will be, in the order of the fields."""
    changes, unknown = difference(entry(name="a", endpoint="http://b", status="disabled"), live(name="c"))
    assert not unknown
    assert changes == (
        make_change(field="name", before="c", after="a"),
        make_change(field="endpoint", before="https://8.8.8.1:8188", after="http://b"),
        make_change(field="status", before="active", after="disabled"),
    )


def test_an_unknown_status_is_replaced_by_a_declared_one():
    """A declared status goes over one that is unknown to us."""
    assert difference(entry(), live(status="paused")).changes == (
        make_change(field="status", before="paused", after="active"),
    )


def test_tags():
    """A change of tags holds both lists, as read and as written, and what came and went, each once."""
    assert difference(entry(tags=("c", "a")), live(tags=("a", "b", "b"))).changes == (
        make_change(field="tags", before=("a", "b", "b"), after=("c", "a"), added=("c",), removed=("b",)),
    )


def test_header_names():
    """A change of headers names what comes, goes and changes; a secret's value is nowhere."""
    changes, unknown = headers(
        secret_headers(New="1", SAME="2", Other="3"), secret_headers(Same="2", Other="4", Old="5")
    )
    assert not unknown
    assert changes == (make_change(field="headers", added=("New",), removed=("Old",), changed=("Other",)),)


def test_public_header_values():
    """Values of public headers are told; a value that is not public stays away, also where the other one is."""
    current = {"B": "1", "C": "2", "D": Secret("3"), "E": "4"}
    wanted = {"A": "0", "B": "9", "D": "8", "E": Secret("7")}
    (change,) = headers(wanted, current).changes
    assert change.public == {"A": (None, "0"), "B": ("1", "9"), "C": ("2", None), "D": (None, "8"), "E": ("4", None)}


def test_live_spells_a_name_twice():
    """Where live has two spellings of one name, the one spelled alike is compared and the others are removed."""
    assert headers({"x-a": "2"}, {"X-A": "1", "x-a": "2"}).changes[0].removed == ("X-A",)
    (change,) = headers({"X-a": "2"}, {"X-A": "1", "x-a": "2"}).changes
    assert (change.changed, change.removed) == (("X-a",), ("x-a",))


@pytest.mark.parametrize(
    ("wanted", "current"),
    [
        ({"A": Unresolved("${env:A}")}, {"A": Secret("1")}),
        ({"A": Secret("1")}, {"A": Unresolved("x")}),
        ({"A": Unresolved("x")}, {"a": Unresolved("x")}),
    ],
)
def test_unknown_values_alone_are_no_change(wanted, current):
    """Where a value is not known, names are compared and values are not: no change, but it is said."""
    assert headers(wanted, current) == ((), True)


def test_unknown_values_beside_a_change():
    """Beside a change, in the headers or elsewhere, the names that were not compared are told."""
    wanted = {"A": Unresolved("${env:A}"), "B": Secret("1")}
    assert headers(wanted, {"A": Secret("1")}) == ((make_change(field="headers", added=("B",), unknown=("A",)),), True)
    changes, unknown = difference(entry(name="n", headers=wanted), live(headers={"A": Secret("1"), "B": Secret("1")}))
    assert unknown
    assert changes == (
        make_change(field="name", before="gpu-1", after="n"),
        make_change(field="headers", unknown=("A",)),
    )


def test_unmanaged_headers_of_a_snapshot_are_no_unknown():
    """Values that are carried over need not be compared, known or not."""
    assert difference(entry(headers=None), live(headers={"A": Unresolved("x")})) == ((), False)


def test_an_unresolved_value_of_a_new_header():
    """A header that comes or goes is a change, whether its value is known or not."""
    assert headers({"A": Unresolved("x")}, {}) == ((make_change(field="headers", added=("A",)),), False)
    assert headers({}, {"A": Unresolved("x")}) == ((make_change(field="headers", removed=("A",)),), False)


def test_creation():
    """A create tells all it sends, and the status it ends with."""
    sent = replacement(entry(headers={"A": Secret("1"), "B": "2"}, tags=("x",)), live().spec).spec
    assert creation_changes(sent.replace(status="disabled")) == (
        make_change(field="name", after="gpu-1"),
        make_change(field="endpoint", after="https://8.8.8.1:8188"),
        make_change(field="headers", added=("A", "B"), public={"B": (None, "2")}),
        make_change(field="tags", before=(), after=("x",), added=("x",)),
        make_change(field="status", after="disabled"),
    )
    bare = replacement(entry(headers={}, tags=()), live().spec).spec
    assert [change.field for change in creation_changes(bare)] == ["name", "endpoint", "status"]
    assert creation_changes(bare)[-1].after == "active"
    (only_secret,) = (
        change
        for change in creation_changes(replacement(entry(headers={"A": Secret("1")}), live().spec).spec)
        if change.field == "headers"
    )
    assert only_secret.public is None


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "x"}]}, []),
        ({"a": 1}, {"a": 1.0}, []),
        ({"r": [{"tags": ["a"]}]}, {"r": [{"tags": ["a", "x"]}]}, ['r in 0 in tags: added "x"']),
        ({"r": [{"tags": ["a", "x"]}]}, {"r": [{"tags": ["a"]}]}, ['r in 0 in tags: removed "x"']),
        ({"h": {"A": "1"}}, {"h": {"B": "é"}}, ['h in A: removed "1"', 'h in B: added "é"']),
        ({"id": None, "n": 1}, {"id": "x", "n": 2}, ['id: null is now "x"', "n: 1 is now 2"]),
        (1, "x", ['1 is now "x"']),
        ([1], [1, 2], ["added 2"]),
    ],
)
def test_document_moves(before, after, lines):
    """Each difference of two documents is one line that says where; equal documents have none."""
    assert document_moves(before, after, place=lambda steps: " in ".join(map(str, steps))) == lines
