"""The status that a cycle leads to: what carries over, what begins, and what ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.report import Outcome, Report, RequestCount
from reconciler.model.watching import Mode, Watching
from reconciler.watch.happened import Happened, counted, status_after
from reconciler.watch.state import State
from reconciler.watch.status import Counts, CycleResult, Status
from tests.fakes.plans import body_of, live_runner, plan_of, update
from tests.fakes.runners import make_change

START = Status(environment=None, api_url="https://api.example.com", mode=Mode.REPORT)


def plan(*numbers):
    """A plan that changes the tags of these runners."""
    change = make_change(field="tags", before=("a",), after=("b",))
    lives = {f"r{number}": live_runner(number) for number in numbers}
    return plan_of(
        *(update(each, body_of(each, tags=("b",)), key=key, changes=(change,)) for key, each in lives.items())
    )


def report(**statuses):
    """What became of each."""
    outcomes = tuple(Outcome(key=key, action="update", id="1", status=status) for key, status in statuses.items())
    return Report(outcomes, RequestCount())


def after(before, happened, at="2024-01-16T14:20:00Z"):
    """The status after one more cycle in mode apply."""
    return status_after(
        before,
        happened,
        State(),
        watching=Watching(mode=Mode.APPLY),
        revision="r",
        troubles={},
        health={},
        started_at=at,
        ended_at=at,
        duration_s=1.0,
    )


def test_what_was_written_is_no_drift():
    """Only what is left different counts, with its fields."""
    found = after(START, Happened("failed", "", plan=plan(1, 2), report=report(r1="applied", r2="failed")))
    assert [(each.key, each.fields) for each in found.drifted] == [("r2", ("tags",))]


def test_drift_lasts_from_its_first_cycle():
    """Its beginning stays while any of it is left, and goes with the last of it."""
    first = after(START, Happened("drift", "", plan=plan(1)), "2024-01-16T14:20:00Z")
    second = after(first, Happened("drift", "", plan=plan(2)), "2024-01-16T14:21:00Z")
    assert second.drift_since == "2024-01-16T14:20:00Z"
    assert after(second, Happened("in-step", "", plan=plan())).drift_since is None


def test_a_cycle_without_a_plan_keeps_what_was_known():
    """An error says nothing about drift, and is no success."""
    first = after(START, Happened("drift", "", plan=plan(1)), "2024-01-16T14:20:00Z")
    second = after(first, Happened("error", "gone"), "2024-01-16T14:21:00Z")
    assert second.drifted == first.drifted
    assert second.last_success_at == "2024-01-16T14:20:00Z"


def test_waiting_is_no_cycle():
    """Nothing is counted while another writer holds the account; whose it is shows, until it is free."""
    waiting = Happened(None, "", waits="process 1")
    found = after(START, waiting)
    assert (found.waits_for, found.cycle, found.cycles) == ("process 1", None, 0)
    assert counted(Counts(), waiting, RequestCount()) == Counts()
    assert after(found, Happened("in-step", "", plan=plan())).waits_for is None


@pytest.mark.parametrize(
    ("result", "code"), [("in-step", 0), ("applied", 0), ("drift", 0), ("failed", 3), ("refused", 5), ("error", 1)]
)
def test_exit_codes_of_a_single_cycle(result, code):
    """As `plan` and `apply` have them."""
    assert Happened(result, "").exit_code == code


@given(st.lists(st.sampled_from(CycleResult)))
def test_every_cycle_is_counted_once(results):
    """Whatever the course: the totals add up, and the status has the last result."""
    status, counts = START, Counts()
    for result in results:
        happened = Happened(result, "")
        status, counts = after(status, happened), counted(counts, happened, RequestCount())
    assert sum(counts.cycles.values()) == status.cycles == len(results)
    assert (status.cycle.result if results else None) == (results[-1] if results else None)
