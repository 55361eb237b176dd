"""`/metrics`: the status and the totals in Prometheus's text format, every metric with its environment."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.model.enums import OutcomeStatus, Severity
from reconciler.model.health import Health
from reconciler.watch.status import CycleResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client.core import Metric

    from reconciler.watch.board import Board


class Collector:
    """Makes the metrics of some boards, each time they are asked for (Prometheus's Collector protocol)."""

    def __init__(self, boards: Iterable[Board]) -> None:
        self._boards = tuple(boards)

    def collect(self) -> Iterator[Metric]:
        """Each metric once, with the samples of every board."""
        merged: dict[str, Metric] = {}
        for board in self._boards:
            for family in _Families(board).collect():
                if family.name in merged:
                    merged[family.name].samples += family.samples
                else:
                    merged[family.name] = family
        yield from merged.values()


class _Families:
    """The metrics of one board."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterator[Metric]:
        """Yield every metric, also those whose value is 0, so that a rule never waits for a series.

        Those of workflows are there only where workflows are read.
        """
        status, counts = self._board.status, self._board.counts
        environment = status.environment or ""
        sent = counts.requests
        requests = {"read": sent.reads, "write": sent.writes, "retry": sent.retries}
        severities = {each.value: 0 for each in Severity if each is not Severity.OFF}
        for each in status.findings:
            if not each.accepted and each.severity in severities:
                severities[each.severity] += 1
        healthy = {key: each.health is Health.HEALTHY for key, each in status.health.items() if each.health in _KNOWN}

        def total(name: str, about: str, label: str | None, values: Mapping[str, float]) -> Metric:
            return _counter(name, about, environment, label, values)

        def gauge(name: str, about: str, value: float) -> Metric:
            return _gauge(name, about, environment, None, {"": value})

        def gauges(name: str, about: str, label: str, values: Mapping[str, float]) -> Metric:
            return _gauge(name, about, environment, label, values)

        cycles: dict[str, int] = {result: counts.cycles.get(result, 0) for result in CycleResult}
        writes = {outcome.value: counts.writes.get(outcome, 0) for outcome in OutcomeStatus}
        duration_s = status.cycle.duration_s if status.cycle else 0.0
        yield total("reconciler_cycles", "Cycles by how they ended.", "result", cycles)
        yield gauge("reconciler_cycle_duration_seconds", "How long the last cycle took.", duration_s)
        yield gauge(
            "reconciler_last_success_timestamp_seconds",
            "When a cycle last did all that its mode asks for, Unix time; 0 before the first.",
            _unix(status.last_success_at),
        )
        yield gauge("reconciler_drifted_runners", "Runners that differ from the manifests.", len(status.drifted))
        yield gauge(
            "reconciler_drift_seconds", "For how long a runner has differed; 0: none does.", self._board.drift_s
        )
        yield gauges("reconciler_findings", "Unaccepted findings of the last plan.", "severity", severities)
        if status.workflows:
            about = "Workflows under way, by whether a runner serves what they ask for."
            yield gauges("reconciler_workflows_under_way", about, "standing", status.workflows)
        yield gauges(
            "reconciler_runner_healthy", "1: its endpoint answers as a ComfyUI; 0: it does not.", "key", healthy
        )
        yield gauge(
            "reconciler_contested_runners", "Runners that another writer keeps changing.", len(status.contested)
        )
        yield gauge("reconciler_suspended", "1: it plans and reports, and writes nothing.", status.suspended)
        yield total("reconciler_requests", "Requests to the service.", "kind", requests)
        yield total("reconciler_rate_limited", "Answers 429 of the service.", None, {"": sent.rate_limited})
        yield total("reconciler_writes", "Runners written, by what became of it.", "outcome", writes)
        yield gauges("reconciler_build_info", "The version that runs.", "version", {__version__: 1})


_KNOWN = (Health.HEALTHY, Health.UNHEALTHY)


def render_metrics(boards: Iterable[Board]) -> tuple[bytes, str]:
    """Render the metrics and their media type."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector(boards))
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _counter(name: str, about: str, environment: str, label: str | None, values: Mapping[str, float]) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(name, about, labels=_labels(label))
    for labels, amount in _samples(environment, label, values):
        family.add_metric(labels, amount)
    return family


def _gauge(name: str, about: str, environment: str, label: str | None, values: Mapping[str, float]) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, about, labels=_labels(label))
    for labels, amount in _samples(environment, label, values):
        family.add_metric(labels, amount)
    return family


def _labels(label: str | None) -> list[str]:
    return ["environment", *([label] if label else [])]


def _samples(environment: str, label: str | None, values: Mapping[str, float]) -> Iterator[tuple[list[str], float]]:
    for value, amount in values.items():
        yield [environment, *([value] if label else [])], float(amount)


def _unix(moment: str | None) -> float:
    return 0.0 if moment is None else dt.datetime.fromisoformat(moment).timestamp()
