"""Writing statuses and events, and what is remembered of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import Interrupted
from reconciler.operator.cluster.reporter import Reporter
from reconciler.operator.resources.resource import Ref
from reconciler.operator.statuses.updates import updates
from reconciler.watch.status import CycleResult
from tests.fakes.kubernetes.memory import MemoryCluster
from tests.fakes.kubernetes.observing import ONE, observed
from tests.fakes.resources import runner

DRIFT = observed(CycleResult.DRIFT, drifted=((ONE, ("tags",)),))


def report(reporter, seen):
    """Report what was observed, on what was written before."""
    reporter.report(updates(replace(seen, written=reporter.written)))


def test_what_changes_is_written_once():
    """Each status is written once, with its events; the same again is no request."""
    cluster = MemoryCluster()
    reporter = Reporter(cluster, lambda: True)
    report(reporter, DRIFT)
    report(reporter, DRIFT)
    assert sorted(ref.name for _, ref, _ in cluster.patches) == ["default", "one", "two"]
    assert sorted(each["involvedObject"]["name"] for each in cluster.events) == ["default", "one"]


def test_what_could_not_be_written_comes_again(caplog):
    """While the API server is away it is reported once, and afterwards everything is written."""
    cluster = MemoryCluster()
    reporter = Reporter(cluster, lambda: True)
    cluster.away = True
    with caplog.at_level("WARNING", "reconciler.operator"):
        report(reporter, DRIFT)
        report(reporter, DRIFT)
    assert caplog.text.count("3 of 3 statuses and their events were not written") == 1
    cluster.away = False
    report(reporter, DRIFT)
    assert len(cluster.patches) == 3
    assert len(cluster.events) == 2


def test_who_does_not_hold_the_lease_writes_nothing():
    """Without the Lease nothing is written, and nothing counts as written."""
    cluster = MemoryCluster()
    reporter = Reporter(cluster, lambda: False)
    report(reporter, DRIFT)
    assert (cluster.patches, cluster.events, reporter.written) == ([], [], {})


def test_five_thousand_are_written():
    """However many there are, each is written, and what is gone is forgotten."""
    cluster = MemoryCluster()
    reporter = Reporter(cluster, lambda: True)
    runners = tuple(runner(f"gpu-{number}") for number in range(5000))
    report(reporter, observed(runners=runners))
    assert len({ref for _, ref, _ in cluster.patches}) == 5001
    reporter.keep(["gpu-1", "gpu-2"])
    assert set(reporter.written) == {"gpu-1", "gpu-2"}


def test_a_stop_gets_through():
    """Whoever waits for another attempt when the process stops is interrupted."""
    cluster = MemoryCluster()
    calls = []

    def stop(_plural, ref, _patch):
        calls.append(ref)
        raise Interrupted("interrupted")

    cluster.patch_status = stop
    with pytest.raises(Interrupted):
        report(Reporter(cluster, lambda: True), DRIFT)
    assert Ref("fleet", "default") in calls
