"""The keeper of the Lease on a virtual clock, and over a real socket."""

from __future__ import annotations

import re
from dataclasses import replace

import kopf
import pytest

from reconciler.operator.cluster.client import KubernetesCluster
from reconciler.operator.cluster.errors import ClusterError
from reconciler.operator.cluster.keeper import Keeper, identity
from reconciler.operator.cluster.record import Record
from reconciler.operator.resources.resource import Ref
from tests.fakes.clock import StopSwitch, VirtualClock
from tests.fakes.kubernetes.api_server import TOKEN, ApiServer
from tests.fakes.kubernetes.memory import MemoryCluster

REF = Ref("default", "reconciler")
OTHER = Record(holder="other", duration_s=12, acquired_at="a", renewed_at="r", transitions=0, version="5")


class Scene:
    """A keeper, and what shall happen when: `do` maps seconds from the start to actions. `seen` has what it said."""

    def __init__(self, cluster=None, do=None, *, until=60.0):
        self.cluster = cluster or MemoryCluster()
        self.stop = StopSwitch()
        self.clock = VirtualClock(self.stop, on_wait=self._meanwhile)
        self.began = self.clock.monotonic()
        self.seen = []
        self._do = sorted({**(do or {}), until: lambda scene: scene.stop.set()}.items())
        self.keeper = Keeper(
            self.cluster,
            REF,
            self.clock,
            me="me",
            on_started=lambda: self.seen.append(("started", self.at)),
            on_stopped=lambda: self.seen.append(("stopped", self.at)),
        )

    @property
    def at(self):
        """Seconds from the start."""
        return self.clock.monotonic() - self.began

    def run(self):
        """Run the keeper to its end."""
        self.keeper.run()
        return self.seen

    def _meanwhile(self, seconds):
        while self._do and self._do[0][0] <= self.at + seconds:
            self._do.pop(0)[1](self)


def away(scene):
    """The API server goes away."""
    scene.cluster.away = True


def back(scene):
    """The API server comes back."""
    scene.cluster.away = False


def test_it_begins_at_once_and_releases_at_the_end():
    """Without a Lease it holds one at once, renews it, and empties it on exit, after it has stopped."""
    scene = Scene(until=20.0)
    assert [event for event, _ in scene.run()] == ["started", "stopped"]
    record = scene.cluster.records[REF]
    assert (record.holder, record.duration_s, record.transitions) == ("", 1, 0)
    assert int(record.version) == 1 + 10  # once created; renewed every 2 s, but for the last time; released
    assert not scene.keeper.holds


def test_it_waits_for_another_and_takes_over():
    """It takes another's Lease 12 s after it has seen it change last, not before."""
    cluster = MemoryCluster()
    cluster.records[REF] = OTHER
    renew = {3.0: lambda _: cluster.records.update({REF: replace(OTHER, version="6")})}
    scene = Scene(cluster, renew, until=30.0)
    (_, started), _ = scene.run()
    assert 14.9 <= started <= 16.1
    assert cluster.records[REF].transitions == 1


def test_it_gives_up_in_time_and_competes_again():
    """While the API server is away it stops at most 7 s after its last renewal, and begins again when it is back."""
    scene = Scene(do={10.5: away, 40.5: back}, until=60.0)
    (_, first), (_, stopped), (_, again), _ = scene.run()
    assert first == 0.0
    assert 10.0 + 7.0 - 2.0 <= stopped <= 10.0 + 7.0
    assert 40.0 <= again <= 42.0
    assert scene.cluster.records[REF].transitions == 0


def test_a_short_absence_is_outlived():
    """An API server that is away for less than that stops nothing."""
    scene = Scene(do={10.5: away, 14.5: back}, until=60.0)
    assert [event for event, _ in scene.run()] == ["started", "stopped"]


def test_who_is_replaced_stops():
    """Where another has written its name, it stops as soon as it notices, and leaves that Lease alone."""
    take = {10.5: lambda scene: scene.cluster.records.update({REF: replace(OTHER, version="99")})}
    scene = Scene(do=take, until=15.0)
    _, (event, at) = scene.run()
    assert event == "stopped"
    assert at <= 10.5 + 2.0 + 1.0
    assert scene.cluster.records[REF].holder == "other"


def test_who_was_suspended_stops_before_it_asks():
    """A process that slept over its Lease stops before it sends anything."""
    scene = Scene(do={10.5: lambda scene: scene.clock.turn(100.0)}, until=130.0)
    stops = [at for event, at in scene.run() if event == "stopped"]
    assert stops[0] <= 10.5 + 100.0 + 2.1
    assert len(stops) == 2


def test_a_release_that_fails_is_no_failure(caplog):
    """An API server that is away at the end is reported, and ends nothing else."""
    scene = Scene(do={10.5: away}, until=11.0)
    with caplog.at_level("WARNING", "reconciler.operator"):
        assert scene.run()[-1][0] == "stopped"
    assert "is not released, and expires" in caplog.text


def test_a_problem_is_reported_once(caplog):
    """However often a request fails in the same way, it is reported once."""
    scene = Scene(do={10.5: away}, until=15.0)
    with caplog.at_level("WARNING", "reconciler.operator"):
        scene.run()
    assert caplog.text.count("Lease default/reconciler: the API server is away") == 1


class Unwritable(MemoryCluster):
    """A Lease that can be read, and while `closed` not created."""

    closed = True

    def create_lease(self, ref, record):
        """See Cluster."""
        if self.closed:
            raise ClusterError("no namespace")
        return super().create_lease(ref, record)


def test_a_write_that_fails_is_reported_once_though_reads_work(caplog):
    """A Lease that can be read and not written is one problem, until a write works."""
    shown = []
    scene = Scene(
        Unwritable(),
        do={
            10.5: lambda scene: shown.append(scene.keeper.problem),
            20.0: lambda scene: setattr(scene.cluster, "closed", False),
            30.0: lambda scene: shown.append(scene.keeper.problem),
        },
    )
    with caplog.at_level("WARNING", "reconciler.operator"):
        scene.run()
    assert caplog.text.count("no namespace") == 1
    assert shown == ["no namespace", None]


def test_what_fails_while_it_starts_releases_the_lease():
    """Whatever on_started raises gets out, and the Lease is released."""
    scene = Scene()

    def fail():
        raise OSError("no thread")

    scene.keeper._on_started = fail
    with pytest.raises(OSError, match="no thread"):
        scene.keeper.run()
    assert scene.cluster.records[REF].holder == ""


def test_identities_differ():
    """Two processes on one host are two candidates."""
    one, two = identity(), identity()
    assert one != two
    assert re.fullmatch(r".+_[0-9a-f-]{36}", one)


def test_over_a_socket():
    """Against an API server, the Lease has what `kubectl get lease` shows, with times in microseconds."""
    server = ApiServer().start()
    cluster = KubernetesCluster(lambda: kopf.ConnectionInfo(server=server.url, token=TOKEN), VirtualClock())
    try:
        held = {5.0: lambda _: records.append(cluster.get_lease(REF))}
        records = []
        assert [event for event, _ in Scene(cluster, held, until=8.0).run()] == ["started", "stopped"]
        (record,) = records
        assert record.holder == "me"
        assert re.fullmatch(r"2024-01-16T14:20:0\d\.\d{6}Z", record.renewed_at)
        assert record.acquired_at == "2024-01-16T14:20:00.000000Z"
        assert cluster.get_lease(REF).holder == ""
    finally:
        cluster.close()
        server.close()
