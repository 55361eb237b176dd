"""The two locks of an apply: which account, and whether what was read is still what is there."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from types import SimpleNamespace

import pytest

from reconciler.apply.lock import account_lock
from reconciler.errors import BadAnswer, Forbidden, LockTimeout, NotFound, Unauthorized, Unreachable
from reconciler.model.runner import Account, Listing
from reconciler.model.secret import Secret
from reconciler.settings import Settings
from reconciler.workflow.locks import lock_account, lock_token
from tests.fakes.clock import VirtualClock
from tests.fakes.plans import NOW, live_runner

MINE = Settings(api_url="https://api.example.com", token=Secret("cfc_mine"), plan_key=Secret("k" * 32))
THEIRS = replace(MINE, token=Secret("cfc_theirs"))


class Reader:
    """Answers GET /v1/user; counts how often."""

    def __init__(self, answer="user-1"):
        self.answer = answer
        self.asked = 0

    def account(self):
        """The account, or the error that was given."""
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return Account(id=self.answer, name="a", email="a@example.com", tier="free")


@pytest.fixture
def ports(tmp_path, monkeypatch):
    """A state folder of its own, a clock that costs nothing, and the warnings."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    warnings = []
    return SimpleNamespace(clock=VirtualClock(), warn=warnings.append, warnings=warnings)


def listing(*runners):
    """What was read."""
    return Listing(runners, NOW, 1)


@contextlib.contextmanager
def applying(settings, ports, *, read=None, reader=None, timeout_s=0.0):
    """Both locks, as an apply takes them; whether it must read again."""
    with (
        lock_token(settings, ports, timeout_s) as held,
        lock_account(settings, ports, reader or Reader(), read or listing(), held, timeout_s) as changed,
    ):
        yield changed


def test_two_tokens_of_one_account_are_one_writer(ports):
    """Each token's lock is free, the account's is not."""
    with applying(MINE, ports), pytest.raises(LockTimeout, match=r"another apply on this machine"):
        applying(THEIRS, ports).__enter__()


def test_two_accounts_are_two_writers(ports):
    """Another account on the same service waits for nobody."""
    with applying(MINE, ports), applying(THEIRS, ports, reader=Reader("user-2")) as changed:
        assert changed is False


def test_an_apply_that_ended_between_read_and_lock_makes_the_read_stale(ports):
    """Nothing was waited for, and yet what was read may be older than what the other one wrote."""
    with lock_token(MINE, ports, 0.0) as held:
        with applying(THEIRS, ports) as changed:
            assert changed is False
        with lock_account(MINE, ports, Reader(), listing(), held, 0.0) as changed:
            assert changed is True


def test_an_apply_that_ended_before_the_read_changes_nothing(ports, tmp_path):
    """Its writes were read. Its end is put a second back, for a file system's clock may be coarse."""
    with applying(THEIRS, ports):
        pass
    for each in tmp_path.rglob("*.ended"):
        before = each.stat().st_mtime_ns - 1_000_000_000
        os.utime(each, ns=(before, before))
    with applying(MINE, ports) as changed:
        assert changed is False


def test_an_apply_that_was_killed_makes_the_read_stale(ports, tmp_path):
    """Nobody knows when it wrote last: what it left behind says so, once."""
    with applying(THEIRS, ports):
        kept = {each: each.read_bytes() for each in tmp_path.rglob("*.json")}
    for each, content in kept.items():
        each.write_bytes(content)
    with applying(MINE, ports) as changed:
        assert changed is True
    assert len(kept) == 2
    assert len(list(tmp_path.rglob("*.json"))) == 1, "the account's is gone, the other token's has not been needed"


def test_the_account_is_asked_for_only_where_no_runner_says_it(ports):
    """A list with runners costs no further request."""
    reader = Reader("another")
    with applying(MINE, ports, read=listing(live_runner(1)), reader=reader):
        assert reader.asked == 0
        with pytest.raises(LockTimeout):
            applying(THEIRS, ports, read=listing(live_runner(2)), reader=reader).__enter__()
    with applying(MINE, ports, reader=reader):
        assert reader.asked == 1


@pytest.mark.parametrize("error", [NotFound("404"), Forbidden("403"), BadAnswer("odd")])
def test_a_service_that_does_not_say_the_account_means_a_warning(ports, error):
    """The token's lock still holds."""
    with applying(MINE, ports, reader=Reader(error)) as changed, pytest.raises(LockTimeout):
        applying(MINE, ports).__enter__()
    assert changed is False
    (warning,) = ports.warnings
    assert warning.startswith("no lock against an apply with another token of this account: ")


@pytest.mark.parametrize("error", [Unauthorized("401"), Unreachable("no connection")])
def test_a_service_that_fails_ends_the_apply_before_anything_is_written(ports, error):
    """Nothing is written without knowing for whom."""
    with pytest.raises(type(error)):
        applying(MINE, ports, reader=Reader(error)).__enter__()


def test_both_locks_share_one_time_to_wait(ports):
    """What was waited for the token's lock is spent when the account's is waited for."""
    first = contextlib.ExitStack()
    first.enter_context(lock_token(MINE, ports, 0.0))
    ports.clock = VirtualClock(on_wait=lambda _s: first.close() if ports.clock.monotonic() >= 1002.0 else None)
    other = account_lock(MINE, timeout_s=0.0, clock=ports.clock, warn=ports.warn, account="user-1")
    with other, pytest.raises(LockTimeout):
        applying(MINE, ports, timeout_s=5.0).__enter__()
    assert sum(ports.clock.waits) == pytest.approx(5.0)


def test_a_sandbox_has_one_lock_whatever_the_token(ports):
    """Its file is its account: nobody is asked, and two locks of one name would wait for each other."""
    reader = Reader()
    boxed = replace(MINE, sandbox="a.db")
    with applying(boxed, ports, reader=reader) as changed, pytest.raises(LockTimeout):
        applying(replace(boxed, token=Secret("cfc_other")), ports).__enter__()
    assert (changed, reader.asked) == (False, 0)
