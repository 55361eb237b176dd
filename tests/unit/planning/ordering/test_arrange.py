"""The order of writes, case by case: who waits for whom, who takes two writes, and what is said."""

from __future__ import annotations

import pytest

from reconciler.model.plan import Gate, Wait
from reconciler.planning.ordering.arrange import Arranged, arrange
from tests.fakes.arranging import simulate
from tests.fakes.fleets import actions_for, create_action, fleet, promise


def arranged(servings, *promises, two_phase=True):
    """The plan's writes with waits."""
    return arrange(actions_for(servings), servings, promises, two_phase=two_phase)


def waits(result):
    """For each action that waits: what for, as (tags, keys, at least)."""
    told = {}
    for action in result.actions:
        for wait in action.requests[-1].waits:
            gate = result.gates[wait.gate]
            told.setdefault(action.key, []).append((" ".join(gate.tags), gate.keys, wait.at_least))
    return told


def purposes(result):
    """The purposes of each action's requests, where there is more than one."""
    return {
        each.key: [request.purpose for request in each.requests] for each in result.actions if len(each.requests) > 1
    }


def test_an_empty_plan_has_no_order():
    """Nothing changes: no gate, no finding."""
    result = arranged(fleet(r="a", s="*"))
    assert result == Arranged((), ())


def test_a_runner_goes_off_once_another_has_come_on():
    """Enable, verify, disable."""
    result = arranged(fleet(old="a > off", new="off > a"))
    assert waits(result) == {"old": [("a", ("new",), 1)]}
    assert result.gates == (Gate(("a",), ("new",)),)
    assert (result.widened, result.gaps) == ((), ())


def test_what_nobody_serves_afterwards_is_not_waited_for():
    """Tags that are stranded anyway hold nothing back."""
    assert waits(arranged(fleet(r="a b > off", s="off > c"))) == {"r": [("", ("s",), 1)]}
    assert waits(arranged(fleet(r="a > off"))) == {}


def test_what_a_third_serves_throughout_is_not_waited_for():
    """A runner that keeps the set makes waiting needless, be it changed in other tags or not at all."""
    assert waits(arranged(fleet(old="a > off", new="off > a", stays="a"))) == {}
    assert waits(arranged(fleet(old="a > off", new="off > a", stays="a b > a"))) == {}
    assert waits(arranged(fleet(old="a > off", new="off > a", stays="*"))) == {}


def test_only_the_last_of_several_waits():
    """Two go and one comes: the first may go at once, the second must not."""
    assert waits(arranged(fleet(a="x > off", b="x > off", c="off > x"))) == {"b": [("x", ("c",), 1)]}


def test_a_workflow_without_tags_needs_any_runner():
    """Where no tag is shared, the set without tags still has to be served."""
    result = arranged(fleet(old="a > off", new="off > b"))
    assert result.gates == (Gate((), ("new",)),)


def test_the_last_wildcard_waits_for_the_next():
    """Only a wildcard takes over from a wildcard; the gate says so."""
    result = arranged(fleet(old="* > a", new="b > *"))
    assert result.gates == (Gate((), ("new",), wildcard=True),)
    assert waits(result) == {"old": [("", ("new",), 1)]}


def test_a_wildcard_that_goes_waits_for_the_tagged_runners_that_come():
    """It served their sets before they did."""
    assert waits(arranged(fleet(old="* > off", new="off > b"))) == {"old": [("b", ("new",), 1)]}
    assert waits(arranged(fleet(old="b > off", new="off > *"))) == {"old": [("b", ("new",), 1)]}


def test_movers_in_a_row_go_one_after_the_other():
    """Each takes the place of the one that moved on; the first of the row has nobody to wait for."""
    result = arranged(fleet(r1="a > b", r2="b > c", r3="c > d", r4="off > a"))
    assert waits(result) == {
        "r1": [("a", ("r4",), 1)],
        "r2": [("b", ("r1",), 1)],
        "r3": [("c", ("r2",), 1)],
    }
    assert purposes(result) == {}


def test_two_runners_that_swap_need_one_to_take_two_writes():
    """One goes over the union: widen, then, when the other has taken its place, narrow."""
    result = arranged(fleet(r="a > b", s="b > a"))
    assert purposes(result) == {"r": ["widen", "narrow"]}
    widen, narrow = result.actions[0].requests
    assert (widen.body.spec.tags, narrow.body.spec.tags) == (("a", "b"), ("b",))
    assert (widen.method, widen.path, widen.waits) == ("PUT", "/v1/runner/id-r", ())
    assert narrow.waits == (Wait(0, 1),)
    assert waits(result) == {"r": [("a", ("s",), 1)], "s": [("b", ("r",), 1)]}
    assert result.gaps == ()
    (finding,) = result.widened
    assert finding.key == "r"
    assert finding.message.endswith("between them it serves a+b, and whatever mixes a with b")


def test_a_ring_needs_only_one_to_take_two_writes():
    """However many move round, breaking the ring at one place is enough."""
    ring = {f"r{at:02}": f"t{at} > t{(at + 1) % 60}" for at in range(60)}
    assert len(purposes(arranged(fleet(**ring)))) == 1


def test_swaps_apart_from_each_other_each_take_their_own():
    """A hundred pairs that swap: a hundred runners take two writes, no more."""
    pairs = {f"r{at:03}": f"t{at} > t{at ^ 1}" for at in range(200)}
    assert len(purposes(arranged(fleet(**pairs)))) == 100


def test_a_pool_that_swaps_with_another_needs_none():
    """With one runner to spare in either, they move one by one."""
    assert purposes(arranged(fleet(r="a > b", r2="a > b", s="b > a"))) == {}


def test_a_runner_that_only_loses_makes_room():
    """It waits until the swap is over, so that nobody takes two writes."""
    result = arranged(fleet(r="a > b", s="b > a", extra="a > off"))
    assert purposes(result) == {}
    assert waits(result) == {"s": [("b", ("r",), 1)], "extra": [("a", ("s",), 1)]}


def test_a_promise_is_kept_throughout():
    """Two are promised: of three that go, two wait, the later for more."""
    servings = fleet(a="x > off", b="x > off", c="x > off", d="off > x", e="off > x")
    assert waits(arranged(servings, promise("x", 2))) == {
        "b": [("x", ("d", "e"), 1)],
        "c": [("x", ("d", "e"), 1), ("x", ("d", "e"), 2)],
    }


def test_a_promise_that_does_not_hold_holds_nothing_back():
    """Broken before or after, it is no reason to wait."""
    servings = fleet(a="x > off", b="off > x", c="x")
    assert waits(arranged(servings, promise("x", 3))) == {}
    assert waits(arranged(servings, promise("x", 2))) == {"a": [("x", ("b",), 1)]}


def test_gates_name_more_runners_than_needed_but_not_all():
    """Sixteen may fail; a gate does not grow with the fleet."""
    new = {f"n{at:03}": "off > a" for at in range(100)}
    result = arranged(fleet(old="a > off", **new))
    assert waits(result) == {"old": [("a", tuple(f"n{at:03}" for at in range(17)), 1)]}


def test_without_two_phase_the_gap_is_told():
    """guard.two_phase is off: both take one write, and the runner that opens the gap is named."""
    result = arranged(fleet(r="a > b", s="b > a"), two_phase=False)
    assert purposes(result) == {}
    (finding,) = result.gaps
    assert finding.key == "r"
    assert finding.message == (
        "a: for a moment no runner serves it, as r stops serving it before s can begin. "
        "guard.two_phase is false: set it to true to let a runner take two writes"
    )


def test_the_parts_of_a_set_given_up_are_still_kept():
    """The swap of a+c and b+c opens a gap, but c alone is kept by a third one that waits."""
    servings = fleet(r="a c > b d", s="b d > a c", old="c e > off", new="off > c e")
    result = arranged(servings, two_phase=False)
    assert len(result.gaps) == 1
    assert waits(result)["old"] == [("c e", ("new",), 1)]


def test_a_promise_given_up_is_kept_as_far_as_it_goes():
    """Two pairs swap and two are promised of each: one is kept at every moment, and that is said."""
    servings = fleet(a="x > y", b="x > y", c="y > x", d="y > x")
    result = arranged(servings, promise("x", 2), promise("y", 2), two_phase=False)
    (finding,) = result.gaps
    assert finding.message.startswith("x: for a moment only 1 of 2 promised runners serve it, as a stops serving it")
    assert arranged(servings, promise("x", 2), promise("y", 2)).gaps == ()


TEN = "b c d e f g h i j"


@pytest.mark.parametrize("more", ["", " k"])
def test_a_union_over_ten_tags_leaves_a_gap(more):
    """Ten tags fit for a moment, eleven do not."""
    servings = fleet(r=f"a > {TEN}{more}", s=f"{TEN}{more} > a")
    result = arranged(servings)
    assert (len(result.widened), len(result.gaps)) == ((0, 1) if more else (1, 0))
    if more:
        assert result.gaps[0].message.endswith("Two writes would need over 10 tags on r, s")


def test_a_gap_is_told_once_for_all_that_shares_its_servers():
    """Two runners swap all they have, ten tags each: one set is given up, the other is kept by one gate."""
    ours, theirs = (" ".join(f"{side}{at}" for at in range(10)) for side in "tu")
    result = arranged(fleet(r=f"{ours} > {theirs}", s=f"{theirs} > {ours}"))
    (finding,) = result.gaps
    assert finding.message == (
        "t0+t1+t2+t3+t4+t5+t6+t7+t8+t9: for a moment no runner serves it, as r stops serving it before s can begin. "
        "Two writes would need over 10 tags on r, s"
    )
    assert waits(result) == {"s": [(theirs, ("r",), 1)]}


def test_another_runner_takes_two_writes_where_one_has_too_many_tags():
    """In a ring of three only the last has room for the union."""
    servings = fleet(p=f"a > {TEN} k", q=f"{TEN} k > l", r="l > a")
    result = arranged(servings)
    assert purposes(result) == {"r": ["widen", "narrow"]}


def test_a_union_may_serve_for_others_in_between():
    """Two pairs swap; while r carries all four tags it serves for the other pair too: its two writes do for both."""
    servings = fleet(r="c d > a b", s="a b > c d", t="b d > a d", u="a d > b d")
    result = arranged(servings)
    assert purposes(result) == {"r": ["widen", "narrow"]}
    assert ("b d", ("r", "u"), 1) in waits(result)["t"]


def test_what_waits_for_a_union_in_between_gets_there():
    """Those others wait for the runner that serves for them in between, and none is stuck: simulated to its end."""
    servings = fleet(r="c d > a b", s="a b > c d", t="b d > a d", u="a d > b d")
    _arranged, simulation, needs = simulate(servings, [])
    assert not simulation.gaps(needs)
    assert not simulation.stuck()
    assert simulation.settled(simulation.writes) == {serving.key: serving.after for serving in servings}


def test_other_actions_pass_through_as_they_are():
    """An action that changes nothing about serving neither waits nor is waited for."""
    create = create_action("new", ["a"], None)
    result = arrange([create], fleet(new="off", r="a"), [], two_phase=True)
    assert result.actions == (create,)


def test_a_created_runner_is_waited_for_like_any_other():
    """Its POST is its first write."""
    servings = fleet(new="off > a", old="a > off")
    actions = [create_action("new", ["a"], None), *actions_for(servings)[1:]]
    result = arrange(actions, servings, [], two_phase=True)
    assert waits(result) == {"old": [("a", ("new",), 1)]}


def test_what_was_given_up_too_soon_is_kept_after_all():
    """A promise that was lowered to untie a knot, but that the order found keeps in full, is waited for in full."""
    servings = fleet(r0="b > a c", r1="c", r2="c > d", r3="d > c", r4="a c > b")
    result = arranged(servings, promise("c", 3), two_phase=False)
    assert [finding.key for finding in result.gaps] == ["r0"]
    assert ("c", ("r0", "r3"), 2) in waits(result)["r4"]
    assert ("c", ("r0", "r3"), 1) in waits(result)["r2"]


def test_what_was_given_up_for_another_need_is_no_gap():
    """Four are promised of d and one of a b: the order found gives up a b alone, so d is no finding."""
    servings = fleet(r0="b c d > a c d", r1="a b > b c d", r2="c d", r3="b c > a d", r4="a d > b c", r5="a c d > a b")
    (finding,) = arranged(servings, promise("d", 4), two_phase=False).gaps
    assert finding.message.startswith("a+b: for a moment no runner serves it, as r1 stops serving it before r5")
