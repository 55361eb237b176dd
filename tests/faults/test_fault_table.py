"""The fault table: every fault, at every request, of every operation. See `bench.check` for what must hold.

A short run takes one request for each fault and operation, so that every pair of fault, operation and kind of request
is met; `-m long` takes them all.
"""

from __future__ import annotations

import json

import pytest

from tests.faults.bench import (
    OPERATIONS,
    STRANGER,
    Expected,
    World,
    by_id,
    check,
    echo,
    live,
    state,
    use_virtual_clock,
)
from tests.faults.conftest import COUNTED
from tests.faults.covering import cover, kinds_of
from tests.faults.proxy import Fault, gateway, proxied, told

SOON = "Tue, 16 Jan 2024 14:20:03 GMT"
LATE_S = "0.3"
"""The client's timeout where the service stays silent; elsewhere it is long, so that a slow machine is no fault."""


def _other_runner(_proxy, _content):
    return json.dumps(live(42, "another") | {"user_id": "u", "created_at": "t", "updated_at": "t"}).encode()


def _other_fields(_proxy, content):
    found = json.loads(content)
    return json.dumps(found | {"tags": ["not-what-was-sent"]} if "id" in found else found).encode()


def _list(change):
    """Changes the runners and the total of a list; anything else stays."""

    def rewrite(_proxy, content):
        found = json.loads(content)
        if "runners" not in found:
            return content
        runners, total = change(found["runners"], found["total"])
        return json.dumps({"runners": runners, "total": total}).encode()

    return rewrite


SILENT = {
    "silence": Fault(how="silence"),
    "silence, done": Fault(how="silence", done=True),
    "late": Fault(how="late"),
}
FAULTS = {
    "refused": Fault(how="refuse"),
    "reset": Fault(how="reset"),
    "reset, done": Fault(how="reset", done=True),
    "closed": Fault(how="close"),
    "closed, done": Fault(how="close", done=True),
    "truncated": Fault(how="truncate", done=True),
    "garbage": Fault(how="garbage"),
    "garbage, done": Fault(how="garbage", done=True),
    "no JSON, done": Fault(done=True, body=b"<html>welcome</html>"),
    "empty, done": Fault(done=True, body=b""),
    "wrong shape, done": Fault(done=True, body=b'{"id": 7, "runners": {}, "total": "1"}'),
    "another runner, done": Fault(done=True, body=_other_runner),
    "other fields, done": Fault(done=True, body=_other_fields),
    "not taken": Fault(status=200, body=b"{}"),
    "400": Fault(**told(400, echo)),
    "401": Fault(**told(401, echo)),
    "403": Fault(**told(403, echo)),
    "404": Fault(**told(404, echo)),
    "429 JSON": Fault(**told(429, echo, Retry_After="3")),
    "429 HTML": Fault(**gateway(429)),
    "429 date": Fault(**gateway(429, Retry_After=SOON)),
    "500": Fault(**told(500, echo)),
    "500, done": Fault(done=True, **told(500, echo)),
    "502": Fault(**gateway(502)),
    "502, done": Fault(done=True, **gateway(502)),
    "503 seconds": Fault(**told(503, echo, Retry_After="2")),
    "503 date": Fault(**told(503, echo, Retry_After=SOON)),
    "503, done": Fault(done=True, **told(503, echo, Retry_After="1")),
    "504": Fault(**gateway(504)),
    "504, done": Fault(done=True, **gateway(504)),
    "page repeated": Fault(done=True, body=_list(lambda runners, total: (runners + runners, total))),
    "page with a double": Fault(done=True, body=_list(lambda runners, total: (runners + runners[:1], total + 1))),
    "page cut": Fault(done=True, body=_list(lambda runners, total: (runners[:-1], total))),
    "page cut at its head": Fault(done=True, body=_list(lambda runners, total: (runners[1:], total))),
    "page shifted": Fault(done=True, body=_list(lambda runners, total: (runners, total + 1))),
    **SILENT,
}
LASTING = ("refused", "reset", "reset, done", "401", "429 HTML", "500", "503, done", "wrong shape, done")
"""What is also tried as an outage: from the nth request on, every one meets it."""


@pytest.fixture
def worlds(tmp_path, monkeypatch):
    """Worlds for one operation, one after the other, in one folder: making and removing files is what takes longest."""

    def make(proxy, operation):
        world = World(tmp_path, proxy)
        if not (tmp_path / "runners").exists():
            world.write(operation)
        use_virtual_clock(monkeypatch, world)
        return world

    return make


def _start(worlds, operation, proxy):
    """A world where the operation is about to run, and the live runners before it."""
    world = worlds(proxy, operation)
    if "--plan" in operation.command:
        assert world.run("plan", "--out", "saved.plan").code == 0
    return world, proxy.runners


def _arguments(operation, parallelism="1"):
    shown = ("--report", "r.html", "--report", "r.md", "--report", "r.txt", "-vv")
    writing = ("--journal", "journal.ndjson", "--parallelism", parallelism) if operation.command[0] == "apply" else ()
    return (*operation.command, "--format", "json", *shown, *writing)


_KNOWN = {}
"""By operation: how it goes without a fault. It is the same every time, so each process finds out once."""


def _without_fault(worlds, operation):
    """How it goes when nothing is wrong."""
    if operation.name not in _KNOWN:
        _KNOWN[operation.name] = _run_without_fault(worlds, operation)
    return _KNOWN[operation.name]


def _run_without_fault(worlds, operation):
    with proxied((*operation.before, STRANGER)) as proxy:
        world, before = _start(worlds, operation, proxy)
        seen = {name: [held] for name, held in state(before).items()}

        def note(_seen, _number):
            for name, held in state(proxy.runners).items():
                if held not in seen.setdefault(name, []):
                    seen[name].append(held)

        proxy.before = note
        proxy.expect()
        ran = world.run(*_arguments(operation))
        note(None, 0)
        assert ran.code == 0, ran.err
        assert not world.leaks()
        return Expected(state(proxy.runners), kinds_of(proxy.seen), seen)


def _converge(world, operation, expected, proxy):
    """One more apply without a fault brings what was wanted; then there is nothing to do."""
    again = ("apply", "--yes", "--parallelism", "1") if operation.command[0] == "apply" else operation.command
    ran = world.run(*again, "--journal", "journal.ndjson") if again[0] == "apply" else world.run(*again)
    assert ran.code == 0, ran.err
    if again[0] == "apply":
        assert state(proxy.runners) == expected.after
        done = world.run("plan", "--detailed-exitcode")
        assert done.code == 0, done.out
        assert "No changes." in done.out


def _combination(worlds, operation, expected, *, fault, number, lasting, parallelism):
    """One fault at one request."""
    with proxied((*operation.before, STRANGER)) as proxy:
        world, before = _start(worlds, operation, proxy)
        if lasting:
            proxy.expect(always=fault, since=number)
        else:
            proxy.expect({number: fault})
        patience = {"RECONCILER_TIMEOUT": LATE_S} if fault in SILENT.values() else {}
        ran = world.run(*_arguments(operation, parallelism), env=patience)
        check(operation, before, expected, ran, proxy)
        assert "Traceback" not in ran.out + ran.err
        assert "unexpected" not in ran.err.replace("unexpected answer", "").replace("unexpected success", "")
        proxy.expect()
        proxy.land()
        assert by_id(proxy.runners).keys() >= by_id(before).keys()
        _converge(world, operation, expected, proxy)
        assert not world.leaks()


def _at(worlds, record_property, operation, fault, numbers, *, lasting, parallelism="1"):
    """One fault of one operation at requests of these numbers, each on its own."""
    expected = _without_fault(worlds, operation)
    for number in numbers:
        try:
            _combination(
                worlds, operation, expected, fault=fault, number=number, lasting=lasting, parallelism=parallelism
            )
        except AssertionError as exc:
            exc.add_note(f"at request {number} of {expected.requests}: {expected.kinds[number - 1]}")
            raise
    record_property(COUNTED, len(numbers))


def _sweep(worlds, record_property, operation, fault, *, lasting, parallelism="1"):
    numbers = range(1, _without_fault(worlds, operation).requests + 1)
    _at(worlds, record_property, operation, fault, numbers, lasting=lasting, parallelism=parallelism)


@pytest.fixture
def chosen(tmp_path_factory, monkeypatch):
    """By fault and operation, the request that meets it in a short run."""

    def choose(faults):
        def worlds(proxy, operation):
            world = World(tmp_path_factory.mktemp("kinds"), proxy)
            world.write(operation)
            use_virtual_clock(monkeypatch, world)
            return world

        kinds = {name: _without_fault(worlds, operation).kinds for name, operation in OPERATIONS.items()}
        return kinds, cover(faults, tuple(kinds.items()))

    return choose


@pytest.mark.parametrize("faults", [tuple(FAULTS), LASTING], ids=["once", "as an outage"])
def test_the_short_run_covers_each_pair(chosen, faults):
    """Every fault meets every operation and every kind of request, and every request of an operation some fault."""
    kinds, numbers = chosen(faults)
    assert numbers.keys() == {(fault, operation) for fault in faults for operation in OPERATIONS}
    met = {(fault, kinds[operation][number - 1]) for (fault, operation), number in numbers.items()}
    assert met == {(fault, kind) for fault in faults for each in kinds.values() for kind in each}
    missed = {(name, number) for name, each in kinds.items() for number in range(1, len(each) + 1)}
    missed -= {(operation, number) for (_fault, operation), number in numbers.items()}
    assert not missed


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
@pytest.mark.parametrize("fault", FAULTS.keys())
def test_a_fault_at_one_request(worlds, chosen, record_property, operation, fault):
    """Once, at that request: no duplicate, nothing lost, an honest exit code, no secret, and then it converges."""
    number = chosen(tuple(FAULTS))[1][fault, operation.name]
    _at(worlds, record_property, operation, FAULTS[fault], [number], lasting=False)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
@pytest.mark.parametrize("fault", LASTING)
def test_an_outage_from_one_request_on(worlds, chosen, record_property, operation, fault):
    """From that request on, until the run gives up: the same holds."""
    number = chosen(LASTING)[1][fault, operation.name]
    _at(worlds, record_property, operation, FAULTS[fault], [number], lasting=True)


@pytest.mark.long
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_at_any_request(worlds, record_property, operation, fault):
    """Once, at every position: the same holds."""
    _sweep(worlds, record_property, operation, fault, lasting=False)


@pytest.mark.long
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
@pytest.mark.parametrize("parallelism", ["1", "4"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_every_outage_with_any_parallelism(worlds, record_property, operation, fault, parallelism):
    """All faults as outages, also with several writes at once: the same holds."""
    _sweep(worlds, record_property, operation, fault, lasting=True, parallelism=parallelism)


@pytest.mark.long
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_among_writes_at_once(worlds, record_property, operation, fault):
    """Once, at every position, with several writes at once: the same holds."""
    _sweep(worlds, record_property, operation, fault, lasting=False, parallelism="4")
