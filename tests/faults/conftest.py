"""Gives a world with a saved plan; counts the combinations that the fault bench went through, and prints the count."""

from __future__ import annotations

import logging

import pytest

from tests.faults.bench import OPERATIONS, STRANGER, World, use_virtual_clock
from tests.faults.proxy import proxied

COUNTED = "fault combinations"


@pytest.fixture(autouse=True)
def _logging_as_before():
    """What -vv set on the process's loggers is taken back: a process of its own would end with it."""
    loggers = (logging.getLogger(), logging.getLogger("reconciler"))
    before = [(each, each.level, list(each.handlers)) for each in loggers]
    yield
    for each, level, handlers in before:
        each.setLevel(level)
        each.handlers[:] = handlers


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A world with a plan saved, its live runners and the door to them."""
    operation = OPERATIONS["saved plan"]
    with proxied((*operation.before, STRANGER)) as proxy:
        made = World(tmp_path, proxy)
        made.write(operation)
        use_virtual_clock(monkeypatch, made)
        ran = made.run("plan", "--out", "saved.plan")
        assert ran.code == 0, ran.err
        proxy.expect()
        yield made


def pytest_terminal_summary(terminalreporter):
    """One line with the count; the figures travel with the tests' reports, also from other processes."""
    counts = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in report.user_properties
        if name == COUNTED
    ]
    if counts:
        terminalreporter.write_line(f"{COUNTED}: {sum(counts)} in {len(counts)} tests, each checked and converged")
