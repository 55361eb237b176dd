"""When writes are sent: gates hold, failures are passed on, interrupts leave the rest, and nothing is lost."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.apply.executor import MAX_PARALLELISM
from reconciler.apply.writer import Writer
from reconciler.errors import Rejected, Unverified
from reconciler.model.plan import Gate, Wait
from tests.fakes.applying import StillClock, apply_plan, statuses
from tests.fakes.plans import body_of, create, live_runner, plan_of, runner_id, update
from tests.fakes.runner_api import FakeJournal, FakeRunnerApi, FakeStop, after

OLD, NEW, SPARE = (live_runner(number, name=name) for number, name in enumerate(("old", "new", "spare"), 1))
REFUSED = Rejected("no", status=400)


def moving(*, at_least=1, keys=("new",), spare=False):
    """The runner old gives up a tag as soon as enough of `keys` have taken it on."""
    narrow = update(OLD, body_of(OLD, tags=()), waits=((Wait(0, at_least),),))
    widen = update(NEW, body_of(NEW, tags=("gpu", "x")))
    more = (update(SPARE, body_of(SPARE, tags=("gpu", "x"))),) if spare else ()
    return plan_of(narrow, widen, *more, gates=(Gate(("gpu",), keys),))


def swapping():
    """Two runners swap their tags: a widens, b moves, a narrows."""
    a, b = live_runner(1, name="a", tags=("x",)), live_runner(2, name="b", tags=("y",))
    first = update(a, body_of(a, tags=("x", "y")), body_of(a, tags=("y",)), waits=((), (Wait(1, 1),)))
    second = update(b, body_of(b, tags=("x",)), waits=((Wait(0, 1),),))
    return plan_of(first, second, gates=(Gate(("y",), ("a",)), Gate(("x",), ("b",))))


@pytest.mark.parametrize("parallelism", [1, 4])
def test_a_narrowing_write_waits_for_the_widening_one(parallelism):
    """The order is that of the gates, not that of the plan."""
    api = FakeRunnerApi([OLD, NEW])
    report = apply_plan(moving(), api, parallelism=parallelism)
    assert api.calls == [("replace", NEW.id), ("replace", OLD.id)]
    assert report.exit_code == 0


@pytest.mark.parametrize(
    "turn",
    [REFUSED, Unverified("no answer"), after(Unverified("no answer")), lambda _runner: NEW],
    ids=["refused", "lost", "done-and-lost", "not-taken"],
)
def test_a_widening_write_that_is_not_verified_holds_back_what_waits_for_it(turn):
    """Failed, unverified or not taken: the runner that would stop serving keeps on serving, and says why."""
    api = FakeRunnerApi([OLD, NEW], script={("replace", NEW.id): [turn]})
    report = apply_plan(moving(), api)
    assert statuses(report)["old"] == "not_attempted"
    error = report.outcomes[0].error
    assert error.code == "held-back"
    assert error.message == "held back so that gpu stays served: new did not take over"
    assert api.runners[OLD.id] == OLD


def test_another_runner_may_take_over():
    """One of two is enough where one is needed, whichever it is."""
    api = FakeRunnerApi([OLD, NEW, SPARE], script={("replace", NEW.id): [REFUSED]})
    report = apply_plan(moving(keys=("new", "spare"), spare=True), api)
    assert statuses(report) == {"old": "applied", "new": "failed", "spare": "applied"}


def test_a_promise_of_two_waits_for_two():
    """With two needed, one failure is one too many."""
    plan = moving(at_least=2, keys=("new", "spare"), spare=True)
    assert apply_plan(plan).exit_code == 0
    api = FakeRunnerApi([OLD, NEW, SPARE], script={("replace", SPARE.id): [REFUSED]})
    assert statuses(apply_plan(plan, api)) == {"old": "not_attempted", "new": "applied", "spare": "failed"}


def test_a_swap_takes_three_writes():
    """Widen, move, narrow, each when the one before is verified."""
    plan = swapping()
    api = FakeRunnerApi([action.live for action in plan.actions])
    assert apply_plan(plan, api, parallelism=4).exit_code == 0
    assert [body.spec.tags for body in api.bodies] == [("x", "y"), ("x",), ("y",)]


def test_a_swap_whose_move_fails_leaves_the_first_runner_widened():
    """Its second write would strand what the other still serves alone."""
    plan = swapping()
    api = FakeRunnerApi([action.live for action in plan.actions], script={("replace", runner_id(2)): [REFUSED]})
    report = apply_plan(plan, api)
    assert statuses(report) == {"a": "widened_only", "b": "failed"}
    assert report.outcomes[0].error.message == "held back so that x stays served: b did not take over"
    assert api.runners[runner_id(1)].spec.tags == ("x", "y")


def test_a_swap_whose_widening_fails_writes_nothing_else():
    """The failure is passed on to what waits."""
    plan = swapping()
    api = FakeRunnerApi([action.live for action in plan.actions], script={("replace", runner_id(1)): [REFUSED]})
    assert statuses(apply_plan(plan, api)) == {"a": "failed", "b": "not_attempted"}
    assert len(api.calls) == 1


@pytest.mark.parametrize(("turn", "status"), [(REFUSED, "widened_only"), (Unverified("no answer"), "unverified")])
def test_a_second_write_that_fails(turn, status):
    """Refused, the runner is only widened; without an answer, it may be narrowed by now."""
    plan = swapping()
    api = FakeRunnerApi([action.live for action in plan.actions], script={("replace", runner_id(1)): [None, turn]})
    report = apply_plan(plan, api)
    assert statuses(report) == {"a": status, "b": "applied"}
    assert report.outcomes[0].error.message == str(turn)


def test_failures_are_passed_on_along_a_chain():
    """When a fails, b which waits for it and c which waits for b are not sent; each names whom it waited for."""
    lives = [live_runner(number, name=name) for number, name in enumerate("abc", 1)]
    a, b, c = (
        update(live, body_of(live, tags=()), waits=(waits,))
        for live, waits in zip(lives, [(), (Wait(0, 1),), (Wait(1, 1),)], strict=True)
    )
    plan = plan_of(c, b, a, gates=(Gate(("x",), ("a",)), Gate(("y",), ("b",))))
    api = FakeRunnerApi(lives, script={("replace", lives[0].id): [REFUSED]})
    report = apply_plan(plan, api)
    assert statuses(report) == {"c": "not_attempted", "b": "not_attempted", "a": "failed"}
    assert report.outcomes[0].error.message == "held back so that y stays served: b did not take over"


def test_a_narrowing_that_is_given_up_early_keeps_its_widening_back():
    """A runner whose second write can never be sent is not widened for nothing."""
    lives = [live_runner(number, name=name) for number, name in enumerate("ab", 1)]
    waits = ((), (Wait(0, 1),))
    both = update(lives[0], body_of(lives[0], tags=("x",)), body_of(lives[0], tags=("y",)), waits=waits)
    fails = update(lives[1], body_of(lives[1], tags=("z",)))
    api = FakeRunnerApi(lives, script={("replace", lives[1].id): [REFUSED]})
    report = apply_plan(plan_of(fails, both, gates=(Gate(("z",), ("b",)),)), api)
    assert statuses(report) == {"b": "failed", "a": "not_attempted"}


def test_a_narrowing_given_up_while_its_widening_is_in_flight():
    """The widening lands, and the runner is only widened."""
    lives = [live_runner(number, name=name) for number, name in enumerate("ab", 1)]
    failed = threading.Event()
    waits = ((), (Wait(0, 1),))
    both = update(lives[0], body_of(lives[0], tags=("x",)), body_of(lives[0], tags=("y",)), waits=waits)
    fails = update(lives[1], body_of(lives[1], tags=("z",)))

    def on_call(_verb, target):
        if target == lives[0].id:
            assert failed.wait(10)

    class Settled:
        def applying(self, _plan):
            pass

        def done(self, outcome):
            if outcome.key == "b":
                failed.set()

    api = FakeRunnerApi(lives, script={("replace", lives[1].id): [REFUSED]}, on_call=on_call)
    plan = plan_of(both, fails, gates=(Gate(("z",), ("b",)),))
    report = apply_plan(plan, api, parallelism=2, progress=Settled())
    assert statuses(report) == {"a": "widened_only", "b": "failed"}
    assert report.outcomes[0].error.code == "held-back"


def test_writes_that_wait_for_each_other_end():
    """A circle of waits, which no planner makes, is reported and not waited for."""
    lives = [live_runner(number, name=name) for number, name in enumerate("ab", 1)]
    circle = [update(live, body_of(live, tags=()), waits=((Wait(at, 1),),)) for at, live in enumerate(lives)]
    plan = plan_of(*circle, gates=(Gate(("x",), ("b",)), Gate(("y",), ("a",))))
    report = apply_plan(plan)
    assert set(statuses(report).values()) == {"not_attempted"}
    assert "wait for it" in report.outcomes[0].error.message


@pytest.mark.parametrize(("asked", "got"), [(1, 1), (4, 4), (8, 8), (9, MAX_PARALLELISM), (0, 1)])
def test_parallelism_is_used_and_bounded(asked, got):
    """So many writes are in flight at once, never more, and never more than eight."""
    lives = [live_runner(number) for number in range(30)]
    together = threading.Barrier(got)

    def meet(_verb, target):
        if int(target[-4:]) < got:
            together.wait(10)

    api = FakeRunnerApi(lives, on_call=meet)
    plan = plan_of(*(update(live, body_of(live, tags=())) for live in lives))
    assert apply_plan(plan, api, parallelism=asked).exit_code == 0
    assert api.most_at_once == got


def test_an_interrupt_starts_nothing_further():
    """What is in flight is awaited and counted; the rest was not attempted; the exit code is 130."""
    lives = [live_runner(number) for number in (1, 2, 3)]
    stop = FakeStop()
    api = FakeRunnerApi(lives, stop=stop, on_call=lambda _verb, _target: setattr(stop, "stopped", True))
    report = apply_plan(plan_of(*(update(live, body_of(live, tags=())) for live in lives)), api)
    assert list(statuses(report).values()) == ["applied", "not_attempted", "not_attempted"]
    assert report.outcomes[1].error.code == "interrupted"
    assert (report.interrupted, report.exit_code, len(api.calls)) == (True, 130, 1)
    assert stop.deferred


def test_an_interrupt_before_the_first_write_sends_nothing():
    """Every action is reported as not attempted."""
    stop = FakeStop()
    stop.stopped = True
    api = FakeRunnerApi([OLD, NEW], stop=stop)
    report = apply_plan(moving(), api)
    assert set(statuses(report).values()) == {"not_attempted"}
    assert api.calls == []


def test_an_interrupt_between_check_and_write_writes_nothing():
    """The GET was in flight; its PUT is not sent any more."""
    stop = FakeStop()
    api = FakeRunnerApi([OLD], stop=stop, on_call=lambda _verb, _target: setattr(stop, "stopped", True))
    report = apply_plan(plan_of(update(OLD, body_of(OLD, tags=()), unmanaged=("status",))), api)
    assert statuses(report) == {"old": "not_attempted"}
    assert api.calls == [("get", OLD.id)]


def test_an_interrupt_in_the_service_is_told_as_not_attempted():
    """The client refuses to send once stopped: that write did not happen."""
    client_stop = FakeStop()
    client_stop.stopped = True
    api = FakeRunnerApi([OLD], stop=client_stop)
    action = update(OLD, body_of(OLD, tags=()))
    written = Writer(api, frozenset(), FakeStop(), FakeJournal()).write(action, action.requests, None)
    assert (written.status, written.error.code) == ("not_attempted", "interrupted")


def test_a_worker_that_finds_the_run_stopped_sends_nothing():
    """Between being handed out and being sent, a write may be overtaken by the interrupt."""
    stop = FakeStop()
    stop.stopped = True
    api = FakeRunnerApi([OLD])
    action = update(OLD, body_of(OLD, tags=()))
    written = Writer(api, frozenset(), stop, FakeJournal()).write(action, action.requests, None)
    assert (written.status, api.calls) == ("not_attempted", [])


def test_the_put_that_completes_a_create_is_still_sent():
    """A runner wanted disabled is live in between: an interrupt does not leave it so."""
    stop = FakeStop()
    api = FakeRunnerApi(stop=stop, on_call=lambda _verb, _target: setattr(stop, "stopped", True))
    report = apply_plan(plan_of(create("first", status="disabled"), create("second", status="disabled")), api)
    assert statuses(report) == {"first": "applied", "second": "not_attempted"}
    assert [runner.spec.status for runner in api.runners.values()] == ["disabled"]
    assert report.exit_code == 130


def test_an_interrupt_between_two_writes_leaves_the_runner_widened():
    """The first write is done, the second is not sent."""
    plan = swapping()
    stop = FakeStop()
    api = FakeRunnerApi(
        [action.live for action in plan.actions],
        stop=stop,
        on_call=lambda _verb, _target: setattr(stop, "stopped", True),
    )
    assert statuses(apply_plan(plan, api)) == {"a": "widened_only", "b": "not_attempted"}


def test_an_answer_that_never_comes_is_awaited_for_the_grace_only():
    """After an interrupt the run ends without it, and says that it may have been written."""
    stop = FakeStop()
    never = threading.Event()

    def on_call(_verb, _target):
        stop.stopped = True
        never.wait()

    api = FakeRunnerApi([OLD], stop=stop, on_call=on_call)
    plan = plan_of(update(OLD, body_of(OLD, tags=())))
    try:
        report = apply_plan(plan, api, clock=StillClock(step_s=30.0), grace_s=40.0)
    finally:
        never.set()
    assert statuses(report) == {"old": "unverified"}
    assert report.outcomes[0].error.code == "interrupted"
    assert "may have been written" in report.outcomes[0].error.message


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_no_write_is_sent_before_its_gates_open(data):
    """Whatever the gates, failures, parallelism and order: no write is early, and every action has its outcome."""
    count = data.draw(st.integers(1, 6))
    keys = [f"r{number}" for number in range(count)]
    lives = [live_runner(number, name=key) for number, key in enumerate(keys)]
    gates = tuple(
        Gate((f"t{number}",), tuple(sorted(data.draw(st.sets(st.sampled_from(keys), min_size=1)))))
        for number in range(data.draw(st.integers(0, 3)))
    )
    wait = st.builds(Wait, st.integers(0, max(0, len(gates) - 1)), st.integers(0, 3))
    some = st.lists(wait, max_size=2, unique_by=lambda each: each.gate).map(tuple) if gates else st.just(())
    actions = []
    for live in lives:
        bodies = [body_of(live, tags=("w",)), body_of(live, tags=())][: data.draw(st.integers(1, 2))]
        actions.append(update(live, *bodies, waits=tuple(data.draw(some) for _body in bodies)))
    fails = {live.id: data.draw(st.lists(st.sampled_from([None, REFUSED]), max_size=2)) for live in lives}
    plan = plan_of(*actions, gates=gates)
    api = FakeRunnerApi(lives, script={("replace", target): turns for target, turns in fails.items()})
    sent = dict.fromkeys(keys, 0)
    early = []

    def on_call(_verb, target):
        number = next(at for at, live in enumerate(lives) if live.id == target)
        request = actions[number].requests[sent[keys[number]]]
        sent[keys[number]] += 1
        done = {key for key, live in zip(keys, lives, strict=True) if api.runners[live.id].spec.tags != live.spec.tags}
        early.extend(each for each in request.waits if len(done & set(gates[each.gate].keys)) < each.at_least)

    api.on_call = on_call
    report = apply_plan(plan, api, parallelism=data.draw(st.integers(1, 4)))
    assert early == []
    assert [outcome.key for outcome in report.outcomes] == keys
    for outcome, action in zip(report.outcomes, actions, strict=True):
        written = sum(body.spec.name == outcome.key for body in api.bodies)
        expected = {
            "applied": [len(action.requests)],
            "widened_only": [1] if len(action.requests) == 2 else [],
            "failed": [0],
            "not_attempted": [0],
        }
        assert written in expected[outcome.status]
        assert (outcome.error is None) == (outcome.status == "applied")


@pytest.mark.parametrize("parallelism", [1, 8])
def test_the_threads_of_an_apply_end_with_it(parallelism):
    """A program that applies again and again does not gather them."""
    before = set(threading.enumerate())
    lives = [live_runner(number) for number in range(1, 10)]
    apply_plan(plan_of(*(update(live, body_of(live, tags=())) for live in lives)), parallelism=parallelism)
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive(), thread.name
