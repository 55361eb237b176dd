"""The closing list: exit 0 means that every written runner is there as sent, and that nothing created exists twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.apply.closing import confirm
from reconciler.errors import AmbiguousCreate, Interrupted, Unreachable, UnstableList, Unverified
from reconciler.model.position import Position
from reconciler.model.secret import Secret
from tests.fakes.applying import apply_plan
from tests.fakes.plans import body_of, create, live_runner, plan_of, runner_id, update
from tests.fakes.runner_api import FakeJournal, FakeRunnerApi
from tests.fakes.runners import edited, make_desired

LIVE = live_runner(1)
TAGGED = update(LIVE, body_of(LIVE, tags=("gpu", "sdxl")))
TWIN = runner_id(77)


def closed(*actions, api=None, before=lambda _api: None, journal=None):
    """The outcomes of an apply with a closing list; `before` is called with the service just before that list."""
    api = api or FakeRunnerApi([LIVE])
    inner = api.on_call

    def on_call(verb, target):
        inner(verb, target)
        if verb == "list":
            before(api)

    api.on_call = on_call
    report = apply_plan(plan_of(*actions), api, verify=True, journal=journal)
    return api, report


def add(**fields):
    """Somebody creates a runner."""

    def before(api):
        made = edited(live_runner(77), **fields)
        api.runners[made.id] = made

    return before


def change(**fields):
    """Somebody changes the runner that was written."""

    def before(api):
        api.runners[LIVE.id] = edited(api.runners[LIVE.id], **fields)

    return before


def test_what_is_there_as_sent_is_applied():
    """One list more, whatever the number of writes."""
    api, report = closed(TAGGED, create("new"), create("off", status="disabled"))
    assert [each.status for each in report.outcomes] == ["applied"] * 3
    assert report.exit_code == 0
    assert [call for call in api.calls if call[0] == "list"] == [("list", "all")]
    assert (report.requests.reads, report.requests.writes) == (1, 4)


def test_a_list_that_says_nothing_new_costs_nothing():
    """Where nothing was written, or nothing of it was answered, there is nothing to confirm."""
    assert closed()[0].calls == []
    failing = FakeRunnerApi([LIVE], script={("replace", LIVE.id): [Unreachable("no")]})
    assert ("list", "all") not in closed(TAGGED, api=failing)[0].calls


@pytest.mark.parametrize(
    "fields", [{}, {"endpoint": "https://elsewhere.example.com"}, {"tags": ()}], ids=["alike", "endpoint", "tags"]
)
def test_a_runner_that_another_writer_created_too_is_a_duplicate(fields):
    """Unverified, with both ids and what to do; the others are not blamed."""
    _api, report = closed(create("new"), TAGGED, before=add(name="new", **fields))
    twice, tagged = report.outcomes
    assert (twice.status, twice.error.code, twice.id) == ("unverified", "duplicate", runner_id(901))
    for word in (runner_id(901), TWIN, "twice", "dashboard", "`id:`"):
        assert word in twice.error.message
    assert tagged.status == "applied"
    assert report.exit_code == 3


def test_every_double_is_named():
    """Three are three."""

    def before(api):
        for number in (77, 78):
            made = live_runner(number, name="new")
            api.runners[made.id] = made

    (outcome,) = closed(create("new"), before=before)[1].outcomes
    assert "3 times" in outcome.error.message
    assert all(runner_id(number) in outcome.error.message for number in (77, 78, 901))


def test_a_name_that_was_there_before_is_no_duplicate():
    """Several entries may name runners alike, where ids tell them apart."""
    api = FakeRunnerApi([edited(LIVE, name="new")])
    assert closed(create("new"), api=api)[1].exit_code == 0


def test_a_new_runner_of_another_name_is_nobodys_duplicate():
    """Another writer may create what it likes."""
    assert closed(create("new"), before=add(name="theirs"))[1].exit_code == 0


def test_an_answer_that_was_stored_nowhere_is_found():
    """The service echoed the create; the list has no such runner."""
    _api, report = closed(create("new"), before=lambda api: api.runners.pop(runner_id(901)))
    (outcome,) = report.outcomes
    assert (outcome.status, outcome.error.code) == ("unverified", "not-there")
    assert runner_id(901) in outcome.error.message


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": "other"}, "name"),
        ({"endpoint": "https://elsewhere.example.com"}, "endpoint"),
        ({"tags": ()}, "tags"),
        ({"status": "disabled"}, "status"),
        ({"headers": {"Authorization": Secret("another-value")}}, "headers (Authorization)"),
    ],
)
def test_an_update_that_is_not_there_as_sent_is_unverified(fields, named):
    """Whichever of the five fields it is; header values are never named."""
    _api, report = closed(TAGGED, before=change(**fields))
    (outcome,) = report.outcomes
    assert (outcome.status, outcome.error.code) == ("unverified", "not-taken")
    assert named in outcome.error.message
    assert "another-value" not in outcome.error.message


def test_a_created_runner_must_have_the_status_that_it_owns():
    """A POST sends no status; one that the manifest owns must hold all the same."""

    def disable(api):
        api.runners[runner_id(901)] = edited(api.runners[runner_id(901)], status="disabled")

    wants = make_desired(key="new", at=Position("a", 1, 1), name="new", endpoint="https://x", status="active")
    assert closed(replace(create("new"), desired=wants), before=disable)[1].exit_code == 3
    leaves = replace(wants, status=None)
    assert closed(replace(create("new"), desired=leaves), before=disable)[1].exit_code == 0


@pytest.mark.parametrize("error", [Unreachable("no answer"), UnstableList("pages moved"), ValueError("odd")])
def test_a_closing_list_that_cannot_be_read_confirms_nothing(error):
    """What was written is unverified then, never applied: exit 3."""
    api = FakeRunnerApi([LIVE], script={("list", "all"): [error]})
    (outcome,) = closed(TAGGED, api=api)[1].outcomes
    assert (outcome.status, outcome.error.code) == ("unverified", "not-confirmed")
    assert str(error) in outcome.error.message


def test_an_interrupt_before_the_list_leaves_what_was_answered():
    """Exit 130; the answers are all that is known, and no list is waited for."""
    api = FakeRunnerApi([LIVE], script={("list", "all"): [Interrupted("interrupted")]})
    assert closed(TAGGED, api=api)[1].outcomes[0].status == "applied"
    stopping = FakeRunnerApi([LIVE])
    stopping.on_call = lambda verb, _target: setattr(stopping.stop, "stopped", verb == "replace")
    report = closed(TAGGED, api=stopping)[1]
    assert (report.exit_code, ("list", "all") in stopping.calls) == (130, False)


def test_an_unverified_create_is_no_duplicate_of_itself():
    """One new runner of its name may be the one that was asked for; two are one too many."""
    create_fails = {("create", "new"): [Unverified("no answer")]}
    for count, code in ((1, "unverified"), (2, "duplicate")):

        def before(api, count=count):
            for number in range(count):
                made = live_runner(77 + number, name="new")
                api.runners[made.id] = made

        api = FakeRunnerApi([LIVE], script={key: list(turns) for key, turns in create_fails.items()})
        outcome = closed(create("new"), TAGGED, api=api, before=before)[1].outcomes[0]
        assert (outcome.status, outcome.error.code) == ("unverified", code)


def test_two_runners_after_a_create_without_an_answer_are_a_duplicate_too():
    """Found by the create's own list, and reported in the same way."""
    error = AmbiguousCreate(f"there are 2: {TWIN}, {runner_id(78)}", ids=(TWIN, runner_id(78)))
    api = FakeRunnerApi([LIVE], script={("create", "new"): [error]})
    (outcome,) = closed(create("new"), api=api)[1].outcomes
    assert (outcome.status, outcome.error.code) == ("unverified", "duplicate")
    assert TWIN in outcome.error.message


def test_what_the_list_changes_is_journaled():
    """One line, with the outcomes that it changed, before the counts."""
    journal = FakeJournal()
    closed(create("new"), TAGGED, before=add(name="new"), journal=journal)
    verify, end = journal.lines[-2:]
    assert verify["event"] == "verify"
    assert [(each["key"], each["status"]) for each in verify["changed"]] == [("new", "unverified")]
    assert (end["summary"]["applied"], end["summary"]["unverified"]) == (1, 1)


def test_without_changes_the_outcomes_are_the_same_objects():
    """Nothing is made anew where the list bears everything out."""
    api, report = closed(TAGGED)
    assert confirm(plan_of(TAGGED).actions, report.outcomes, [*api.runners.values()], {LIVE.id}) == report.outcomes
