"""Findings about what stays served: each with the smallest fleet that raises it, and one that just doesn't."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.planning.serving.states import ANY, Serving, describe, name_some
from tests.fakes.fleet_simulator import all_sets, servers
from tests.fakes.fleets import PLACE, fleet, promise
from tests.fakes.proposals import findings_of


def raised(servings, *promises):
    """The findings as (code, severity, key)."""
    return [(each.code, each.severity, each.key) for each in findings_of(fleet=servings, promises=promises)]


STRANDED = ("stranded-tags", "warning", "r")
ONLY_WILDCARD = ("only-wildcard-serves", "warning", "r")
NONE_ACTIVE = ("no-active-runner", "error", None)
COVERAGE = ("coverage", "error", None)
WAS_BROKEN = ("coverage", "warning", None)


@pytest.mark.parametrize(
    ("servings", "promises", "expected"),
    [
        # A set is stranded when nobody carries all of it any more.
        (fleet(r="a b > a"), [], [STRANDED]),
        (fleet(r="a b > a", s="b a"), [], []),
        (fleet(r="a b > a", s="off > a b c"), [], []),
        (fleet(r="a > b"), [], [STRANDED]),
        (fleet(r="a > a b"), [], []),
        # Tag by tag all is still there; together it is not.
        (fleet(r="a b > a", s="b"), [], [STRANDED]),
        # The last wildcard: "any" is stranded.
        (fleet(r="* > a"), [], [STRANDED]),
        (fleet(r="* > a", s="*"), [], []),
        (fleet(r="* > off", s="a"), [], [STRANDED]),
        # Left to wildcards alone.
        (fleet(r="a > b", s="*"), [], [ONLY_WILDCARD]),
        (fleet(r="a > *"), [], [ONLY_WILDCARD]),
        (fleet(r="a > b", s="* > a"), [], [("stranded-tags", "warning", "s")]),
        (fleet(r="a > b", s="* > a", t="*"), [], []),
        # No active runner is left.
        (fleet(r="a > off"), [], [STRANDED, NONE_ACTIVE]),
        (fleet(r="a > off", s="off > a"), [], []),
        (fleet(r="off"), [], []),
        (fleet(), [], []),
        # A promise: broken by this plan, lowered further, broken before, kept.
        (fleet(r="a > off", s="a"), [promise("a", 2)], [COVERAGE]),
        (fleet(r="a > off", s="a"), [promise("a", 1)], []),
        (fleet(r="a > off", s="a"), [promise("a", 3)], [COVERAGE]),
        (fleet(r="a"), [promise("a", 2)], [WAS_BROKEN]),
        (fleet(r="off > a"), [promise("a", 2)], [WAS_BROKEN]),
        (fleet(r="off > a", s="a"), [promise("a", 2)], []),
        (fleet(r="a b", s="*"), [promise("a", 2)], []),
        (fleet(r="a", s="b"), [promise("", 2)], []),
        (fleet(r="a", s="off"), [promise("", 2)], [WAS_BROKEN]),
    ],
)
def test_each_finding_with_the_smallest_fleet(servings, promises, expected):
    """What is lost is told once, under the key of a runner that stopped serving it; what is kept is not told."""
    assert raised(servings, *promises) == expected


def message(servings, *promises):
    """The one message there is."""
    (found,) = findings_of(fleet=servings, promises=promises)
    return found.message


def test_a_stranded_set_is_told_with_who_served_it_and_who_nearly_does():
    """The set, its servers, and the runner that lacks the fewest of its tags."""
    servings = fleet(r="gpu sdxl xl > off", s="gpu sdxl xl > off", near="gpu sdxl", far="gpu")
    assert message(servings) == (
        "gpu+sdxl+xl: no active runner serves it after this plan; r, s served it. Nearest is near, which lacks xl"
    )


def test_the_nearest_runner_is_the_first_of_equals():
    """Among runners that lack equally many tags the first name is told, whatever the order of the fleet."""
    servings = fleet(r="a b > off", z="a", m="b", k="b c")
    assert message(servings).endswith("Nearest is k, which lacks a")
    assert message(servings[::-1]) == message(servings)


def test_nobody_near():
    """Without a runner that carries one of the tags, or any tagged runner at all, that is what is said."""
    assert message(fleet(r="a > off", s="b")).endswith("No active runner carries any of these tags")
    found = findings_of(fleet=fleet(r="a > off"))
    (stranded,) = [each for each in found if each.code == "stranded-tags"]
    assert stranded.message.endswith("No runner is left active")


def test_a_wildcard_is_named_among_those_that_served_a_set():
    """A set that a tagged runner and a wildcard served is stranded when both go; both are named."""
    first, second = findings_of(fleet=fleet(r="a > off", w="* > off", s="b"), promises=[])
    assert first.message.startswith("no wildcard is left")
    assert "w took any workflow" in first.message
    assert "r, w served it" in second.message


def test_many_servers_are_counted():
    """Three names are shown, and how many more there are."""
    servings = fleet(**{f"r{at}": "a > off" for at in range(5)}, s="b")
    assert "r0, r1, r2 and 2 more served it" in message(servings)
    assert name_some(["a", "b", "c"]) == "a, b, c"
    assert name_some(["a", "a", "b"]) == "a (2 of them), b"


def test_only_wildcards_are_named():
    """Who is left to serve the set, and who carried its tags."""
    text = message(fleet(r="a > b", w="*"))
    assert text == "a: only wildcards serve it after this plan (w); r carried these tags"


def test_a_promise_says_have_need_and_before_at_its_place():
    """A broken promise points into the project file; what to do depends on who broke it."""
    (found,) = findings_of(fleet=fleet(r="a > off", s="a"), promises=[promise("a", 2)])
    assert found.at == PLACE
    assert found.message.startswith("a: have 1, need 2 active runners that serve it; 2 before.")
    assert "lower min_active" in found.message
    assert message(fleet(r="a"), promise("a", 2)).endswith("It was broken before")


def test_a_promise_made_twice_is_told_once():
    """The same set with the same number is one promise."""
    assert len(findings_of(fleet=fleet(r="a"), promises=[promise("a b", 2), promise("b a", 2)])) == 1


def test_the_key_is_that_of_an_action():
    """A runner without an entry has no key; one that has is preferred, so that a manifest can accept."""
    one = Serving(None, "a-first", frozenset("a"), None)
    two = Serving("second", "second", frozenset("a"), None)
    rest = fleet(s="b")
    assert [found.key for found in findings_of(fleet=[one, two, *rest], promises=[])] == ["second"]
    assert [found.key for found in findings_of(fleet=[one, *rest], promises=[])] == [None]


def test_sets_are_told_in_words():
    """A set that is to be served, for people."""
    assert describe(frozenset({"b", "a"})) == "a+b"
    assert describe(frozenset()) == "a workflow without tags"
    assert describe(ANY) == "any workflow whatever its tags"


STATES = st.one_of(st.none(), st.frozensets(st.sampled_from("abc")))


@given(pairs=st.lists(st.tuples(STATES, STATES), max_size=6))
def test_a_set_is_told_if_and_only_if_it_is_stranded(pairs):
    """By brute force over every tag set: something is stranded exactly when `stranded-tags` is raised."""
    servings = [Serving(f"r{at}", f"r{at}", before, after) for at, (before, after) in enumerate(pairs)]
    before, after = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    stranded = [each for each in all_sets("abc") if servers(before, each) and not servers(after, each)]
    codes = [code for code, _, _ in raised(servings)]
    assert ("stranded-tags" in codes) == bool(stranded)
    assert ("no-active-runner" in codes) == (frozenset() in stranded)
    assert len(set(raised(servings))) == len(raised(servings))
