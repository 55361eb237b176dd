"""A check and the write that it is for go out without a wait between them."""

from __future__ import annotations

import pytest

from reconciler.api.client import Client
from reconciler.model.secret import Secret
from reconciler.sandbox.service import SANDBOX_TOKEN, Service
from reconciler.sandbox.store import Store
from reconciler.sandbox.transport import transport
from reconciler.settings import RateLimit, Settings
from tests.fakes.clock import VirtualClock
from tests.fakes.runners import make_body

BODY = make_body(name="a", endpoint="https://a.example.com", headers={}, tags=("gpu",), status="active")


@pytest.fixture
def clock():
    """Time that passes only by waiting."""
    return VirtualClock()


@pytest.fixture
def connect(clock):
    """A client of the sandbox under a limit, and the id of its one runner."""
    opened = []

    def open_client(limit):
        store = Store(":memory:")
        store.add_many([{"name": "a", "endpoint": "https://a.example.com"}])
        runner_id = store.runners()[0]["id"]
        settings = Settings(
            api_url=f"http://together-{limit}.localhost",
            token=Secret(SANDBOX_TOKEN),
            plan_key=Secret("k"),
            rate_limit=RateLimit(limit, 10.0),
        )
        opened.append(Client(settings, clock=clock, transport=transport(Service(store, rate_limit=None))))
        return opened[-1], runner_id

    yield open_client
    for client in opened:
        client.close()


def test_the_wait_comes_before_the_check(clock, connect):
    """With one slot left, the check waits for two: what it saw is not a window old when the write goes out."""
    client, runner_id = connect(3)
    client.list_runners()
    client.list_runners()
    with client.together():
        client.get_runner(runner_id)
        waited = sum(clock.waits)
        client.replace_runner(runner_id, BODY)
    assert waited > 9.0
    assert sum(clock.waits) == waited


def test_without_it_the_write_may_wait(clock, connect):
    """The check can tell: apart, the same two requests have a window between them."""
    client, runner_id = connect(3)
    client.list_runners()
    client.list_runners()
    client.get_runner(runner_id)
    assert clock.waits == []
    client.replace_runner(runner_id, BODY)
    assert sum(clock.waits) > 9.0


def test_a_slot_for_a_write_that_is_not_sent_is_given_back(clock, connect):
    """A check that finds the runner moved costs one slot, not two."""
    client, runner_id = connect(3)
    with client.together():
        client.get_runner(runner_id)
    client.list_runners()
    client.list_runners()
    assert clock.waits == []


def test_a_limit_of_one_request_still_lets_both_through(clock, connect):
    """There are no two slots to take at once; the write waits."""
    client, runner_id = connect(1)
    with client.together():
        client.get_runner(runner_id)
        client.replace_runner(runner_id, BODY)
    assert sum(clock.waits) > 9.0
