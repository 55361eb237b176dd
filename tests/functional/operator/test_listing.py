"""Lists of whole kinds reach the API server as kopf does: by its proxy, and with its newest credentials."""

import asyncio

import kopf
import pytest

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.signals import StopFlag
from reconciler.operator import listing
from reconciler.operator.listing import Lists, Scope
from reconciler.operator.resources.resource import ACCOUNTS, GROUP, VERSION, Ref
from reconciler.operator.store import Store
from tests.fakes.kubernetes.api_server import TOKEN
from tests.fakes.kubernetes.cluster import account

SCOPE = Scope(ACCOUNTS, None)
PATH = f"/apis/{GROUP}/{VERSION}/{ACCOUNTS}"


@pytest.fixture
def store(api_server, cluster):
    """An empty store, beside an API server that has an Account."""
    assert api_server.url
    cluster.apply(account("default"))
    return Store(SystemClock(StopFlag()))


def test_a_list_goes_by_the_proxy_of_the_kubeconfig(api_server, store):
    """The name of the server resolves nowhere here: only its proxy reaches it."""

    async def run():
        lists = Lists(store, frozenset({SCOPE}), lambda _problem: None)
        async with lists.session(
            kopf.ConnectionInfo(server="http://cluster.invalid", token=TOKEN, proxy_url=api_server.url)
        ):
            await asyncio.wait_for(lists._list(f"http://cluster.invalid{PATH}", SCOPE), 10)

    asyncio.run(run())
    assert store.ready
    assert list(store.accounts()) == [Ref("default", "default")]


def test_a_list_that_was_refused_goes_on_with_newer_credentials(api_server, store, monkeypatch):
    """The session that the list began in is closed by then: it is of the old credentials."""
    monkeypatch.setattr(listing, "AGAIN_S", 0.01)
    refused = asyncio.Event()

    async def run():
        lists = Lists(store, frozenset({SCOPE}), lambda problem: problem and refused.set())
        old = lists.session(kopf.ConnectionInfo(server=api_server.url, token="old"))
        task = asyncio.create_task(lists._list(f"{api_server.url}{PATH}", SCOPE))
        await asyncio.wait_for(refused.wait(), 10)
        await old.close()
        async with lists.session(kopf.ConnectionInfo(server=api_server.url, token=TOKEN)):
            await asyncio.wait_for(task, 10)

    asyncio.run(run())
    assert store.ready
