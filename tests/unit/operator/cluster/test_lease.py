"""The decisions about the Lease, and the law that one candidate at most believes to hold it."""

from __future__ import annotations

import heapq
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.operator.cluster import lease
from reconciler.operator.cluster.lease import DURATION_S, GIVE_UP_S, LOOK_S, RENEW_S, Create, Hold, Take, Wait, decide
from reconciler.operator.cluster.record import Record

RECORD = Record(holder="other", duration_s=12, acquired_at="a", renewed_at="r", transitions=3, version="7")
TIMEOUT_S = 2.0


@pytest.mark.parametrize(
    ("record", "now", "expected"),
    [
        (None, 0.0, Create()),
        (replace(RECORD, holder="me"), 0.0, Hold()),
        (replace(RECORD, holder="me"), 99.0, Hold()),
        (replace(RECORD, holder=""), 0.0, Take()),
        (RECORD, 0.0, Wait(12.0)),
        (RECORD, 11.999, Wait(12.0)),
        (RECORD, 12.0, Take()),
        (replace(RECORD, duration_s=1), 11.999, Wait(12.0)),
        (replace(RECORD, duration_s=30), 29.999, Wait(30.0)),
        (replace(RECORD, duration_s=30), 30.0, Take()),
    ],
)
def test_decisions(record, now, expected):
    """What is free is taken at once; another's only when it has not changed for its duration, and never before ours."""
    assert decide(record, "me", 0.0, now) == expected


def after(state, *, now, took=0.0, found):
    """The state after the next request, which finds or writes a record."""
    asked = lease.ask(state, now, "now")
    written = asked.record if isinstance(asked, lease.Put) else found
    written = written and replace(written, version=str(int(written.version or 0) + isinstance(asked, lease.Put)))
    return asked, lease.answered(state, asked, written, now, now + took)


def test_a_lease_is_created_and_renewed():
    """A new Lease has no transition; a renewal keeps since when it is held."""
    _, state = after(lease.Candidacy("me"), now=0.0, found=None)
    asked, state = after(state, now=0.0, found=None)
    assert asked.record == Record(holder="me", duration_s=12, acquired_at="now", renewed_at="now", transitions=0)
    asked = lease.ask(state, 2.0, "later")
    assert (asked.record.acquired_at, asked.record.renewed_at, asked.record.transitions) == ("now", "later", 0)
    assert asked.record.version == "1"


def test_a_lease_is_taken_over():
    """A Lease that is taken over is held anew, and has one transition more."""
    _, state = after(lease.Candidacy("me"), now=0.0, found=RECORD)
    _, state = after(state, now=11.5, found=RECORD)
    asked, state = after(state, now=12.0, found=None)
    assert (asked.record.holder, asked.record.acquired_at, asked.record.transitions) == ("me", "now", 4)
    assert asked.record.version == "7"
    assert state.holds(12.0 + GIVE_UP_S - 0.001)
    assert not state.holds(12.0 + GIVE_UP_S)


def test_a_renewal_of_another_begins_the_wait_anew():
    """Another's Lease counts from when its last change was seen."""
    _, state = after(lease.Candidacy("me"), now=0.0, found=RECORD)
    _, state = after(state, now=11.0, took=0.5, found=replace(RECORD, version="8"))
    assert isinstance(lease.ask(state, 23.4, "now"), lease.Look)
    assert isinstance(lease.ask(state, 23.5, "now"), lease.Put)


def test_who_is_replaced_stops_at_once():
    """A holder that reads another's name, or finds the Lease gone, does not hold it any more."""
    held = lease.Candidacy("me", record=replace(RECORD, holder="me"), fresh=False, believes_until=7.0)
    for found in (RECORD, None):
        _, state = after(held, now=1.0, found=found)
        assert not state.holds(1.0)
    _, state = after(held, now=1.0, found=replace(RECORD, holder="me"))
    assert state.holds(6.9)


def test_pauses():
    """A holder renews every 2 s, looks 1 s after a failure, and wakes when its belief ends; others look each second."""
    held = lease.Candidacy("me", record=replace(RECORD, holder="me"), fresh=True, believes_until=7.0, renewed=True)
    assert lease.pause_s(held, 0.0) == RENEW_S
    assert lease.pause_s(held, 6.0) == 1.0
    assert lease.pause_s(replace(held, renewed=False), 0.0) == 0.0
    assert lease.pause_s(lease.failed(held), 0.0) == LOOK_S
    assert lease.pause_s(lease.failed(held), 6.5) == 0.5
    assert lease.pause_s(lease.failed(held), 7.0) == LOOK_S
    waits = lease.Candidacy("me", record=RECORD, fresh=True)
    assert lease.pause_s(waits, 0.0) == LOOK_S
    assert lease.pause_s(waits, 11.5) == 0.5
    assert lease.pause_s(waits, 12.0) == 0.0
    assert lease.pause_s(lease.Candidacy("me"), 0.0) == LOOK_S


def test_only_who_holds_it_releases_it():
    """A release empties the holder and keeps the rest; another's Lease is left as it is."""
    held = lease.Candidacy("me", record=replace(RECORD, holder="me"))
    made = lease.released(held, "now")
    assert (made.holder, made.duration_s, made.transitions, made.version) == ("", 1, 3, "7")
    assert lease.released(lease.Candidacy("me", record=RECORD), "now") is None
    assert lease.released(lease.Candidacy("me"), "now") is None


class World:
    """Candidates in virtual time: an API server, and for each candidate a clock that is wrong in its own way.

    `faults` are taken one for each request: how long it takes to the server and back, and whether either way is lost.
    A request that took over TIMEOUT_S is given up, and may reach the server later all the same.
    """

    def __init__(self, clocks, faults):
        self.clocks = clocks
        self.faults = iter(faults)
        self.states = [lease.Candidacy(str(n)) for n in range(len(clocks))]
        self.alive = [True] * len(clocks)
        self.record = None
        self.now = 0.0
        self.versions = count(1)
        self.events = []
        self.order = count()
        self.both = []
        self.taken = []

    def local(self, n, now=None):
        """What a candidate's clock shows."""
        offset, rate = self.clocks[n]
        return offset + rate * (self.now if now is None else now)

    def at(self, time, action):
        """Put something on a real time."""
        heapq.heappush(self.events, (time, next(self.order), action))

    def believers(self):
        """Who believes to hold."""
        return [n for n, state in enumerate(self.states) if self.alive[n] and state.holds(self.local(n))]

    def run(self, until):
        """Run, and look at every event, and between them, who believes."""
        while self.events and self.events[0][0] <= until:
            self.now, _, action = heapq.heappop(self.events)
            action()
            believers = self.believers()
            if len(believers) > 1:
                self.both.append((self.now, believers))
            if believers and (not self.taken or self.taken[-1][1] != believers[0]):
                self.taken.append((self.now, believers[0]))
        self.now = until

    def turn(self, n):
        """One request of a candidate."""
        if not self.alive[n]:
            return
        started = self.local(n)
        asked = lease.ask(self.states[n], started, "now")
        there_s, back_s, lost = next(self.faults, (0.01, 0.01, ""))
        answer = []
        if lost != "request":
            self.at(self.now + there_s, lambda: answer.append(self.serve(asked)))
        in_time = there_s + back_s <= TIMEOUT_S and not lost
        ends = self.now + (there_s + back_s if in_time else TIMEOUT_S)

        def end():
            if not self.alive[n]:
                return
            state = self.states[n]
            if in_time and answer[0] is not Conflict:
                self.states[n] = lease.answered(state, asked, answer[0], started, self.local(n))
            else:
                self.states[n] = lease.failed(state)
            pause = lease.pause_s(self.states[n], self.local(n)) / self.clocks[n][1]
            self.at(self.now + pause, lambda: self.turn(n))

        self.at(ends, end)

    def serve(self, asked):
        """What the API server does."""
        if isinstance(asked, lease.Look):
            return self.record
        if (self.record.version if self.record else "") != asked.record.version:
            return Conflict
        self.record = replace(asked.record, version=str(next(self.versions)))
        return self.record

    def kill(self, n):
        """Kill a candidate."""
        self.alive[n] = False


class Conflict:
    """What a write on an old version is answered."""


CLOCKS = st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0.8, 1.2)), min_size=2, max_size=4)
DELAYS = st.one_of(st.floats(0, 0.05), st.floats(0, 30))
FAULTS = st.lists(
    st.tuples(DELAYS, DELAYS, st.sampled_from(["", "", "", "request", "answer"])), min_size=0, max_size=120
)


@given(CLOCKS, FAULTS, st.lists(st.floats(0, 3), min_size=4, max_size=4))
def test_two_never_believe_at_once(clocks, faults, starts):
    """Whatever is late or lost, and however clocks are set or drift (20 %), one candidate at most believes to hold."""
    world = World(clocks, faults)
    for n, start in zip(range(len(clocks)), starts, strict=False):
        world.at(start, lambda n=n: world.turn(n))
    for tick in range(1200):
        world.at(tick / 10, lambda: None)
    world.run(120.0)
    assert world.both == []
    if not faults:
        assert world.believers()


@given(CLOCKS, st.floats(1, 30))
def test_a_killed_holder_is_replaced_in_time(clocks, killed_at):
    """When the holder is killed, another holds within the duration and one look, however its clock is set."""
    world = World([(offset, 1.0) for offset, _ in clocks], [])
    for n in range(len(clocks)):
        world.at(n * 0.1, lambda n=n: world.turn(n))
    world.run(killed_at)
    (holder,) = world.believers()
    world.kill(holder)
    world.run(killed_at + DURATION_S + LOOK_S + 0.2)
    assert world.believers()
    assert world.believers() != [holder]


@given(CLOCKS, st.floats(1, 30))
def test_a_released_lease_is_taken_within_one_look(clocks, released_at):
    """A Lease that is released is another's within one look."""
    world = World([(offset, 1.0) for offset, _ in clocks], [])
    for n in range(len(clocks)):
        world.at(n * 0.1, lambda n=n: world.turn(n))
    world.run(released_at)
    (holder,) = world.believers()
    world.kill(holder)
    world.record = replace(lease.released(world.states[holder], "now"), version=str(next(world.versions)))
    world.run(released_at + LOOK_S + 0.2)
    assert world.believers()


def test_the_law_can_fail(monkeypatch):
    """The simulation finds two believers where a holder that reaches nothing any more gives up too late."""
    monkeypatch.setattr(lease, "GIVE_UP_S", 20.0)
    world = World([(0.0, 1.0), (0.0, 1.0)], [])
    world.at(0.0, lambda: world.turn(0))
    world.at(0.5, lambda: world.turn(1))
    world.run(3.0)
    turn = world.turn
    world.turn = lambda n: turn(n) if n else None
    world.run(3.0 + DURATION_S + LOOK_S)
    assert world.both
