"""The client under faults, over a real socket: nothing lost, nothing doubled, and an honest error."""

from __future__ import annotations

import itertools
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from reconciler.api.client import Client, Reader
from reconciler.errors import (
    AmbiguousCreate,
    ApiError,
    BadAnswer,
    Forbidden,
    Interrupted,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
    UnstableList,
    Unverified,
)
from reconciler.model.secret import Secret
from reconciler.settings import RateLimit, Settings
from tests.fakes.clock import StopSwitch, VirtualClock
from tests.fakes.faulty import Fault, closed_port, faulty_service, status
from tests.fakes.runners import altered, make_body
from tests.fakes.sandbox import example

SECRET = "Bearer s3cret-header-value"
BODY = make_body(
    name="gpu-new",
    endpoint="https://GPU.example.com:443/",
    headers={"Authorization": Secret(SECRET)},
    tags=("gpu",),
    status=None,
)
LATE = 0.2

RESET_BEFORE = Fault("reset")
RESET_AFTER = Fault("reset", done=True)
CLOSE_BEFORE = Fault("close")
CLOSE_AFTER = Fault("close", done=True)
TRUNCATED = Fault("truncate", done=True)
GARBAGE_BEFORE = Fault("garbage")
GARBAGE_AFTER = Fault("garbage", done=True)
NO_JSON = Fault(done=True, body=b"<html>welcome</html>")
WRONG_SHAPE = Fault(done=True, body=b'{"id": 7, "runners": {}, "total": "1"}')
SILENT_BEFORE = Fault("silence")
SILENT_AFTER = Fault("silence", done=True)
IN_3_S = "Tue, 16 Jan 2024 14:20:03 GMT"

PASSING = {
    "reset": RESET_BEFORE,
    "reset after": RESET_AFTER,
    "closed": CLOSE_BEFORE,
    "closed after": CLOSE_AFTER,
    "truncated": TRUNCATED,
    "garbage": GARBAGE_BEFORE,
    "no JSON": NO_JSON,
    "wrong shape": WRONG_SHAPE,
    "silent": SILENT_BEFORE,
    "silent after": SILENT_AFTER,
    "500": status(500, "internal"),
    "502 HTML": status(502),
    "503 with seconds": status(503, "later", Retry_After="3"),
    "503 with a date": status(503, "later", Retry_After=IN_3_S),
    "504": status(504),
    "429 JSON": status(429, "Too many requests", Retry_After="3"),
    "429 HTML": status(429),
    "429 with a date": status(429, Retry_After=IN_3_S),
}
"""Faults that may pass: reads and PUTs are repeated after them."""

FINAL = {
    "400": (status(400, "name cannot be empty"), Rejected),
    "401": (status(401, "Token has expired"), Unauthorized),
    "403": (status(403, "Runner limit exceeded for your tier"), Forbidden),
    "404": (status(404, "requested entity not found"), NotFound),
    "409": (status(409, "conflict"), Rejected),
    "401 HTML": (status(401), Unauthorized),
    "redirect": (status(302, Location="https://elsewhere.example.com/"), Rejected),
}


def live(name="gpu-1", **changes):
    """A live runner."""
    return {**example("get_runner"), "id": str(uuid.uuid4()), "name": name} | changes


def settings(up, **changes):
    """The settings for a service, with a timeout that a test can wait for."""
    base = {
        "api_url": up.url,
        "token": Secret(up.token),
        "plan_key": Secret("k"),
        "rate_limit": RateLimit(1000, 10.0),
        "read_timeout_s": LATE,
        "connect_timeout_s": 5.0,
    }
    return Settings(**base | changes)


def client_of(up, *, clock=None, stop=None, transport=None, **changes):
    """A client without jitter."""
    clock = clock or VirtualClock(stop)
    return Client(settings(up, **changes), clock=clock, stop=stop, transport=transport, chance=lambda: 0.5)


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_read_goes_on_after_a_fault_that_passes(fault):
    """A GET is repeated after what may pass, and then its answer counts."""
    with faulty_service([live()], {"GET": [fault]}) as up, client_of(up) as client:
        assert [runner.spec.name for runner in client.list_runners().runners] == ["gpu-1"]
        assert client.requests.retries == 1
        assert client.requests.rate_limited == (fault.status == 429)


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_replacement_goes_on_after_a_fault_that_passes(fault):
    """A PUT is repeated after what may pass: it is idempotent."""
    runner = live()
    with faulty_service([runner], {"PUT": [fault]}) as up, client_of(up) as client:
        assert client.replace_runner(runner["id"], BODY).spec.name == "gpu-new"
        assert up.methods == ["PUT", "PUT"]
        assert [each["headers"] for each in up.runners] == [{"Authorization": SECRET}]


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_read_gives_up_after_five_attempts(fault):
    """At most five attempts, and the error says what the last one met."""
    with faulty_service([], {"GET": [fault] * 9}) as up, client_of(up) as client:
        with pytest.raises((Unreachable, BadAnswer, RateLimited)):
            client.account()
        assert len(up.seen) == 5
        assert client.requests.reads == 5
        assert client.requests.retries == 4


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_replacement_that_is_never_confirmed_is_unverified(fault):
    """A PUT that may have been done is Unverified; one that only met 429 was not done."""
    runner = live()
    with faulty_service([runner], {"PUT": [fault] * 9}) as up, client_of(up) as client:
        with pytest.raises(RateLimited if fault.status == 429 else Unverified):
            client.replace_runner(runner["id"], BODY)
        assert len(up.seen) == 5


@pytest.mark.parametrize(("fault", "error"), FINAL.values(), ids=FINAL.keys())
@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_a_refusal_is_not_repeated(method, fault, error):
    """A definite no is one request, in every verb."""
    runner = live()
    calls = {
        "GET": lambda client: client.get_runner(runner["id"]),
        "PUT": lambda client: client.replace_runner(runner["id"], BODY),
        "POST": lambda client: client.create_runner(BODY, {runner["id"]}),
    }
    with faulty_service([runner], {method: [fault]}) as up, client_of(up) as client:
        with pytest.raises(error) as refused:
            calls[method](client)
        assert up.methods == [method]
        assert refused.value.status == fault.status


LANDED = {name: PASSING[name] for name in ("reset after", "closed after", "truncated", "no JSON", "wrong shape")} | {
    "silent after": SILENT_AFTER,
    "garbage after": GARBAGE_AFTER,
    "500 after": status(500, "internal", done=True),
    "502 after": status(502, done=True),
    "503 after": status(503, done=True),
    "504 after": status(504, done=True),
}


@pytest.mark.parametrize("fault", LANDED.values(), ids=LANDED.keys())
def test_a_create_that_happened_is_found_and_not_repeated(fault):
    """After an outcome without an answer, the new id of the list is the runner that was created."""
    old = live("gpu-new", endpoint="https://gpu.example.com")
    with faulty_service([old], {"POST": [fault]}) as up, client_of(up) as client:
        made = client.create_runner(BODY, {old["id"]})
        assert made.id != old["id"]
        assert up.methods == ["POST", "GET"]
        assert len(up.runners) == 2


ABSENT = {name: PASSING[name] for name in ("reset", "closed", "garbage", "500", "502 HTML", "503 with seconds")}


@pytest.mark.parametrize("fault", ABSENT.values(), ids=ABSENT.keys())
def test_a_create_that_did_not_happen_is_sent_again(fault):
    """After a broken connection or a 5xx, absent from the list means that it may be tried again."""
    with faulty_service([], {"POST": [fault]}) as up, client_of(up) as client:
        assert client.create_runner(BODY, ()).spec.name == "gpu-new"
        assert up.methods == ["POST", "GET", "POST"]
        assert len(up.runners) == 1


@pytest.mark.parametrize("fault", ABSENT.values(), ids=ABSENT.keys())
def test_a_create_that_never_happens_gives_up_after_five_attempts(fault):
    """Five attempts, each followed by a look at the list; nothing is there, and the error says so."""
    with faulty_service([], {"POST": [fault] * 9}) as up, client_of(up) as client:
        with pytest.raises(Unreachable):
            client.create_runner(BODY, ())
        assert up.methods == ["POST", "GET"] * 5
        assert up.runners == []


@pytest.mark.parametrize("fault", [SILENT_BEFORE, status(504), Fault(body=b"{}"), Fault(body=b"", status=204)], ids=str)
def test_a_create_that_may_yet_land_is_not_repeated(fault):
    """Absent after a timeout, or after a success that can't be read: unverified, and one POST."""
    with faulty_service([], {"POST": [fault]}) as up, client_of(up) as client:
        with pytest.raises(Unverified, match="may yet appear"):
            client.create_runner(BODY, ())
        assert up.methods == ["POST", "GET"]


@pytest.mark.parametrize("fault", [status(429), status(429, "slow down", Retry_After="7")], ids=["HTML", "JSON"])
def test_a_create_met_by_the_limit_is_sent_after_the_cooldown(fault):
    """On a 429 nothing was processed: no list is needed, the POST goes out once more after the cooldown."""
    clock = VirtualClock()
    with faulty_service([], {"POST": [fault]}) as up, client_of(up, clock=clock) as client:
        client.create_runner(BODY, ())
        assert up.methods == ["POST", "POST"]
        assert clock.waits == [7.5 if fault.headers[-1][0] == "Retry-After" else 10.5]


def test_two_new_runners_of_one_name_and_endpoint_are_ambiguous():
    """Somebody else created the same at the same time: both ids are told, and what to do."""
    rival = live("gpu-new", endpoint="https://gpu.example.com")
    with faulty_service([rival], {"POST": [RESET_AFTER]}) as up, client_of(up) as client:
        with pytest.raises(AmbiguousCreate, match="`id:`") as doubled:
            client.create_runner(BODY, ())
        assert set(doubled.value.ids) == {runner["id"] for runner in up.runners}
        assert all(runner_id in str(doubled.value) for runner_id in doubled.value.ids)


@pytest.mark.parametrize("made_here", [False, True], ids=["listed", "created by this run"])
def test_a_create_answered_with_an_old_id_is_unverified(made_here):
    """The answer names a runner that was there before, or one that this run created: nobody may write to that one."""
    old = live("gpu-old")
    answers = []

    def rewrite(seen, content):
        if seen.method != "POST":
            return content
        answers.append(json.loads(content))
        return json.dumps(answers[-1] | {"id": answers[0]["id"] if made_here else old["id"]}).encode()

    with faulty_service([old], rewrite=rewrite) as up, client_of(up) as client:
        if made_here:
            client.create_runner(BODY, {old["id"]})
        with pytest.raises(Unverified, match="existed before") as caught:
            client.create_runner(altered(BODY, name="gpu-next"), {old["id"]})
        assert (answers[0]["id"] if made_here else old["id"]) in str(caught.value)
        assert set(up.methods) == {"POST"}


def test_a_runner_created_before_is_not_taken_for_the_next_one():
    """What this client created is known to it: the same body once more is another runner."""
    with faulty_service([], {"POST": [None, RESET_AFTER]}) as up, client_of(up) as client:
        first = client.create_runner(BODY, ())
        second = client.create_runner(BODY, ())
        assert {first.id, second.id} == {runner["id"] for runner in up.runners}
        assert up.methods == ["POST", "POST", "GET"]


def test_creates_side_by_side_find_each_their_own():
    """Eight threads, each POST lost after it was done: no duplicate, and every runner found by its own name."""
    bodies = [make_body(name=f"gpu-{number}", endpoint="https://a.example.com") for number in range(8)]
    faults = {"POST": [RESET_AFTER] * 8}
    with faulty_service([], faults) as up, client_of(up, read_timeout_s=5.0) as client, ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda body: client.create_runner(body, ()), bodies))
        assert [runner.spec.name for runner in made] == [body.spec.name for body in bodies]
        assert len(up.runners) == 8


def test_another_name_or_endpoint_is_not_the_runner_created():
    """Only name and endpoint together tell that a new runner is ours."""
    others = [
        live("gpu-new", endpoint="https://other.example.com"),
        live("gpu-old", endpoint="https://gpu.example.com"),
    ]
    with faulty_service(others, {"POST": [RESET_BEFORE]}) as up, client_of(up) as client:
        client.create_runner(BODY, ())
        assert up.methods == ["POST", "GET", "POST"]


@pytest.mark.parametrize("list_fault", [status(401, "Token has expired"), status(500), NO_JSON, SILENT_BEFORE], ids=str)
def test_a_create_whose_list_fails_is_unverified(list_fault):
    """Without a list nothing can be told."""
    with faulty_service([], {"POST": [RESET_AFTER], "GET": [list_fault] * 9}) as up, client_of(up) as client:
        with pytest.raises(Unverified):
            client.create_runner(BODY, ())
        assert up.methods.count("POST") == 1


def test_a_refusal_that_follows_a_lost_create_is_checked_by_the_list():
    """`Runner limit exceeded` after a lost attempt may be its echo: what came through late is found."""
    arrived = []

    def rewrite(seen, content):
        """The first list does not show the runner yet."""
        if seen.method == "GET" and not arrived:
            arrived.append(True)
            return b'{"runners": [], "total": 0}'
        return content

    limit = status(403, "Runner limit exceeded for your tier")
    with faulty_service([], {"POST": [RESET_AFTER, limit]}, rewrite=rewrite) as up, client_of(up) as client:
        made = client.create_runner(BODY, ())
        assert [made.id] == [runner["id"] for runner in up.runners]
        assert up.methods == ["POST", "GET", "POST", "GET"]


def test_nobody_there_is_unreachable_in_every_verb():
    """A refused connection was certainly not sent: Unreachable, never Unverified, after five attempts."""
    url = closed_port()
    for call in (
        lambda client: client.list_runners(),
        lambda client: client.replace_runner("a", BODY),
        lambda client: client.create_runner(BODY, ()),
    ):
        clock = VirtualClock()
        base = Settings(api_url=url, token=Secret("t"), plan_key=Secret("k"), rate_limit=RateLimit(1000, 10.0))
        with Client(base, clock=clock, chance=lambda: 0.5) as client:
            with pytest.raises(Unreachable, match="no connection to 127"):
                call(client)
            assert client.requests.reads + client.requests.writes == 5
            assert clock.waits == [0.25, 0.5, 1.0, 2.0]


class RefusedFirst(httpx.BaseTransport):
    """Refuses the first connections, then lets everything through."""

    def __init__(self, count):
        self._left = count
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request):
        """Refuse, or pass on."""
        if self._left:
            self._left -= 1
            raise httpx.ConnectError("[Errno 111] Connection refused")
        return self._inner.handle_request(request)

    def close(self):
        """Close what is below."""
        self._inner.close()


def test_a_create_after_refused_connections_needs_no_list():
    """What was never sent can't have been done: the POST goes out as soon as somebody is there."""
    with faulty_service() as up, client_of(up, transport=RefusedFirst(2)) as client:
        client.create_runner(BODY, ())
        assert up.methods == ["POST"]
        assert client.requests.writes == 3


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (status(400, "invalid endpoint URL format"), Rejected),
        (status(404, "requested entity not found"), NotFound),
        (status(401, "Token has expired"), Unverified),
        (status(403, "no"), Unverified),
    ],
    ids=["400", "404", "401", "403"],
)
def test_what_a_refusal_says_of_the_attempt_before(last, error):
    """After a lost PUT a 400 or 404 is still the whole truth; a 401 or 403 leaves open what the first one did."""
    runner = live()
    with faulty_service([runner], {"PUT": [RESET_AFTER, last]}) as up, client_of(up) as client:
        with pytest.raises(error):
            client.replace_runner(runner["id"], BODY)
        assert up.methods == ["PUT", "PUT"]


def test_redirects_are_not_followed_and_the_token_does_not_travel():
    """A redirect to another host is an error that names it, and nothing arrives there."""
    with faulty_service() as elsewhere, faulty_service() as up, client_of(up) as client:
        up.faults["GET"] = [status(code, Location=f"{elsewhere.url}/v1/user") for code in (301, 302, 303, 307, 308)]
        for _code in range(5):
            with pytest.raises(Rejected, match="redirects are never followed") as refused:
                client.account()
            assert elsewhere.url in str(refused.value)
        assert elsewhere.seen == []
        assert len(up.seen) == 5


@pytest.mark.parametrize("asked", ["3", IN_3_S])
def test_retry_after_is_honoured_in_both_forms(asked):
    """The pause is what the service asks for, by the service's own clock, and jitter on top."""
    clock = VirtualClock()
    fault = status(503, "later", Retry_After=asked, Date="Tue, 16 Jan 2024 14:20:00 GMT")
    with faulty_service([], {"GET": [fault]}) as up, client_of(up, clock=clock) as client:
        client.account()
        assert clock.waits == [3.25]


def test_a_service_that_asks_for_an_hour_is_not_waited_for():
    """What would take longer than a minute in all is given up at once."""
    for code, error in ((503, Unreachable), (429, RateLimited)):
        clock = VirtualClock()
        with (
            faulty_service([], {"GET": [status(code, Retry_After="3600")]}) as up,
            client_of(up, clock=clock) as client,
        ):
            with pytest.raises(error):
                client.account()
            assert len(up.seen) == 1
            assert clock.waits == []


class Told:
    """Implements the part of ports.Progress that a client speaks to."""

    def __init__(self):
        self.pauses = []
        self.pages = []

    def waiting(self, seconds, reason):
        """A pause begins."""
        self.pauses.append((seconds, reason))

    def reading(self, done, total):
        """Pages were read."""
        self.pages.append((done, total))


def test_a_429_stops_everything_once():
    """Several requests meet the limit at once: one cooldown, told once; every 429 is counted."""
    clock, told = VirtualClock(), Told()
    runners = [live(f"gpu-{number}") for number in range(899)]
    with (
        faulty_service(runners, {"GET": [None, *[status(429)] * 4]}) as up,
        Reader(settings(up), clock=clock, progress=told, chance=lambda: 0.5) as reader,
    ):
        listing = reader.list_runners()
        assert len(listing.runners) == 899
        assert listing.reads == 9 + 4
        assert reader.requests.rate_limited == 4
        assert reader.requests.retries == 4
    reasons = [reason for _seconds, reason in told.pauses]
    assert reasons == ["the service's rate limit is used up"] * len(reasons)
    assert told.pages[0] == (1, 9)
    assert sorted(told.pages) == [(done, 9) for done in range(1, 10)]


SHIFTS = {
    "a total that differs": lambda page: {**page, "total": page["total"] + 1},
    "a repeated runner": lambda page: {**page, "runners": page["runners"][:-1] + page["runners"][:1]},
    "a short page": lambda page: {**page, "runners": page["runners"][:-1]},
    "a long page": lambda page: {**page, "runners": [*page["runners"], *page["runners"]]},
}


@pytest.mark.parametrize("shift", SHIFTS.values(), ids=SHIFTS.keys())
def test_pages_that_shift_are_read_again(shift):
    """A list that does not add up is read again as a whole, and counts all its requests."""
    left = [1]

    def rewrite(seen, content):
        if "page=2" in seen.query and left:
            left.pop()
            return json.dumps(shift(json.loads(content))).encode()
        return content

    runners = [live(f"gpu-{number}") for number in range(150)]
    with faulty_service(runners, rewrite=rewrite) as up, client_of(up) as client:
        listing = client.list_runners()
        assert len({runner.id for runner in listing.runners}) == 150
        assert listing.reads == 4 == len(up.seen)


@pytest.mark.parametrize("shift", SHIFTS.values(), ids=SHIFTS.keys())
def test_a_list_that_never_adds_up_is_an_error(shift):
    """Three reads, then UnstableList: absence is never inferred from a bad read."""

    def rewrite(seen, content):
        return json.dumps(shift(json.loads(content))).encode() if "page=2" in seen.query else content

    runners = [live(f"gpu-{number}") for number in range(150)]
    with faulty_service(runners, rewrite=rewrite) as up, client_of(up) as client:
        with pytest.raises(UnstableList, match="3 reads"):
            client.list_runners()
        assert len(up.seen) == 6


def test_a_wrong_shape_names_its_path_and_hides_its_value():
    """The error of a list says where in the answer it is wrong."""
    bad = {**live(), "tags": ["a", 7], "headers": {"X-Key": "s3cret-header-value"}}
    body = json.dumps({"runners": [live(), live(), live(), bad], "total": 4}).encode()
    with faulty_service([], {"GET": [Fault(body=body)] * 5}) as up, client_of(up) as client:
        with pytest.raises(BadAnswer, match=r"runners\[3\]\.tags\[1\]: expected a string, got a number") as wrong:
            client.list_runners()
        assert "s3cret" not in str(wrong.value)


def test_messages_of_the_service_are_scrubbed_tamed_and_bounded():
    """A message that echoes the token or a header value shows neither, no control character, and does not go on."""
    runner = live()
    with faulty_service([runner]) as up, client_of(up) as client:
        echo = f"bad {SECRET} {SECRET.split()[1]} for {up.token}\x1b[31m\n::error::\u202e" + "x" * 5000
        up.faults["PUT"] = [status(400, echo)]
        with pytest.raises(Rejected) as refused:
            client.replace_runner(runner["id"], BODY)
        up.faults["GET"] = [status(404)]
        with pytest.raises(NotFound) as html:
            client.get_runner(runner["id"])
    told = str(refused.value)
    assert "s3cret" not in told
    assert up.token not in told
    assert told.isprintable()
    assert len(told) < 400
    assert "<" not in str(html.value)


def test_live_header_values_are_known_to_the_scrubber():
    """A value that was only ever read is scrubbed from a later message."""
    runner = live(headers={"X-Key": "only-ever-read-value"})
    with faulty_service([runner]) as up, client_of(up) as client:
        client.list_runners()
        up.faults["GET"] = [status(400, "what is only-ever-read-value?")]
        with pytest.raises(Rejected, match=r"what is \(sensitive\)\?"):
            client.get_runner(runner["id"])


def test_public_headers_are_text_and_all_others_secret():
    """Only the names that the project file calls public are readable, in any case."""
    runner = live(headers={"X-Pool": "a100", "X-Key": "k"})
    with faulty_service([runner]) as up, client_of(up, public_headers=frozenset({"x-pool"})) as client:
        assert client.get_runner(runner["id"]).spec.headers == {"X-Pool": "a100", "X-Key": Secret("k")}


def test_nothing_is_sent_after_a_stop():
    """Once stopped, every verb raises Interrupted and sends nothing."""
    stop = StopSwitch()
    stop.set()
    with faulty_service([live()]) as up, client_of(up, stop=stop) as client:
        for call in (
            client.list_runners,
            client.account,
            lambda: client.replace_runner("a", BODY),
            lambda: client.create_runner(BODY, ()),
        ):
            with pytest.raises(Interrupted):
                call()
        assert up.seen == []


def test_what_must_be_finished_is_sent_although_stopped():
    """Within `finishing`, this thread's PUT goes out after a stop, with its retries and waits."""
    stop = StopSwitch()
    clock = VirtualClock(stop)
    stop.set()
    runner = live()
    with (
        faulty_service([runner], {"PUT": [status(503, "later")]}) as up,
        client_of(up, clock=clock, stop=stop) as client,
    ):
        with client.finishing():
            client.replace_runner(runner["id"], BODY)
        assert up.methods == ["PUT", "PUT"]
        assert clock.held == [0.25]
        with pytest.raises(Interrupted):
            client.account()


@pytest.mark.parametrize("verb", ["PUT", "POST"])
@pytest.mark.parametrize(
    ("fault", "error"), [(RESET_BEFORE, Unverified), (status(429), Interrupted)], ids=["lost", "429"]
)
def test_a_stop_between_attempts(verb, fault, error):
    """A stop ends the wait at once. A write that may have been done is told as Unverified, never as not sent."""
    stop = StopSwitch()
    clock = VirtualClock(stop, on_wait=lambda _seconds: stop.set())
    runner = live()
    with faulty_service([runner], {verb: [fault]}) as up, client_of(up, clock=clock, stop=stop) as client:
        with pytest.raises(error):
            _write(client, verb, runner)
        assert up.methods.count(verb) == 1


def _write(client, verb, runner):
    if verb == "PUT":
        client.replace_runner(runner["id"], BODY)
    else:
        client.create_runner(BODY, {runner["id"]})


def test_an_answer_for_another_runner_is_not_taken():
    """A GET or PUT that is answered with another id is a bad answer."""
    runner, other = live(), live()
    body = json.dumps(other).encode()
    with faulty_service([runner], {"GET": [Fault(body=body)] * 5, "PUT": [Fault(body=body)] * 5}) as up:
        with client_of(up) as client, pytest.raises(BadAnswer, match="another one"):
            client.get_runner(runner["id"])
        with client_of(up) as client, pytest.raises(Unverified):
            client.replace_runner(runner["id"], BODY)


@pytest.mark.parametrize("odd", ["", "..", "../user", "a/b", "a?b", "a b", "a" * 101])
def test_an_id_that_would_lead_elsewhere_is_not_sent(odd):
    """What can't be an id is refused before anything is sent."""
    with faulty_service() as up, client_of(up) as client:
        with pytest.raises(Rejected, match="no runner id"):
            client.get_runner(odd)
        with pytest.raises(Rejected, match="no runner id"):
            client.replace_runner(odd, BODY)
        assert up.seen == []


def test_every_request_names_the_product_and_carries_the_token():
    """User-Agent, Authorization and the content's type, as the API wants them."""
    runner = live()
    with faulty_service([runner]) as up, client_of(up) as client:
        client.replace_runner(runner["id"], BODY)
        (seen,) = up.seen
    assert seen.headers["user-agent"].startswith("comfycontrol-reconciler/")
    assert seen.headers["authorization"] == f"Bearer {up.token}"
    assert seen.headers["content-type"] == "application/json"
    assert json.loads(seen.body) == {
        "name": "gpu-new",
        "endpoint": "https://GPU.example.com:443/",
        "headers": {"Authorization": SECRET},
        "tags": ["gpu"],
    }


def test_every_failure_is_of_our_error_tree():
    """Whatever bytes come back, the client raises an ApiError and nothing else."""
    heads = [
        b"",
        b"[]",
        b"null",
        b"7",
        b'"x"',
        b"{",
        b"[" * 200_000,
        b'{"total": 1e400, "runners": []}',
        b"\xff\xfe\x00",
    ]
    for body in heads:
        faults = {"GET": [Fault(body=body)] * 5}
        with faulty_service([], faults) as up, client_of(up) as client, pytest.raises(ApiError):
            client.list_runners()


class Trickle(httpx.BaseTransport):
    """Answers at once, and then never ends: one byte after another."""

    def handle_request(self, request):
        """A head, and a body without an end."""
        return httpx.Response(200, content=itertools.repeat(b" "), request=request)


def test_an_answer_that_trickles_is_given_up():
    """The body of an answer must be there in the time of both timeouts, however steadily it comes."""
    up = Settings(
        api_url="http://127.0.0.1:1",
        token=Secret("t"),
        plan_key=Secret("k"),
        rate_limit=RateLimit(1000, 10.0),
        connect_timeout_s=0.02,
        read_timeout_s=0.02,
    )
    with Reader(up, clock=VirtualClock(), transport=Trickle()) as reader, pytest.raises(BadAnswer, match="too long"):
        reader.account()


def test_an_answer_without_end_does_not_fill_the_memory():
    """A body larger than the bound is given up."""

    class Flood(httpx.BaseTransport):
        def handle_request(self, request):
            return httpx.Response(200, content=itertools.repeat(bytes(2**24)), request=request)

    up = Settings(api_url="http://127.0.0.1:1", token=Secret("t"), plan_key=Secret("k"))
    with Reader(up, clock=VirtualClock(), transport=Flood()) as reader, pytest.raises(BadAnswer, match="64 MiB"):
        reader.account()
