"""What a watch does next: laws over any course of events, and the bounds case by case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reconciler.model.finding import Finding
from reconciler.model.report import Outcome, Report, RequestCount
from reconciler.model.watching import Mode
from reconciler.watch import decide
from reconciler.watch.state import FIRST_PAUSE_S, LONGEST_PAUSE_S, MAX_HEALS, Backoff, State, Trouble
from tests.fakes.plans import body_of, create, live_runner, plan_of, update
from tests.fakes.runners import make_change

REFUSAL = Finding(code="too-many-changes", severity="error", message="too many")
IN_STEP = plan_of()


def drifted(*numbers, field="tags", **fields):
    """A plan that brings a field of these runners back."""
    change = make_change(field=field, before=("gpu",), after=("a100",))
    lives = {f"r{number}": live_runner(number) for number in numbers}
    actions = [update(live, body_of(live, tags=("a100",)), key=key, changes=(change,)) for key, live in lives.items()]
    return plan_of(*actions, **fields)


def written(plan, status="applied"):
    """The report of a write in which every action ended alike."""
    outcomes = tuple(Outcome(key=each.key, action=each.action, id=each.id, status=status) for each in plan.actions)
    return Report(outcomes, RequestCount())


def cycle(state, plan, now=0.0, *, mode=Mode.APPLY, suspended=False, status="applied", by_health=()):
    """One whole cycle: the decision, and the state after it."""
    state = decide.contest(state, plan, by_health=by_health)
    left = plan_of(*(each for each in plan.actions if each.key not in state.contested), findings=plan.findings)
    decision, state = decide.judge(state, left, now, mode=mode, suspended=suspended)
    if decision == decide.Write():
        state = decide.settle(state, left, written(left, status), now, by_health=by_health)
        return [each.key for each in left.actions], state
    return decision, state


@pytest.mark.parametrize(
    ("plan", "how", "decision"),
    [
        (IN_STEP, {}, decide.IN_STEP),
        (drifted(1), {}, ["r1"]),
        (drifted(1), {"suspended": True}, decide.SUSPENDED),
        (drifted(1), {"mode": Mode.REPORT}, decide.REPORTING),
        (drifted(1, findings=(REFUSAL,)), {}, decide.REFUSED),
        (drifted(1, findings=(REFUSAL,)), {"suspended": True}, decide.SUSPENDED),
    ],
)
def test_a_plan_is_written_only_where_nothing_forbids_it(plan, how, decision):
    """A change is written in mode apply, not suspended, not refused; else the reason is given."""
    assert cycle(State(), plan, **how)[0] == decision


def test_an_incomplete_plan_is_not_written():
    """A value that is not known keeps the plan from being written."""
    plan = drifted(1, complete=False)
    assert decide.judge(State(), plan, 0.0, mode=Mode.APPLY, suspended=False)[0] == decide.INCOMPLETE


def test_a_field_is_written_back_three_times_and_then_contested():
    """Exactly MAX_HEALS writes of one field on one commit, then that runner alone is skipped until a new commit."""
    state = cycle(decide.revise(State(), "a"), IN_STEP)[1]
    for _ in range(MAX_HEALS):
        keys, state = cycle(state, drifted(1))
        assert keys == ["r1"]
        state = cycle(state, IN_STEP)[1]
    assert cycle(state, drifted(1))[0] == decide.CONTESTED
    keys, state = cycle(state, drifted(1, 2))
    assert keys == ["r2"]
    assert state.contested == {"r1"}
    assert cycle(decide.revise(state, "b"), drifted(1))[0] == ["r1"]


def test_a_commits_own_changes_are_no_heals():
    """What the first plan of a new commit writes is not counted; what comes after on that commit is."""
    state = cycle(decide.revise(State(), "a"), IN_STEP)[1]
    state = cycle(decide.revise(state, "b"), drifted(1))[1]
    assert not state.heals
    assert cycle(state, drifted(1))[1].heals == {("r1", "tags"): 1}


def test_at_the_start_every_write_counts():
    """A watch that starts on a drifted fleet can't tell whose change it was: the first write counts as a heal."""
    assert cycle(decide.revise(State(), "a"), drifted(1))[1].heals == {("r1", "tags"): 1}


@pytest.mark.parametrize(("status", "counted"), [("applied", 1), ("unverified", 1), ("failed", 1), ("stale", 0)])
def test_only_what_was_written_counts(status, counted):
    """An action that was not sent is no heal."""
    assert sum(cycle(State(), drifted(1), status=status)[1].heals.values()) == counted


def test_a_status_that_health_decides_is_not_contested():
    """A runner that its health turns off and on is fought over by nobody."""
    state = State()
    for _ in range(2 * MAX_HEALS):
        keys, state = cycle(state, drifted(1, field="status"), by_health={"r1"})
        assert keys == ["r1"]


def test_a_create_is_no_heal():
    """A runner that is created was changed by nobody."""
    plan = plan_of(create("new"))
    assert not cycle(State(), plan)[1].heals


@pytest.mark.parametrize(
    ("failures", "pause_s"), [(0, FIRST_PAUSE_S), (1, 4.0), (8, 512.0), (9, LONGEST_PAUSE_S), (2000, LONGEST_PAUSE_S)]
)
def test_a_pause_doubles_up_to_its_bound(failures, pause_s):
    """2 s, 4 s, 8 s and so on to 15 min, and no further."""
    assert Backoff(failures).grow(100.0) == Backoff(failures + 1, 100.0 + pause_s)


def test_writes_back_off_apart_from_reads():
    """A write that failed is tried again after its pause; a failed read grows its own pause only."""
    state = cycle(State(), drifted(1), now=10.0, status="failed")[1]
    assert cycle(state, drifted(1), now=11.9)[0] == decide.PAUSED
    assert cycle(state, drifted(1), now=12.0)[0] == ["r1"]
    state = decide.failed(state, Trouble.READS, 11.0)
    assert {kind: backoff.failures for kind, backoff in state.backoffs.items()} == {Trouble.WRITES: 1, Trouble.READS: 1}
    assert decide.contest(state, IN_STEP).backoffs.keys() == {Trouble.WRITES}


@given(st.floats(0, 1), st.floats(1, 3600))
def test_a_cycle_starts_every_interval(chance, interval_s):
    """Without failures the next cycle begins an interval after this one began, 10 % earlier or later."""
    wait_s = decide.next_cycle(State(), 100.0, 100.5, interval_s=interval_s, chance=chance) - 100.0
    assert 0.9 * interval_s - 1e-6 <= wait_s <= 1.1 * interval_s + 1e-6


@pytest.mark.parametrize(
    ("backoffs", "expected"),
    [
        ({Trouble.WRITES: Backoff(1, 103.0)}, 103.0),
        ({Trouble.WRITES: Backoff(9, 900.0)}, 160.0),
        ({Trouble.WRITES: Backoff(1, 100.0)}, 160.0),
        ({Trouble.GIT: Backoff(1, 130.0)}, 130.0),
        ({Trouble.READS: Backoff(1, 103.0)}, 103.0),
        ({Trouble.READS: Backoff(9, 900.0)}, 900.0),
        ({Trouble.READS: Backoff(9, 900.0), Trouble.WRITES: Backoff(1, 103.0)}, 900.0),
        ({Trouble.READS: Backoff(1, 99.0)}, 101.0),
    ],
)
def test_the_next_cycle_follows_what_fails(backoffs, expected):
    """A pause of git or writes brings the next cycle forward; a pause of reads puts it off."""
    assert decide.next_cycle(State(backoffs=backoffs), 100.0, 101.0, interval_s=60, chance=0.5) == expected


def test_a_source_that_fails_is_left_alone_for_its_pause():
    """The source is asked again when its own pause is over, at once after a success."""
    state = decide.failed(State(), Trouble.GIT, 10.0)
    assert [decide.may_look(state, now) for now in (11.9, 12.0)] == [False, True]
    assert decide.may_look(decide.works(state, Trouble.GIT), 11.0)


class Course(RuleBasedStateMachine):
    """Any course of events on three runners, over time, commits, modes and suspension."""

    def __init__(self):
        super().__init__()
        self.state = State()
        self.now = 0.0
        self.commit = 0
        self.suspended = False
        self.mode = Mode.APPLY
        self.writes = {}

    @rule(seconds=st.floats(0, 2000))
    def wait(self, seconds):
        """Time passes."""
        self.now += seconds

    @rule()
    def push(self):
        """A new commit: everything that was held back is tried again."""
        self.commit += 1
        self.writes = {}
        self.state = decide.revise(self.state, str(self.commit))
        assert not self.state.contested
        assert not self.state.backoffs

    @rule()
    def look_again(self):
        """The same commit changes nothing."""
        before = self.state
        if before.revision is not None:
            assert decide.revise(before, before.revision) is before

    @rule(suspended=st.booleans(), mode=st.sampled_from(list(Mode)))
    def configure(self, suspended, mode):
        """The project file says otherwise now."""
        self.suspended, self.mode = suspended, mode

    @rule(trouble=st.sampled_from(list(Trouble)))
    def fail(self, trouble):
        """Something fails: its pause is longer than its last one, up to the bound."""
        before = self.state.backoff(trouble)
        self.state = decide.failed(self.state, trouble, self.now)
        after = self.state.backoff(trouble)
        assert after.failures == before.failures + 1
        assert FIRST_PAUSE_S - 1e-6 <= after.until - self.now <= LONGEST_PAUSE_S + 1e-6

    @rule(
        numbers=st.sets(st.integers(1, 3)),
        refused=st.booleans(),
        status=st.sampled_from(["applied", "failed", "unverified", "not_attempted"]),
    )
    def run(self, numbers, refused, status):
        """A cycle; every one ends in keys written or in a reason."""
        plan = drifted(*sorted(numbers), findings=(REFUSAL,) if refused else ())
        was_paused = self.now < self.state.backoff(Trouble.WRITES).until
        done, self.state = cycle(self.state, plan, self.now, mode=self.mode, suspended=self.suspended, status=status)
        if isinstance(done, decide.Idle):
            assert done.reason
            return
        assert not self.suspended
        assert self.mode is Mode.APPLY
        assert not refused
        assert not was_paused
        assert done
        for key in done:
            self.writes[key] = self.writes.get(key, 0) + (status != "not_attempted")

    @invariant()
    def nothing_is_written_back_for_ever(self):
        """No field is written more often on one commit than the commit's own write and MAX_HEALS heals."""
        assert all(count <= MAX_HEALS + 1 for count in self.writes.values())

    @invariant()
    def the_next_cycle_never_spins(self):
        """The next cycle is a pause or an interval away, never at once: 60 s at most unless reads fail."""
        after = decide.next_cycle(self.state, self.now, self.now, interval_s=60, chance=0.5) - self.now
        if Trouble.READS in self.state.backoffs:
            assert after <= LONGEST_PAUSE_S + 1e-6
        else:
            assert 0 < after <= 60 + 1e-6


TestCourse = Course.TestCase
