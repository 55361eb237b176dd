"""The source of an account's loop, on a virtual clock."""

import pytest

from reconciler.errors import Interrupted
from reconciler.operator.resources.resource import ACCOUNTS, RUNNERS, Ref
from reconciler.operator.secrets import Secrets
from reconciler.operator.source import FIRST_AGAIN_S, LONGEST_AGAIN_S, Resources
from reconciler.operator.store import QUIET_S, Store
from tests.fakes.clock import VirtualClock
from tests.fakes.kubernetes.memory import MemoryCluster
from tests.fakes.resources import account, runner

TOKEN = {"tokenSecretRef": {"name": "comfycontrol", "key": "token"}}


@pytest.fixture
def clock():
    """Time that passes only when it is waited for."""
    return VirtualClock()


def source_of(clock, of):
    """A source of an account with one Runner, and the store of it."""
    store = Store(clock)
    store.put(ACCOUNTS, of, 1)
    store.put(RUNNERS, runner("one"), 2)
    return Resources(store, of.ref, clock, Secrets(MemoryCluster())), store


def pauses(source, clock):
    """How long it took each of six times until there was something to look at again."""
    found = []
    for _ in range(6):
        source.open()
        began = clock.monotonic()
        while source.look() == source.mark and clock.monotonic() < began + 100:
            clock.wait(0.5)
        found.append(clock.monotonic() - began)
    return found


def test_until_something_compiles_secrets_are_tried_again(clock):
    """After pauses that double up to the longest; once it compiled, only a change is a reason to look."""
    source, _store = source_of(clock, account(**TOKEN))
    assert pauses(source, clock) == [FIRST_AGAIN_S, 4.0, 8.0, LONGEST_AGAIN_S, LONGEST_AGAIN_S, LONGEST_AGAIN_S]
    source.open()
    source.note(None)
    clock.wait(LONGEST_AGAIN_S)
    assert source.look() == source.mark


def test_without_secrets_there_is_nothing_to_try_again(clock):
    """What does not compile for another reason waits for a change."""
    source, _store = source_of(clock, account())
    assert pauses(source, clock)[0] == 100


def test_a_burst_is_looked_at_when_it_is_over(clock):
    """While changes come the mark stays; then it is another one."""
    source, store = source_of(clock, account())
    source.open()
    source.note(None)
    store.put(RUNNERS, runner("two"), 3)
    assert source.look() == source.mark
    clock.wait(QUIET_S)
    assert source.look() != source.mark
    source.open()
    assert source.look() == source.mark
    assert [each.ref.name for each in source.opened.runners] == ["one", "two"]


def test_an_account_that_is_gone_ends_its_loop(clock):
    """There is nothing to open any more."""
    source, store = source_of(clock, account())
    store.drop(ACCOUNTS, Ref("fleet", "default"), "a")
    with pytest.raises(Interrupted, match="fleet/default"):
        source.open()
