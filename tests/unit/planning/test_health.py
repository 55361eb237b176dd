"""What health decides: whom to ask, who is activated and disabled, and who stays."""

from __future__ import annotations

import datetime as dt

import hypothesis.strategies as st
import pytest
from hypothesis import given

from reconciler.model.finding import Acceptance
from reconciler.model.policy import Guard, Limit, Policy, Promise
from reconciler.model.position import Position
from reconciler.model.runner import Desired, Listing
from reconciler.planning.health import may_go, questions
from reconciler.planning.serving.states import Serving
from tests.fakes.plans import patient
from tests.fakes.probing import BAD, GOOD, UNKNOWN
from tests.fakes.small_plans import NOW, TODAY, apply_to, codes, entry, live, plan
from tests.fakes.strategies import desired_and_live

HERE = Position("reconciler.yaml", 1, 1)


def fleet(*runners):
    """Entries with `status: auto` and their live runners, from (tags, live status) each, numbered from 1."""
    wanted = [entry(number, tags=tags, status="auto") for number, (tags, _) in enumerate(runners, 1)]
    lives = [live(number, tags=tags, status=status) for number, (tags, status) in enumerate(runners, 1)]
    return wanted, lives


def statuses(made, lives):
    """The statuses after a plan, by runner number."""
    after = {runner.spec.name: runner.spec.status for runner in apply_to(made, lives)}
    return [after[f"gpu-{number}"] for number in range(1, len(after) + 1)]


def found(made, code="unhealthy-endpoint"):
    """The findings of one code, by key and severity."""
    return [(each.key, each.severity.value) for each in made.findings if each.code == code]


ON, OFF = "active", "disabled"
GPU, SDXL, BOTH, ANY = ("gpu",), ("sdxl",), ("gpu", "sdxl"), ()


@pytest.mark.parametrize(
    ("runners", "answers", "after"),
    [
        ([(GPU, ON)], [GOOD], [ON]),
        ([(GPU, OFF)], [GOOD], [ON]),
        ([(GPU, "paused")], [GOOD], [ON]),
        ([(GPU, OFF)], [BAD], [OFF]),
        ([(GPU, ON)], [UNKNOWN], [ON]),
        ([(GPU, OFF)], [UNKNOWN], [OFF]),
        ([(GPU, ON)], [BAD], [ON]),
        ([(GPU, ON), (GPU, ON)], [BAD, GOOD], [OFF, ON]),
        ([(GPU, ON), (GPU, ON)], [GOOD, BAD], [ON, OFF]),
        ([(GPU, ON), (GPU, ON)], [BAD, BAD], [OFF, ON]),
        ([(GPU, ON), (GPU, ON), (GPU, ON)], [BAD, BAD, BAD], [OFF, OFF, ON]),
        ([(GPU, ON), (GPU, OFF)], [BAD, GOOD], [OFF, ON]),
        ([(GPU, ON), (GPU, OFF)], [BAD, BAD], [ON, OFF]),
        ([(GPU, ON), (SDXL, ON)], [BAD, GOOD], [ON, ON]),
        ([(GPU, ON), (BOTH, ON)], [BAD, GOOD], [OFF, ON]),
        ([(GPU, ON), (BOTH, ON)], [GOOD, BAD], [ON, ON]),
        ([(BOTH, ON), (GPU, ON), (SDXL, ON)], [BAD, GOOD, GOOD], [ON, ON, ON]),
        ([(BOTH, ON), (GPU, ON)], [BAD, BAD], [ON, OFF]),
        ([(GPU, ON), (ANY, ON)], [BAD, GOOD], [OFF, ON]),
        ([(GPU, ON), (ANY, ON)], [GOOD, BAD], [ON, ON]),
        ([(GPU, ON), (ANY, ON)], [BAD, BAD], [OFF, ON]),
        ([(ANY, ON), (ANY, ON)], [BAD, BAD], [OFF, ON]),
        ([(GPU, ON), (ANY, OFF)], [BAD, GOOD], [OFF, ON]),
    ],
)
def test_who_is_active_after_a_plan(runners, answers, after):
    """Healthy runners are activated, unhealthy ones disabled while another active one serves all that they serve."""
    wanted, lives = fleet(*runners)
    made = plan(wanted, lives, health={each.key: answer for each, answer in zip(wanted, answers, strict=True)})
    assert statuses(made, lives) == after
    stays = [
        (each.key, "warning")
        for each, answer, status in zip(wanted, answers, after, strict=True)
        if answer is BAD and status == ON
    ]
    assert found(made) == stays
    gone = [
        each.key
        for each, (_, before), status in zip(wanted, runners, after, strict=True)
        if (before, status) == (ON, OFF)
    ]
    assert [key for key, _ in found(made, "disabled-by-health")] == gone
    assert not {"stranded-tags", "coverage", "no-active-runner"} & set(codes(made))


@pytest.mark.parametrize(("tags", "min_active", "after"), [(GPU, 1, OFF), (GPU, 2, ON), (GPU, 3, ON), (ANY, 2, ON)])
def test_a_promise_beats_health(tags, min_active, after):
    """A runner stays where a promise would break without it, or is broken already."""
    wanted, lives = fleet((GPU, ON), (GPU, ON))
    promises = (Promise(tags, min_active, HERE),)
    made = plan(wanted, lives, promises=promises, health={"gpu-1": BAD, "gpu-2": GOOD})
    assert statuses(made, lives) == [after, ON]


def test_what_is_not_decided_is_kept_like_an_unmanaged_status():
    """Without health an auto status is no change, its live value is carried over, and a check precedes the PUT."""
    for status in (ON, OFF):
        runner = live(tags=("old",), status=status)
        made = plan([entry(status="auto")], [runner])
        (action,) = made.actions
        assert (action.requests[0].body.spec.status, action.unmanaged, action.checks) == (status, ("status",), 1)
        assert plan([entry(status="auto")], [live(status=status)]).actions == ()


def test_what_is_decided_is_owned():
    """With health the status is the manifest's own, and needs no check."""
    made = plan([entry(status="auto")], [live(status=OFF)], health={"gpu-1": GOOD})
    assert (made.actions[0].unmanaged, made.actions[0].checks) == ((), 0)


def test_a_released_status_is_not_decided():
    """`unmanaged: [status]` releases an inherited auto like any other status."""
    wanted = entry(status="auto", unmanaged=frozenset({"status"}))
    assert plan([wanted], [live(status=OFF)], health={"gpu-1": GOOD}).actions == ()


def test_a_target_limits_whom_health_decides():
    """A runner that is not to be written keeps its status, and counts as it is."""
    wanted, lives = fleet((GPU, ON), (GPU, ON))
    made = plan(wanted, lives, targets=("gpu-2",), health={"gpu-1": BAD, "gpu-2": BAD})
    assert statuses(made, lives) == [ON, OFF]


@pytest.mark.parametrize(("limit", "refused"), [(0, True), (1, False)])
def test_a_guard_counts_what_health_disables(limit, refused):
    """guard.max_disables knows no difference."""
    wanted, lives = fleet((GPU, ON), (GPU, ON))
    made = plan(wanted, lives, guard=Guard(max_disables=Limit(limit)), health={"gpu-1": BAD, "gpu-2": GOOD})
    assert ("too-many-disables" in codes(made)) == refused


MOVED = "https://8.8.4.4:8188"


@pytest.mark.parametrize(
    ("wanted", "lives", "answer", "expected"),
    [
        (entry(), [], BAD, "error"),
        (entry(), [], UNKNOWN, "warning"),
        (entry(), [], GOOD, None),
        (entry(status="auto"), [], BAD, "error"),
        (entry(), [live(status=OFF)], BAD, "error"),
        (entry(), [live(status=OFF)], UNKNOWN, "warning"),
        (entry(endpoint=MOVED), [live()], BAD, "error"),
        (entry(endpoint=MOVED), [live()], UNKNOWN, "warning"),
        (entry(endpoint=MOVED, status="auto"), [live()], BAD, "error"),
        (entry(endpoint=MOVED, status="auto"), [live(status=OFF)], BAD, None),
    ],
)
def test_who_becomes_active_is_healthy(wanted, lives, answer, expected):
    """Created, activated or moved while active: an error on a dead endpoint, a warning where nothing is known."""
    made = plan([wanted], lives, health={"gpu-1": answer})
    assert found(made) == ([("gpu-1", expected)] if expected else [])


def test_an_accepted_runner_is_created_but_not_left_active():
    """Accepted, an auto runner on a dead endpoint is created and disabled, if the fleet can do without it."""
    accept = (Acceptance("unhealthy-endpoint", "comes up tomorrow", dt.date(2030, 1, 1), HERE),)
    wanted = [entry(1, status="auto", accept=accept), entry(2)]
    made = plan(wanted, [live(2)], health={"gpu-1": BAD})
    assert [each.accepted for each in made.findings if each.code == "unhealthy-endpoint"] == [True]
    assert [request.method for request in made.actions[0].requests] == ["POST", "PUT"]
    assert made.actions[0].requests[1].body.spec.status == OFF


@pytest.mark.parametrize(
    ("wanted", "lives", "case"),
    [
        (entry(), [], "creates"),
        (entry(status=None), [], "creates"),
        (entry(status=OFF), [], None),
        (entry(status="auto"), [], "creates"),
        (entry(), [live()], None),
        (entry(), [live(status=OFF)], "enters"),
        (entry(), [live(status="paused")], "enters"),
        (entry(status=OFF), [live()], None),
        (entry(status=None), [live(status=OFF)], None),
        (entry(endpoint=MOVED), [live()], "moves"),
        (entry(endpoint="HTTPS://8.8.8.1:8188/"), [live()], None),
        (entry(endpoint=MOVED, status=None), [live()], "moves"),
        (entry(endpoint=MOVED, unmanaged=frozenset({"endpoint"})), [live()], None),
        (entry(endpoint=MOVED, status=OFF), [live()], None),
        (entry(headers={"X": "1"}), [live()], None),
        (entry(status="auto"), [live()], "stays"),
        (entry(status="auto"), [live(status=OFF)], "enters"),
        (entry(status="auto", endpoint=MOVED), [live()], "moves"),
        (entry(status="auto", unmanaged=frozenset({"status"})), [live()], None),
    ],
)
def test_whom_to_ask(wanted, lives, case):
    """Whoever is to become active, and every auto; nobody else, unless everyone who is active is asked."""
    desired, listing, policy = Desired((wanted,), "", ()), Listing(tuple(lives), NOW, 1), Policy(today=TODAY)
    asked = questions(desired, listing, policy)
    assert [each.case.value for each in asked] == ([case] if case else [])
    for each in asked:
        kept = "endpoint" in wanted.unmanaged
        assert each.spec.endpoint == (lives[0].spec.endpoint if kept else wanted.endpoint)
    after = apply_to(plan([wanted], lives), lives)
    everyone = questions(desired, listing, policy, everyone=True)
    assert bool(everyone) == (after[0].spec.status == ON or wanted.is_auto)
    assert questions(desired, listing, Policy(today=TODAY, skipped=frozenset({"gpu-1"})), everyone=True) == []


FLEETS = desired_and_live() | st.lists(
    st.tuples(st.sampled_from([GPU, SDXL, BOTH, ANY]), st.sampled_from([ON, ON, OFF])), min_size=1, max_size=7
).map(lambda runners: fleet(*runners))
ANSWERS = st.sampled_from([GOOD, BAD, BAD, UNKNOWN])
PROMISES = st.lists(
    st.builds(Promise, st.sampled_from([(), ("gpu",), ("sdxl",), ("gpu", "sdxl")]), st.integers(0, 3), st.just(HERE)),
    max_size=3,
).map(tuple)


def active(lives):
    """The tag sets of active runners, one a runner."""
    return [frozenset(runner.spec.tags) for runner in lives if runner.spec.status == ON]


def serves(state, tags):
    """Whether an active runner serves a tag set."""
    return not state or tags <= state


@patient
@given(FLEETS, st.data(), PROMISES)
def test_health_takes_nothing_away(fleet, data, promises):
    """Whatever the fleet and the answers: no set served without the disables is lost, no promise lowered."""
    desired, lives = fleet
    health = {each.key: data.draw(ANSWERS) for each in desired}
    only_good = {key: answer for key, answer in health.items() if answer is GOOD}
    before = active(apply_to(plan(desired, lives, promises=promises, health=only_good), lives))
    made = plan(desired, lives, promises=promises, health=health)
    after = active(apply_to(made, lives))
    for state in before:
        wildcard_left = any(not other for other in after)
        assert any(serves(other, state) for other in after) if state else wildcard_left
    for promise in promises:
        tags = frozenset(promise.tags)
        had, have = (sum(serves(state, tags) for state in side) for side in (before, after))
        assert have >= min(had, promise.min_active)


@patient
@given(FLEETS, st.data(), PROMISES)
def test_what_health_decides_is_decided_once(fleet, data, promises):
    """The order of the input is irrelevant, and a plan after its apply is empty while the answers stay the same."""
    desired, lives = fleet
    health = {each.key: data.draw(ANSWERS) for each in desired}
    made = plan(desired, lives, promises=promises, health=health)
    assert plan(data.draw(st.permutations(desired)), lives[::-1], promises=promises, health=health) == made
    assert plan(desired, apply_to(made, lives), promises=promises, health=health).actions == ()


@patient
@given(FLEETS, st.data())
def test_health_decides_the_status_of_auto_runners_only(fleet, data):
    """Answers about other runners change no request."""
    desired, lives = fleet
    health = {each.key: data.draw(ANSWERS) for each in desired if not each.is_auto}
    assert plan(desired, lives, health=health).actions == plan(desired, lives).actions


def test_a_runner_that_serves_nothing_is_not_among_those_that_may_go():
    """One that the plan leaves disabled, or does not create, has nothing to give up."""
    off = Serving("off", "off", None, None)
    spare = [Serving(key, key, frozenset({"gpu"}), frozenset({"gpu"})) for key in ("one", "two")]
    assert may_go(["off", "one", "two"], [off, *spare], []) == {"one"}
