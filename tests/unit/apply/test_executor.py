"""What an apply does with one runner's writes: sends them whole, checks them, and reports what was done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import (
    AmbiguousCreate,
    BadAnswer,
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
    Unverified,
)
from reconciler.model.plan import Action, Request
from reconciler.model.position import Position
from reconciler.model.secret import Secret
from tests.fakes.applying import apply_plan, statuses
from tests.fakes.plans import body_of, create, live_runner, plan_of, runner_id, update
from tests.fakes.runner_api import FakeProgress, FakeRunnerApi, after
from tests.fakes.runners import edited, make_desired

LIVE = live_runner(1)
TAGGED = body_of(LIVE, tags=("gpu", "sdxl"))


def only(report):
    """The one outcome."""
    (outcome,) = report.outcomes
    return outcome


def test_an_update_is_one_put_with_all_five_fields():
    """Headers and status that do not change are sent along; nothing is read first."""
    api = FakeRunnerApi([LIVE])
    report = apply_plan(plan_of(update(LIVE, TAGGED)), api)
    assert only(report).status == "applied"
    assert api.calls == [("replace", LIVE.id)]
    assert api.bodies == [TAGGED]
    assert report.exit_code == 0
    assert (report.requests.reads, report.requests.writes) == (0, 1)


def test_an_empty_plan_sends_nothing():
    """No action, no request, exit 0."""
    api = FakeRunnerApi([LIVE])
    report = apply_plan(plan_of(), api)
    assert (report.outcomes, api.calls, report.exit_code) == ((), [], 0)


def test_a_create_is_one_post():
    """A runner wanted active takes its POST, with the ids that were known before; its new id is reported."""
    api = FakeRunnerApi([LIVE])
    report = apply_plan(plan_of(create("new")), api)
    assert api.calls == [("create", "new")]
    assert api.known_ids == {LIVE.id}
    assert only(report).id == runner_id(901)


def test_a_runner_created_disabled_takes_its_put_at_once():
    """The PUT follows its POST before anything else is sent, and goes to the new id."""
    api = FakeRunnerApi([LIVE])
    report = apply_plan(plan_of(create("new", status="disabled"), update(LIVE, TAGGED)), api)
    assert api.calls == [("create", "new"), ("replace", runner_id(901)), ("replace", LIVE.id)]
    assert statuses(report) == {"new": "applied", "runner-1": "applied"}
    assert api.runners[runner_id(901)].spec.status == "disabled"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Rejected("name cannot be empty", status=400), "failed", "rejected"),
        (Unauthorized("Invalid token", status=401), "failed", "unauthorized"),
        (Forbidden("Runner limit exceeded for your tier", status=403), "failed", "forbidden"),
        (NotFound("requested entity not found", status=404), "failed", "not-found"),
        (RateLimited("429", status=429), "failed", "rate-limited"),
        (Unreachable("no connection"), "failed", "unreachable"),
        (BadAnswer("body: not JSON"), "failed", "bad-answer"),
        (Unverified("no answer in time"), "unverified", "unverified"),
        (AmbiguousCreate("two runners", ids=("1", "2")), "unverified", "duplicate"),
    ],
)
@pytest.mark.parametrize("verb", ["create", "replace"])
def test_an_error_of_the_service_is_the_runners_outcome(error, status, code, verb):
    """Each error keeps its code and message; a write that can't be told is unverified, and the exit code 3."""
    action = create("new") if verb == "create" else update(LIVE, TAGGED)
    target = "new" if verb == "create" else LIVE.id
    report = apply_plan(plan_of(action), FakeRunnerApi([LIVE], script={(verb, target): [error]}))
    outcome = only(report)
    assert (outcome.status, outcome.error.code, outcome.error.message) == (status, code, str(error))
    assert report.exit_code == 3


def test_one_runners_failure_does_not_stop_the_others():
    """The outcomes stand in the plan's order, whichever failed."""
    lives = [live_runner(number) for number in (1, 2, 3)]
    plan = plan_of(*(update(live, body_of(live, tags=())) for live in lives))
    api = FakeRunnerApi(lives, script={("replace", lives[1].id): [Rejected("no", status=400)]})
    report = apply_plan(plan, api, parallelism=3)
    assert list(statuses(report).items()) == [("runner-1", "applied"), ("runner-2", "failed"), ("runner-3", "applied")]
    assert report.applied("update") == 2


def test_a_refused_token_stops_the_rest():
    """After a 401 nothing further is started, and the rest says why."""
    lives = [live_runner(number) for number in (1, 2, 3)]
    plan = plan_of(*(update(live, body_of(live, tags=())) for live in lives))
    api = FakeRunnerApi(lives, script={("replace", lives[1].id): [Unauthorized("Token has expired", status=401)]})
    report = apply_plan(plan, api)
    assert list(statuses(report).values()) == ["applied", "failed", "not_attempted"]
    assert len(api.calls) == 2
    assert report.outcomes[2].error.message == "no further write was started: Token has expired"
    assert report.exit_code == 3


def test_an_unexpected_exception_is_an_outcome_too():
    """It is named by its type, never by its text, counts as failed, and the others go on."""
    other = live_runner(2)
    api = FakeRunnerApi([LIVE, other], script={("replace", LIVE.id): [RuntimeError("broke on cfc_secret-token")]})
    report = apply_plan(plan_of(update(LIVE, TAGGED), update(other, body_of(other, tags=()))), api)
    assert statuses(report) == {"runner-1": "failed", "runner-2": "applied"}
    error = report.outcomes[0].error
    assert error.code == "unexpected"
    assert error.message == "unexpected, and it may have been written: RuntimeError"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"tags": ("gpu",)}, "tags"),
        ({"name": "x"}, "name"),
        ({"endpoint": "https://x.example.com"}, "endpoint"),
        ({"status": "disabled"}, "status"),
        ({"headers": {}}, "headers (Authorization)"),
        ({"headers": {**LIVE.spec.headers, "X-B": Secret("b"), "X-A": Secret("a")}}, "headers (X-A, X-B)"),
        ({"headers": {"Authorization": Secret("Bearer other-secret")}}, "headers (Authorization)"),
        ({"name": "x", "tags": ()}, "name, tags"),
    ],
)
def test_a_field_that_did_not_take_is_unverified(answer, told):
    """The answer of a write is compared with what was sent; the field is named, a header's value is not."""
    api = FakeRunnerApi([LIVE], script={("replace", LIVE.id): [lambda runner: edited(runner, **answer)]})
    report = apply_plan(plan_of(update(LIVE, TAGGED)), api)
    assert only(report).status == "unverified"
    assert only(report).error.code == "not-taken"
    assert only(report).error.message == (
        f"the service answered, and did not take {told}; plan again to see what it holds"
    )
    assert report.exit_code == 3


def test_an_equal_answer_is_verified():
    """Tags in another order, header names in another case and a normalised endpoint are what was sent."""
    body = body_of(LIVE, tags=("a", "b"), endpoint="HTTPS://Comfy-1.example.com:443/")
    as_answered = {
        "tags": ("b", "a"),
        "endpoint": "https://comfy-1.example.com",
        "headers": {"authorization": LIVE.spec.headers["Authorization"]},
        "updated_at": "2026-09-09T00:00:00Z",
    }
    api = FakeRunnerApi([LIVE], script={("replace", LIVE.id): [lambda runner: edited(runner, **as_answered)]})
    assert only(apply_plan(plan_of(update(LIVE, body)), api)).status == "applied"


def test_a_status_that_is_left_out_is_not_compared():
    """An unmanaged status of a value unknown to us is not sent, and whatever comes back is right."""
    live = live_runner(1, status="draining")
    assert only(apply_plan(plan_of(update(live, body_of(live, tags=(), status=None))))).status == "applied"


def test_an_answer_about_another_runner_is_unverified():
    """A PUT that is answered with another id proves nothing."""
    api = FakeRunnerApi([LIVE], script={("replace", LIVE.id): [lambda runner: replace(runner, id=runner_id(7))]})
    outcome = only(apply_plan(plan_of(update(LIVE, TAGGED)), api))
    assert (outcome.status, outcome.id) == ("unverified", LIVE.id)
    assert runner_id(7) in outcome.error.message


def test_a_create_whose_fields_did_not_take_keeps_its_id():
    """What was created is reported with its id, though it is not what was asked for."""
    api = FakeRunnerApi(script={("create", "new"): [lambda runner: edited(runner, tags=())]})
    outcome = only(apply_plan(plan_of(create("new")), api))
    assert (outcome.status, outcome.id) == ("unverified", runner_id(900))


@pytest.mark.parametrize(("wanted", "status"), [("active", "unverified"), (None, "applied")])
def test_a_create_that_is_not_active_is_told_where_the_status_is_owned(wanted, status):
    """A POST sends no status; what the manifest owns must still be what came."""
    desired = make_desired(key="new", at=Position("a", 1, 1), name="new", endpoint="https://x", status=wanted)
    api = FakeRunnerApi(script={("create", "new"): [lambda runner: edited(runner, status="disabled")]})
    outcome = only(apply_plan(plan_of(replace(create("new"), desired=desired)), api))
    assert outcome.status == status
    assert (outcome.error is None) == (status == "applied")


def test_a_finish_that_fails_says_that_the_runner_is_active():
    """After the POST the runner exists and takes workflows: the message says so with its id."""
    script = {("replace", runner_id(900)): [Unreachable("no connection")]}
    outcome = only(apply_plan(plan_of(create("new", status="disabled")), FakeRunnerApi(script=script)))
    assert (outcome.status, outcome.id, outcome.error.code) == ("failed", runner_id(900), "unreachable")
    assert outcome.error.message == (
        f"the runner was created as {runner_id(900)} and is active, or may be: it could not be disabled: no connection"
    )


def test_a_finish_that_cannot_be_told_is_unverified():
    """A PUT without an answer may have disabled it."""
    script = {("replace", runner_id(900)): [after(Unverified("no answer in time"))]}
    outcome = only(apply_plan(plan_of(create("new", status="disabled")), FakeRunnerApi(script=script)))
    assert (outcome.status, outcome.id, outcome.error.code) == ("unverified", runner_id(900), "unverified")


def test_a_create_without_an_answer_takes_no_finish():
    """Nothing is known to disable: the create is unverified and that is all."""
    script = {("create", "new"): [after(Unverified("no answer in time"))]}
    api = FakeRunnerApi(script=script)
    assert only(apply_plan(plan_of(create("new", status="disabled")), api)).status == "unverified"
    assert api.calls == [("create", "new")]


def test_a_finish_mends_what_the_post_did_not_take():
    """The PUT carries all five fields, so what it verifies counts."""
    script = {("create", "new"): [lambda runner: edited(runner, tags=())]}
    assert only(apply_plan(plan_of(create("new", status="disabled")), FakeRunnerApi(script=script))).status == "applied"


def test_a_runner_with_unmanaged_fields_is_read_before_its_put():
    """What is carried over must still be what was read; if it is, the PUT goes out."""
    api = FakeRunnerApi([LIVE])
    report = apply_plan(plan_of(update(LIVE, TAGGED, unmanaged=("status",))), api)
    assert api.calls == [("get", LIVE.id), ("replace", LIVE.id)]
    assert only(report).status == "applied"


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"name": "x"}, "name"),
        ({"endpoint": "https://x.example.com"}, "endpoint"),
        ({"tags": ()}, "tags"),
        ({"status": "disabled"}, "status"),
        ({"headers": {"Authorization": Secret("Bearer edited-by-hand")}}, "headers (Authorization)"),
        ({"headers": {}}, "headers (Authorization)"),
    ],
)
def test_a_runner_that_moved_is_stale_and_stays_as_it_is(now, told):
    """Any of the five fields counts; the message names it, and nothing is written."""
    moved = edited(LIVE, **now)
    api = FakeRunnerApi([moved])
    report = apply_plan(plan_of(update(LIVE, TAGGED, unmanaged=("status",))), api)
    assert only(report).status == "stale"
    assert only(report).error.code == "stale"
    assert only(report).error.message == f"not written: another writer changed {told} since the plan; plan again"
    assert api.runners[LIVE.id] == moved
    assert api.calls == [("get", LIVE.id)]
    assert report.exit_code == 3


def test_times_and_spellings_are_no_move():
    """A later updated_at, another order of tags and another case of header names are the runner as it was."""
    now = edited(LIVE, updated_at="2026-09-09T00:00:00Z", headers={"authorization": LIVE.spec.headers["Authorization"]})
    report = apply_plan(plan_of(update(LIVE, TAGGED, unmanaged=("status",))), FakeRunnerApi([now]))
    assert only(report).status == "applied"


def test_a_runner_that_is_gone_is_stale():
    """A 404 before the PUT is a move like any other."""
    outcome = only(apply_plan(plan_of(update(LIVE, TAGGED, unmanaged=("status",))), FakeRunnerApi()))
    assert outcome.status == "stale"
    assert outcome.error.message == "not written: the runner is no longer there; plan again"


def test_a_check_that_fails_leaves_the_runner_unwritten():
    """Without the check there is no PUT."""
    api = FakeRunnerApi([LIVE], script={("get", LIVE.id): [Unreachable("no connection")]})
    outcome = only(apply_plan(plan_of(update(LIVE, TAGGED, unmanaged=("status",))), api))
    assert (outcome.status, outcome.error.code) == ("failed", "unreachable")
    assert api.calls == [("get", LIVE.id)]


def test_both_writes_of_a_two_phase_update_are_checked():
    """Each PUT that carries unmanaged fields has its GET: the second compares with what the first one left."""
    api = FakeRunnerApi([LIVE])
    action = update(LIVE, TAGGED, body_of(LIVE, tags=("sdxl",)), unmanaged=("status",))
    report = apply_plan(plan_of(action), api)
    assert [verb for verb, _id in api.calls] == ["get", "replace", "get", "replace"]
    assert action.checks == 2
    assert only(report).status == "applied"


def test_a_move_between_widen_and_narrow_leaves_the_runner_widened():
    """Somebody else's edit between the two writes is not undone."""

    def switched_off(runner):
        return edited(runner, status="disabled")

    api = FakeRunnerApi([LIVE], script={("get", LIVE.id): [None, switched_off]})
    action = update(LIVE, TAGGED, body_of(LIVE, tags=("sdxl",)), unmanaged=("status",))
    outcome = only(apply_plan(plan_of(action), api))
    assert (outcome.status, outcome.error.code) == ("widened_only", "stale")
    assert "status" in outcome.error.message
    assert [verb for verb, _id in api.calls] == ["get", "replace", "get"]


def test_a_plan_read_from_a_file_is_not_applied_as_it_is():
    """Without the live runner there is nothing to check against: refused, and nothing is sent."""
    api = FakeRunnerApi([LIVE])
    action = replace(update(LIVE, TAGGED, unmanaged=("status",)), live=None)
    assert only(apply_plan(plan_of(action), api)).status == "failed"
    assert only(apply_plan(plan_of(replace(action, id=None)), api)).status == "failed"
    assert api.calls == []


def test_progress_is_told_of_every_outcome():
    """The plan first, then each outcome as it is decided."""
    progress = FakeProgress()
    plan = plan_of(update(LIVE, TAGGED), create("new"))
    report = apply_plan(plan, FakeRunnerApi([LIVE]), progress=progress)
    assert progress.plans == [plan]
    assert tuple(progress.outcomes) == report.outcomes


def test_a_broken_progress_stops_nothing():
    """Whoever shows progress may be gone: the apply goes on."""

    class Gone:
        def applying(self, _plan):
            raise BrokenPipeError

        def done(self, _outcome):
            raise BrokenPipeError

    assert only(apply_plan(plan_of(update(LIVE, TAGGED)), progress=Gone())).status == "applied"


def test_a_retirement_is_a_put_like_any_other():
    """An unmanaged runner is disabled with all else as read, after a check."""
    request = Request(method="PUT", path="/p", body=body_of(LIVE, status="disabled"), purpose="retire")
    action = Action(
        action="disable",
        key=LIVE.spec.name,
        id=LIVE.id,
        name=LIVE.spec.name,
        matched_by="none",
        at=None,
        live_updated_at=None,
        changes=(),
        requests=(request,),
        unmanaged=("name", "endpoint", "headers", "tags"),
        turns_off=True,
        live=LIVE,
    )
    api = FakeRunnerApi([LIVE])
    assert apply_plan(plan_of(action), api).applied("disable") == 1
    assert [verb for verb, _id in api.calls] == ["get", "replace"]


def test_ten_thousand_actions_get_ten_thousand_outcomes():
    """Size changes nothing but the count."""
    lives = [live_runner(number) for number in range(10_000)]
    report = apply_plan(plan_of(*(update(live, body_of(live, tags=())) for live in lives)), parallelism=4)
    assert report.count("applied") == 10_000
    assert [outcome.id for outcome in report.outcomes] == [live.id for live in lives]
