"""The client under faults, over a real socket: nothing lost, nothing doubled, and an honest error."""

from __future__ import annotations

import pytest

from reconciler.api.client import Client, Reader
from reconciler.errors import (
    BadAnswer,
    NotFound,
    RateLimited,
    Rejected,
    Unreachable,
    Unverified,
)
from reconciler.model.secret import Secret
from reconciler.settings import RateLimit, Settings
from tests.fakes.clock import VirtualClock
from tests.fakes.faulty import closed_port, faulty_service, status
from tests.fakes.faulty_client import BODY, FINAL, IN_3_S, PASSING, RESET_AFTER, SECRET, client_of, live, settings


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
