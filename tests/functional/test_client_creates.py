"""Creates over a real socket, whatever becomes of the answer: a runner is never created twice."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from reconciler.errors import (
    AmbiguousCreate,
    Unreachable,
    Unverified,
)
from tests.fakes.clock import VirtualClock
from tests.fakes.faulty import Fault, faulty_service, status
from tests.fakes.faulty_client import (
    BODY,
    GARBAGE_AFTER,
    NO_JSON,
    PASSING,
    RESET_AFTER,
    RESET_BEFORE,
    SILENT_AFTER,
    SILENT_BEFORE,
    client_of,
    live,
)
from tests.fakes.runners import altered, make_body

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
