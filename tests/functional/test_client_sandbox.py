"""The client against the sandbox, over a real socket."""

from __future__ import annotations

import uuid

import pytest

from reconciler.api.client import Client, Reader
from reconciler.errors import Forbidden, NotFound, Rejected, Unauthorized
from reconciler.model.secret import Secret
from reconciler.settings import RateLimit, Settings
from tests.fakes.clock import VirtualClock
from tests.fakes.runners import make_body
from tests.fakes.sandbox import example, running_sandbox

FAST = RateLimit(100_000, 1.0)


def settings(sandbox, **changes):
    """The settings for a sandbox."""
    return Settings(
        **{"api_url": sandbox.url, "token": Secret(sandbox.token), "plan_key": Secret("k"), "rate_limit": FAST}
        | changes
    )


def fleet(count):
    """So many runners, like the documentation's."""
    return [{**example("get_runner"), "id": str(uuid.uuid4()), "name": f"gpu-{number}"} for number in range(count)]


BODY = make_body(
    name="Production GPU Runner - Updated",
    endpoint="https://new-endpoint.example.com",
    headers={"Authorization": Secret("Bearer new_token")},
    tags=("production", "gpu-a100", "video-generation"),
    status="active",
)


@pytest.mark.parametrize(("count", "reads"), [(0, 1), (1, 1), (99, 1), (100, 2), (101, 2), (200, 3), (1234, 13)])
def test_a_list_takes_one_request_a_hundred_runners(count, reads):
    """A list of N runners is ceil(N/100) GETs, one more where the last page is full, and holds each once."""
    runners = fleet(count)
    with running_sandbox(runners) as sandbox, Reader(settings(sandbox), clock=VirtualClock()) as reader:
        listing = reader.list_runners()
        assert listing.reads == reads == reader.requests.reads == sandbox.count("GET")
    assert {runner.id for runner in listing.runners} == {runner["id"] for runner in runners}
    assert len(listing.runners) == count


def test_the_documented_runner_arrives_field_by_field():
    """Every field of the documentation's Get Runner arrives, header values as secrets."""
    runner = example("get_runner")
    with running_sandbox([runner]) as sandbox, Reader(settings(sandbox), clock=VirtualClock()) as reader:
        read = reader.get_runner(runner["id"])
    for fact in ("id", "user_id", "created_at", "updated_at"):
        assert getattr(read, fact) == runner[fact]
    for field in ("name", "status", "endpoint"):
        assert getattr(read.spec, field) == runner[field]
    assert read.spec.tags == tuple(runner["tags"])
    assert read.spec.headers == {name: Secret(value) for name, value in runner["headers"].items()}


def test_a_replacement_makes_the_documented_update():
    """One PUT turns the runner of Get Runner into the one of Update Runner: five fields, the dropped header gone."""
    runner, updated = example("get_runner"), example("update_runner")
    with running_sandbox([runner]) as sandbox, Client(settings(sandbox), clock=VirtualClock()) as client:
        answer = client.replace_runner(runner["id"], BODY)
        assert answer.spec.headers == {"Authorization": Secret("Bearer new_token")}
        assert sandbox.methods == ["PUT"]
        assert {field: sandbox.runners[0][field] for field in ("name", "endpoint", "headers", "tags", "status")} == {
            field: updated[field] for field in ("name", "endpoint", "headers", "tags", "status")
        }


def test_a_create_is_one_post_and_its_answer_is_the_runner():
    """A create that is answered takes one request."""
    body = make_body(name="new", endpoint="https://a.example.com", headers={}, tags=("x",))
    with running_sandbox() as sandbox, Client(settings(sandbox), clock=VirtualClock()) as client:
        made = client.create_runner(body, ())
        assert sandbox.methods == ["POST"]
        assert [made.id] == [runner["id"] for runner in sandbox.runners]
        assert client.requests.writes == 1


def test_refusals_are_told_apart():
    """401, 403, 404 and 400 are errors of their own, with the service's message, and are not repeated."""
    with running_sandbox(fleet(50), tier="free") as sandbox:
        wrong = settings(sandbox, token=Secret("cfc_wrong_token"))
        with (
            Reader(wrong, clock=VirtualClock()) as reader,
            pytest.raises(Unauthorized, match="Invalid token") as refused,
        ):
            reader.account()
        assert refused.value.status == 401
        with Client(settings(sandbox), clock=VirtualClock()) as client:
            with pytest.raises(NotFound, match="requested entity not found"):
                client.get_runner(str(uuid.uuid4()))
            with pytest.raises(Rejected, match="name cannot be empty"):
                client.replace_runner(sandbox.runners[0]["id"], make_body(name="", endpoint="https://a.example.com"))
            with pytest.raises(Forbidden, match="Runner limit exceeded for your tier"):
                client.create_runner(make_body(name="one more", endpoint="https://a.example.com"), ())
            assert client.requests.retries == 0


def test_the_account_is_read_with_the_time_of_the_answer():
    """Get User gives id, name, email and tier, and the answer's Date."""
    with running_sandbox(tier="pro") as sandbox, Reader(settings(sandbox), clock=VirtualClock()) as reader:
        account = reader.account()
    assert account.tier == "pro"
    assert account.answered_at.endswith("GMT")


def test_the_limit_is_kept_where_the_service_counts():
    """85 list pages and writes at 40 in 10 seconds never meet a 429, and take what the limit takes."""
    clock = VirtualClock()
    with (
        running_sandbox(fleet(4499), rate_limit=(40, 10.0), clock=clock) as sandbox,
        Client(settings(sandbox, rate_limit=RateLimit(40, 10.0)), clock=clock) as client,
    ):
        began = clock.monotonic()
        listing = client.list_runners()
        for runner in listing.runners[:40]:
            client.replace_runner(runner.id, BODY)
        assert client.requests.rate_limited == 0
        assert len(sandbox.requests) == 85
        assert 20.0 <= clock.monotonic() - began <= 20.0 * 1.05
