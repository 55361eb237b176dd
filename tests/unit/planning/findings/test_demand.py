"""Who asks for what a plan strands: every workflow that could run before and can't after, and none else."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from reconciler.model.demand import Asked, Demand, ManagedRunner, Workflow
from reconciler.model.enums import Interest, Severity
from reconciler.model.policy import Guard
from tests.fakes.fleets import promise
from tests.fakes.small_plans import entry, live, plan

SINCE = "2026-01-01T00:00:00Z"
TAGS = st.frozensets(st.sampled_from("abc"), max_size=3)


def planned(runners, demand, *, managed=None, **policy):
    """The plan of a fleet: before and after, each the tags of a runner or None for one that is off."""
    lives, entries = [], []
    for number, (before, after) in enumerate(runners):
        tags = tuple(sorted(before or ()))
        lives.append(live(number, tags=tags, status="disabled" if before is None else "active"))
        wanted = {} if after is None else {"tags": tuple(sorted(after))}
        entries.append(
            entry(number, status="disabled" if after is None else "active", **wanted, wildcard=after == frozenset())
        )
    return plan(entries, lives, demand=demand, managed=managed, **policy)


def runs(tags, states):
    """By brute force: whether any active runner takes a workflow."""
    return any(state is not None and (not state or tags <= state) for state in states)


def named(made, code):
    """The tag sets that findings of a code are about."""
    return {frozenset(each.message.partition(":")[0].split("+")) for each in made.findings if each.code == code}


def asked(tags, under_way=0, recent=0):
    """A tag set that is asked for."""
    return Asked(tuple(sorted(tags)), under_way, recent, SINCE)


def stranded(made):
    """The severity of each stranded tag set, and whether it is asked for."""
    return [(each.severity, each.asked) for each in made.findings if each.code == "stranded-tags"]


SPELLED = {frozenset({"a workflow without tags"}): frozenset()}


@settings(deadline=None, max_examples=300)
@given(
    fleet=st.lists(st.tuples(st.none() | TAGS, st.none() | TAGS), min_size=1, max_size=4),
    workflows=st.lists(st.tuples(TAGS, st.sampled_from(["queued", "running", "completed"])), max_size=5),
    hosted=st.lists(TAGS, max_size=1),
)
def test_a_workflow_that_can_run_no_more_is_named_and_none_else(fleet, workflows, hosted):
    """Brute force: stranded workflows are those under way that run before and not after; unserved ones, never."""
    sample = [
        (Workflow(str(number), status, tuple(tags), SINCE), status in ("queued", "running"))
        for number, (tags, status) in enumerate(workflows)
    ]
    demand = Demand.count([each for each, now in sample if now], [each for each, now in sample if not now])
    managed = tuple(ManagedRunner(str(number), "m", "active", tuple(tags)) for number, tags in enumerate(hosted))
    made = planned(fleet, demand, managed=managed)
    before, after = [each[0] for each in fleet] + hosted, [each[1] for each in fleet] + hosted
    under_way = {tags for tags, status in workflows if status != "completed"}
    lost = {tags for tags in under_way if runs(tags, before) and not runs(tags, after)}
    waiting = {tags for tags in under_way if not runs(tags, before) and not runs(tags, after)}
    assert {SPELLED.get(tags, tags) for tags in named(made, "stranded-workflows")} == lost
    assert {SPELLED.get(tags, tags) for tags in named(made, "unserved-demand")} == waiting
    for each in made.demand.asked:
        tags = frozenset(each.tags)
        assert (bool(each.before), bool(each.after)) == (runs(tags, before), runs(tags, after))
    assert made.applyable is not bool(
        lost or any(each.refuses for each in made.findings if each.code != "stranded-workflows")
    )


def test_stranded_tags_say_who_asks():
    """Counts under way and of late, since when: of all sets that the lost one served, and of no other."""
    demand = Demand((asked("a", 1, 30), asked("ab", 2, 7), asked("c", 9, 9)), 500)
    (found,) = [
        each for each in planned([({"a", "b"}, {"x"}), ({"c"}, {"c"})], demand).findings if each.code == "stranded-tags"
    ]
    assert f"Asked by 3 workflows under way and 37 of the last 500, since {SINCE}" in found.message
    assert found.asked


@pytest.mark.parametrize(
    ("demand", "said", "known"),
    [
        (Demand((), 500), "No workflow under way asks for it, and none of the last 500 did", False),
        (Demand((asked("z", 4, 4),), 500), "No workflow under way asks for it, and none of the last 500 did", False),
        (Demand((), 0), "No workflow under way asks for it", False),
        (None, "", None),
    ],
)
def test_what_nobody_asks_for_is_labelled_so(demand, said, known):
    """A set that the sample does not ask for says so; without a sample nothing is said."""
    (found,) = [each for each in planned([({"a"}, {"x"})], demand).findings if each.code == "stranded-tags"]
    assert found.message.endswith(said)
    assert found.asked is known


BOTH = {Interest.ASKED: Severity.ERROR, Interest.UNASKED: Severity.INFO}


@pytest.mark.parametrize(
    ("severity", "demand", "expected"),
    [
        (BOTH, Demand((asked("a", 0, 1),), 9), "error"),
        (BOTH, Demand((), 9), "info"),
        (BOTH, None, "error"),
        ({Interest.ASKED: Severity.ERROR}, Demand((), 9), "warning"),
        ({Interest.UNASKED: Severity.INFO}, None, "warning"),
        (Severity.INFO, Demand((asked("a", 0, 1),), 9), "info"),
        ({Interest.UNASKED: Severity.OFF}, Demand((), 9), None),
    ],
)
def test_severity_follows_demand(severity, demand, expected):
    """One word holds for all; two go by whether anybody asks, and what is not known counts as asked."""
    made = planned([({"a"}, {"x"})], demand, guard=Guard(severity={"stranded-tags": severity}))
    assert [each for each, _known in stranded(made)] == ([] if expected is None else [expected])


def test_what_a_managed_runner_serves_is_not_stranded():
    """A managed runner serves its tags like any other, for sets and for promises; a disabled one serves nothing."""
    runners = [({"a", "b"}, {"x"})]
    for status, lost in (("active", 0), ("disabled", 1)):
        managed = (ManagedRunner("1", "m", status, ("a", "b", "c")),)
        made = planned(runners, None, managed=managed, promises=(promise("a b", 1),))
        assert len(stranded(made)) == lost
        assert len([each for each in made.findings if each.code == "coverage"]) == lost
        assert made.managed == 1


def test_what_waits_comes_first():
    """Workflows that wait for what nobody serves are shown before every other finding that refuses nothing."""
    demand = Demand((asked("zz", 3),), 0)
    made = planned([({"a"}, {"b"})], demand)
    assert made.findings[0].code == "unserved-demand"
    assert "3 workflows under way ask for it" in made.findings[0].message


@pytest.mark.parametrize("first", ["a", "b"])
def test_a_gap_is_left_where_nobody_asks(first):
    """Two runners that swap their tags in one write each leave one of the sets for a moment: not the asked one."""
    swap = [({"a"}, {"b"}), ({"b"}, {"a"})]
    made = planned(swap, Demand((asked(first, 1),), 5), guard=Guard(two_phase=False))
    (gap,) = [each for each in made.findings if each.code == "brief-gap"]
    assert gap.message.startswith("b" if first == "a" else "a")
