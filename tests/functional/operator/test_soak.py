"""A thousand cycles of one account, with the streams and the requests of a cluster: nothing grows, nothing is left."""

import threading
from contextlib import ExitStack
from pathlib import Path

import kopf
import pytest

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.signals import StopFlag
from reconciler.errors import Interrupted
from reconciler.model.secret import Scrubber
from reconciler.operator.account import AccountLoop, Running
from reconciler.operator.cluster.client import KubernetesCluster
from reconciler.operator.cluster.login import login
from reconciler.operator.resources.resource import Ref
from reconciler.operator.store import Store
from reconciler.operator.streams import Streams
from tests.fakes.figures import Figures
from tests.fakes.kubernetes.cluster import account, runner, secret, until
from tests.fakes.sandbox import running_sandbox

CYCLES = 1_000
SETTLED = 200
MOST_GROWTH_KB = 5 * 1024
FLEET = 20
DRIFT_EVERY = 10
CHANGE_EVERY = 50
REF = Ref("default", "default")


@pytest.fixture
def _no_waiting(monkeypatch, tmp_path):
    """Let every wait of a clock be over at once, and the time be as if it had been waited; locks of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    skipped, lock, true = [0.0], threading.Lock(), SystemClock.monotonic

    def wait(self, seconds):
        if self._stop.is_set():
            raise Interrupted("interrupted")
        with lock:
            skipped[0] += max(0.0, seconds)

    monkeypatch.setattr(SystemClock, "wait", wait)
    monkeypatch.setattr(SystemClock, "monotonic", lambda self: true(self) + skipped[0])


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the figures are Linux's")
def test_a_thousand_cycles(api_server, cluster, capsys):
    """Memory grows by less than 5 MB from cycle 200 to 1,000, though runners drift and specs change all the time."""
    names = [f"gpu-{number}" for number in range(FLEET)]
    over, figures = threading.Event(), {}
    with running_sandbox() as sandbox, ExitStack() as stack:
        cluster.apply(secret("default", "comfycontrol", token=sandbox.token))
        spec = {"apiUrl": sandbox.url, "mode": "apply", "interval": 60, "rateLimit": "1000000/1"}
        cluster.apply(account("default", **spec))
        cluster.apply(*(runner("default", name, tags=["gpu"], state="active") for name in names))
        before = Figures()
        clock = SystemClock(StopFlag())
        store = Store(clock)
        streams = stack.enter_context(Streams(store, clock, kopf.login_with_kubeconfig))
        until(lambda: store.ready)
        client = KubernetesCluster(login, clock)
        stack.callback(client.close)
        running = Running(cluster=client, store=store, scrubber=Scrubber(), may_write=lambda: True, everyone=False)
        loop = AccountLoop(REF, running)
        show = loop.board.show

        def after_a_cycle(status, counts):
            show(status, counts)
            cycle = status.cycles
            if cycle in (SETTLED, CYCLES):
                forget(api_server, sandbox)
                figures[cycle] = Figures()
            if cycle >= CYCLES:
                over.set()
            elif cycle % CHANGE_EVERY == 0:
                tag = f"pool-{cycle % 200}"
                cluster.patch("Runner", "default", names[cycle % FLEET], {"spec": {"tags": ["gpu", tag]}})
            elif cycle % DRIFT_EVERY == 0:
                sandbox.edit(names[cycle % FLEET], tags=["drift"])
            if cycle % 20 == 0:
                forget(api_server, sandbox)

        loop.board.show = after_a_cycle
        loop.start()
        assert over.wait(600), loop.board.status
        loop.stop()
        loop.join()
        assert streams.problem is None
        assert loop.board.status.troubles == {}
        stack.close()
        after = Figures()
    with capsys.disabled():
        print(*(f"\n  cycle {cycle}: {found}" for cycle, found in figures.items()))
    assert figures[CYCLES].memory_kb - figures[SETTLED].memory_kb < MOST_GROWTH_KB
    assert figures[CYCLES].threads <= figures[SETTLED].threads
    assert figures[CYCLES].files <= figures[SETTLED].files + 2  # connections of the watch streams that are renewed
    assert after.threads <= before.threads
    assert after.files <= before.files


def forget(api_server, sandbox):
    """Let the stand-ins forget what they only remember for tests."""

    async def forget():
        api_server.objects.compact()
        api_server.kinds["", "v1", "events"].objects.clear()
        api_server.lists.clear()

    api_server.run(forget())
    sandbox.requests.clear()
