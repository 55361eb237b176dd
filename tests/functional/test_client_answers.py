"""What a client makes of answers: pages, wrong shapes, messages, secrets, stops, and requests that must not be sent."""

from __future__ import annotations

import itertools
import json

import httpx
import pytest

from reconciler.api.client import Reader
from reconciler.errors import (
    ApiError,
    BadAnswer,
    Interrupted,
    NotFound,
    Rejected,
    UnstableList,
    Unverified,
)
from reconciler.model.secret import Secret
from reconciler.settings import RateLimit, Settings
from tests.fakes.clock import StopSwitch, VirtualClock
from tests.fakes.faulty import Fault, faulty_service, status
from tests.fakes.faulty_client import BODY, RESET_BEFORE, SECRET, client_of, live

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
    """The body of an answer must be there in the time of the whole request, however steadily it comes."""
    up = Settings(
        api_url="http://127.0.0.1:1",
        token=Secret("t"),
        plan_key=Secret("k"),
        rate_limit=RateLimit(1000, 10.0),
        request_timeout_s=0.02,
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
