import json

from hypothesis import given
from hypothesis import strategies as st

from reconciler.sandbox.exchange import Request
from reconciler.sandbox.limiter import _ADDRESSES_KEPT, Limiter
from reconciler.sandbox.service import Service
from reconciler.sandbox.store import Store
from tests.fakes.sandbox import FakeClock

HERE, THERE = "192.0.2.1", "192.0.2.2"


def test_the_limit_is_met_and_not_passed():
    """The 40th request in a window is admitted; the 41st starts the cooldown."""
    limiter = Limiter(40, 10.0)
    assert [limiter.admit(HERE, 100.0 + number / 10) for number in range(40)] == [0.0] * 40
    assert limiter.admit(HERE, 104.0) == 10.0


def test_the_window_slides():
    """A place is free exactly one window after it was taken, and not before."""
    limiter = Limiter(2, 10.0)
    assert [limiter.admit(HERE, at) for at in (0.0, 5.0, 10.0, 15.0)] == [0.0] * 4
    assert limiter.admit(HERE, 19.999) == 10.0


def test_nothing_is_processed_during_the_cooldown():
    """After the limit is passed every request is refused for one window, and that does not prolong it."""
    limiter = Limiter(1, 10.0)
    assert [limiter.admit(HERE, at) for at in (0.0, 9.0, 10.5, 18.9)] == [0.0, 10.0, 8.5, 19.0 - 18.9]
    assert limiter.admit(HERE, 19.0) == 0.0


def test_each_address_has_its_own_limit():
    """The limit is per address, whatever the token."""
    limiter = Limiter(1, 10.0)
    assert [limiter.admit(HERE, 0.0), limiter.admit(THERE, 0.0)] == [0.0, 0.0]
    assert [limiter.admit(HERE, 1.0), limiter.admit(THERE, 10.0)] == [10.0, 0.0]


def test_idle_addresses_are_forgotten_and_busy_ones_kept():
    """Memory is bounded by the addresses that are within their window or cooldown."""
    limiter = Limiter(1, 10.0)
    limiter.admit(HERE, 95.0)
    limiter.admit(HERE, 96.0)
    for number in range(_ADDRESSES_KEPT):
        limiter.admit(str(number), 0.0)
    assert limiter.admit(THERE, 100.0) == 0.0
    assert set(limiter._visitors) == {HERE, THERE}
    assert limiter.admit(HERE, 100.0) == 6.0


@given(st.lists(st.floats(0.0, 3.0), max_size=60), st.integers(1, 4))
def test_no_window_ever_holds_more_than_the_limit(gaps, limit):
    """Law: of the admitted requests no more than the limit lie within any window, and none within a cooldown."""
    limiter, now, admitted, cooled_at = Limiter(limit, 5.0), 0.0, [], 0.0
    for gap in gaps:
        now += gap
        wait_s = limiter.admit(HERE, now)
        if wait_s:
            cooled_at = max(cooled_at, now + wait_s - 1e-9)
        else:
            assert now >= cooled_at
            admitted.append(now)
    for start in admitted:
        assert sum(start <= at < start + 5.0 for at in admitted) <= limit


def test_429_is_html_with_retry_after_and_comes_before_everything():
    """Over the limit: HTML, Retry-After in whole seconds, and neither path, token nor body is looked at."""
    clock = FakeClock()
    with Store(":memory:") as store:
        service = Service(store, clock=clock, rate_limit=(3, 10.0))
        for path in ("/v1/runner", "/v1/nothing", "/openapi.json"):
            assert service.handle(Request(method="GET", path=path)).status != 429
        clock.turn(1.5)
        headers = {"authorization": "Bearer cfc_sandbox", "content-type": "application/json"}
        body = json.dumps({"name": "a", "endpoint": "http://h"}).encode()
        create = Request(method="POST", path="/v1/runner", headers=headers, body=body)
        refused = service.handle(create)
        assert refused.status == 429
        assert refused.headers["content-type"].startswith("text/html")
        assert refused.headers["retry-after"] == "10"
        assert refused.body.startswith(b"<!DOCTYPE html>")
        clock.turn(9.5)
        assert service.handle(create).headers["retry-after"] == "1"
        assert store.runners() == []
        clock.turn(0.5)
        assert service.handle(create).status == 201
