"""The one retry loop, on a clock that costs no time: a minute for all, rechecks, creates, and what must finish."""

from __future__ import annotations

import json

import httpx
import pytest

from reconciler.api.create import create
from reconciler.api.failures import read_verdict, replace_verdict
from reconciler.api.retrying import Exchange
from reconciler.api.transport import Call
from reconciler.errors import ApiError, ConcurrentEdit, Forbidden, Interrupted, Unreachable, Unverified
from reconciler.model.runner import Listing
from reconciler.model.secret import Scrubber, Secret
from reconciler.settings import RateLimit, Settings
from tests.fakes.clock import StopSwitch, VirtualClock
from tests.fakes.plans import NOW, body_of, live_runner

SETTINGS = Settings(
    api_url="http://127.0.0.1:1", token=Secret("t"), plan_key=Secret("k"), rate_limit=RateLimit(100_000, 1.0)
)
MADE = live_runner(1)


class Service:
    """Answers each request in turn: seconds on the wire, and a status or an exception; the last one for all others."""

    def __init__(self, *turns, stop=None, chance=1.0):
        self.turns = list(turns)
        self.stop = stop or StopSwitch()
        self.clock = VirtualClock(self.stop)
        self.began = self.clock.monotonic()
        self.ends = []
        self.sent = []
        self.exchange = Exchange(
            SETTINGS,
            clock=self.clock,
            stop=self.stop,
            progress=None,
            transport=httpx.MockTransport(self._answer),
            scrubber=Scrubber(),
            chance=lambda: chance,
            now=self.clock.monotonic,
        )

    def _answer(self, request):
        seconds, outcome, *then = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        bound = max(request.extensions["timeout"].values(), key=lambda each: each or 0.0)
        self.clock.turn(min(seconds, bound))
        self.sent.append(request.method)
        self.ends.append(self.clock.monotonic() - self.began)
        for each in then:
            each()
        if isinstance(outcome, Exception):
            raise outcome
        if seconds > bound:
            raise httpx.ReadTimeout("timed out")
        return httpx.Response(outcome, json={"message": "m"})


def call(method="GET"):
    """A request whose answer is read as it is."""
    return Call(method=method, path="/v1/x", read=lambda answer: json.loads(answer.content) or MADE)


@pytest.mark.parametrize("wire_s", [0.0, 5.0, 11.9, 14.0, 19.0, 29.0, 45.0, 100.0])
@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("outcome", [500, 503, httpx.ConnectTimeout("t"), httpx.ReadError("r")])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_attempts_and_pauses_end_within_a_minute_together(method, outcome, chance, wire_s):
    """However long each attempt takes, and whatever chance makes of the pauses; five attempts where there is time."""
    service = Service((wire_s, outcome), chance=chance)
    with pytest.raises(ApiError):
        service.exchange.repeat(call(method), read_verdict if method == "GET" else replace_verdict)
    assert service.ends[-1] <= 60.0
    assert len(service.sent) == 5 if wire_s <= 5.0 else len(service.sent) >= 2
    assert not isinstance(outcome, int) or service.exchange.count.retries == len(service.sent) - 1


@pytest.mark.parametrize("look_s", [0.0, 3.0, 13.0, 25.0, 70.0])
@pytest.mark.parametrize("look", [200, 500])
def test_the_looks_before_repeats_are_part_of_the_minute(look_s, look):
    """A GET before each repeat that takes its time, or fails again and again, does not stretch it."""
    service = Service((5.0, 502))
    again = Call(method="GET", path="/v1/x", read=lambda _answer: None)

    def check():
        service.turns = [(look_s, look)]
        try:
            service.exchange.repeat(again, read_verdict)
        finally:
            service.turns = [(5.0, 502)]

    with pytest.raises(ApiError):
        service.exchange.repeat(call("PUT"), replace_verdict, again=check)
    assert service.ends[-1] <= 60.0
    assert service.sent.count("PUT") >= 1


def test_a_look_that_finds_a_concurrent_edit_prevents_the_repeat():
    """After an answer that was lost the write may have been done: unverified; after a 429 it was not: stale."""

    def moved():
        raise ConcurrentEdit("not written: the tags have changed")

    for turn, error in (((0.0, 502), Unverified), ((0.0, 429), ConcurrentEdit)):
        service = Service(turn)
        with pytest.raises(error, match="the tags have changed"):
            service.exchange.repeat(call("PUT"), replace_verdict, again=moved)
        assert service.sent == ["PUT"]


def test_a_look_is_taken_before_each_repeat_and_never_before_the_first():
    """Three attempts, two looks."""
    looks = []
    service = Service((0.0, 500), (0.0, 500), (0.0, 200))
    service.exchange.repeat(call("PUT"), replace_verdict, again=lambda: looks.append(len(service.sent)))
    assert (service.sent, looks) == (["PUT"] * 3, [1, 2])


class Lists:
    """The lists that a create asks for, one after the other; the last one for all others."""

    def __init__(self, *lists):
        self.lists = list(lists)
        self.asked = 0

    def __call__(self):
        """The next one."""
        self.asked += 1
        found = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
        if isinstance(found, Exception):
            raise found
        return Listing(tuple(found), NOW, 1)


def created(service, *lists, known=()):
    """A create against a service; how often the list was asked."""
    listing = Lists(*(lists or [()]))
    post = Call(method="POST", path="/v1/runner", read=lambda _answer: MADE)
    try:
        return create(service.exchange, post, body_of(MADE), lambda: frozenset(known), listing), listing.asked
    finally:
        service.listed = listing.asked


def test_a_create_that_is_answered_is_not_looked_for():
    """One POST, no list."""
    service = Service((0.0, 201))
    assert created(service) == (MADE, 0)
    assert service.sent == ["POST"]


@pytest.mark.parametrize("outcome", [500, 502, httpx.ReadError("r"), httpx.RemoteProtocolError("r")])
def test_a_create_that_was_lost_is_looked_for_before_it_is_repeated(outcome):
    """Found: it is that one, and nothing is sent again. Not found: sent again."""
    service = Service((0.0, outcome))
    assert created(service, [MADE]) == (MADE, 1)
    assert service.sent == ["POST"]
    service = Service((0.0, outcome), (0.0, 201))
    assert created(service, []) == (MADE, 1)
    assert service.sent == ["POST"] * 2


@pytest.mark.parametrize("outcome", [504, httpx.ReadTimeout("t"), httpx.WriteTimeout("t")])
def test_a_create_that_may_yet_appear_is_never_repeated(outcome):
    """Not in the list is no proof then."""
    service = Service((0.0, outcome))
    with pytest.raises(Unverified, match="may yet appear"):
        created(service, [])
    assert (service.sent, service.listed) == (["POST"], 1)
    assert created(Service((0.0, outcome)), [MADE])[0] == MADE


@pytest.mark.parametrize("outcome", [429, httpx.ConnectError("refused"), httpx.ConnectTimeout("t")])
def test_a_create_that_was_not_processed_is_repeated_without_a_list(outcome):
    """Nothing can have been made."""
    service = Service((0.0, outcome), (0.0, 201))
    assert created(service) == (MADE, 0)
    assert service.sent == ["POST"] * 2


def test_a_known_runner_is_never_taken_for_the_one_that_was_created():
    """The same name and endpoint, but there before."""
    service = Service((0.0, 500))
    with pytest.raises(Unreachable):
        created(service, [MADE], known=[MADE.id])
    assert service.sent == ["POST"] * 5


def test_a_refusal_after_a_lost_create_is_its_echo_where_the_list_says_so():
    """`Runner limit exceeded` for the second one, because the first came through after all."""
    service = Service((0.0, 500), (0.0, 403))
    assert created(service, [], [MADE]) == (MADE, 2)
    with pytest.raises(Forbidden):
        created(Service((0.0, 500), (0.0, 403)), [])


def test_a_list_that_fails_leaves_a_lost_create_unverified():
    """Neither repeated nor taken for failed."""
    service = Service((0.0, 500))
    with pytest.raises(Unverified):
        created(service, Unreachable("no"))
    assert service.sent == ["POST"]


@pytest.mark.parametrize(("outcome", "error"), [(500, Unverified), (429, Interrupted)])
def test_a_stop_after_an_attempt_says_whether_something_may_have_been_made(outcome, error):
    """Interrupted means that nothing was sent that may have been done."""
    stop = StopSwitch()
    service = Service((0.0, outcome, stop.set), stop=stop)
    with pytest.raises(error):
        created(service, [])
    assert service.sent == ["POST"]


def test_creates_end_within_the_minute_too():
    """The same loop, the same bounds."""
    service = Service((14.0, 500))
    with pytest.raises(Unreachable):
        created(service, [])
    assert service.ends[-1] <= 60.0
    assert 2 <= len(service.sent) <= 5


def test_what_must_be_finished_is_sent_and_repeated_although_stopped():
    """Within `finishing`, and in that thread only as long; outside of it nothing is sent."""
    stop = StopSwitch()
    stop.set()
    service = Service((0.0, 500), (0.0, 200), stop=stop)
    with pytest.raises(Interrupted):
        service.exchange.repeat(call("PUT"), replace_verdict)
    assert service.sent == []
    with service.exchange.finishing():
        with service.exchange.finishing():
            service.exchange.repeat(call("PUT"), replace_verdict)
        assert (service.sent, len(service.clock.held)) == (["PUT", "PUT"], 1)
        service.exchange.repeat(call("PUT"), replace_verdict)
    with pytest.raises(Interrupted):
        service.exchange.repeat(call("PUT"), replace_verdict)
    assert len(service.sent) == 3
