"""The locks of a watch: one token and one account at a time, whatever becomes of the token."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from reconciler.errors import LockTimeout
from reconciler.model.runner import Listing
from reconciler.model.secret import Secret
from reconciler.settings import Settings
from reconciler.watch.writer_locks import WriterLocks
from tests.fakes.clock import VirtualClock
from tests.fakes.plans import NOW

MINE = Settings(api_url="https://api.example.com", token=Secret("cfc_mine"), plan_key=Secret("k" * 32))
RENEWED = replace(MINE, token=Secret("cfc_renewed"))


def listing(account):
    """An empty fleet of this account."""
    return Listing((), NOW, 1, owner=account)


@pytest.fixture
def ports(tmp_path, monkeypatch):
    """A state folder of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return SimpleNamespace(clock=VirtualClock(), warn=pytest.fail)


@pytest.fixture
def two():
    """Two watches; what they hold is released in the end."""
    first, second = WriterLocks(), WriterLocks()
    yield first, second
    first.release()
    second.release()


def test_one_token_is_held_once(ports, two):
    """Taken once, kept after that; another watch with it is told whose it is, before it reads anything."""
    first, second = two
    assert [first.hold_token(MINE, ports), first.hold_token(MINE, ports)] == [True, False]
    with pytest.raises(LockTimeout) as caught:
        second.hold_token(MINE, ports)
    assert caught.value.holder.startswith("process ")


def test_one_account_is_held_once_whatever_the_token(ports, two):
    """Another token of the same account waits for the account; that of another account does not."""
    first, second = two
    first.hold_token(MINE, ports)
    assert first.hold_account(MINE, ports, None, listing("user-1")) is False
    second.hold_token(RENEWED, ports)
    with pytest.raises(LockTimeout):
        second.hold_account(RENEWED, ports, None, listing("user-1"))
    assert not second.held
    second.hold_account(RENEWED, ports, None, listing("user-2"))
    assert (first.held, second.held) == (True, True)


def test_a_renewed_token_takes_its_own_locks(ports, two):
    """Those of the old one are free, and what account it is has to be read anew."""
    first, second = two
    first.hold_token(MINE, ports)
    first.hold_account(MINE, ports, None, listing("user-1"))
    assert first.hold_token(RENEWED, ports)
    assert not first.held
    second.hold_token(MINE, ports)
    second.hold_account(MINE, ports, None, listing("user-1"))
    assert second.held


def test_what_is_released_is_free(ports, two):
    """Mode report holds nothing."""
    first, second = two
    first.hold_token(MINE, ports)
    first.hold_account(MINE, ports, None, listing("user-1"))
    first.release()
    assert not first.held
    second.hold_token(MINE, ports)
    second.hold_account(MINE, ports, None, listing("user-1"))
    assert second.held
