"""Kills, signals, closed pipes and two applies at once, with real processes against a real socket."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import threading

import pytest

from tests.faults.bench import MIXED, OPERATIONS, STRANGER, World, by_id, live, state, use_virtual_clock
from tests.faults.proxy import Fault, proxied

KILLS = 20


@contextlib.contextmanager
def _world(tmp_path, operation, before=None):
    with proxied((*(operation.before if before is None else before), STRANGER)) as proxy:
        world = World(tmp_path, proxy)
        world.write(operation)
        try:
            yield world, proxy
        finally:
            proxy.before = None


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """The live state after the mixed operation, and the requests that it takes."""
    with _world(tmp_path_factory.mktemp("mixed"), MIXED) as (world, proxy):
        assert world.run("apply", "--yes").code == 0
        return state(proxy.runners), len(proxy.seen)


def _converged(world, proxy, after):
    """One more apply brings what was wanted, and then there is nothing to do."""
    assert world.run("apply", "--yes").code == 0
    assert state(proxy.runners) == after
    done = world.run("plan", "--detailed-exitcode")
    assert (done.code, "No changes." in done.out) == (0, True)
    assert not world.leaks()


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_kill_at_any_moment_is_mended_by_the_next_apply(tmp_path, mixed, seed):
    """SIGKILL when request n arrived, whether or not the service still processes it: no duplicate, and it converges."""
    after, requests = mixed
    chance = random.Random(seed)  # noqa: S311 - which moment, not which secret
    moment, processed = chance.randint(1, requests), chance.random() < 0.5
    with _world(tmp_path, MIXED) as (world, proxy):
        before = by_id(proxy.runners)

        def kill(_seen, number):
            if number == moment:
                process.kill()
                if not processed:
                    raise ConnectionAbortedError

        started = threading.Event()
        proxy.before = lambda seen, number: (started.wait(), kill(seen, number))
        process = world.start("apply", "--yes", "--journal", "journal.ndjson")
        started.set()
        ran = world.finish(process)
        assert ran.code == -signal.SIGKILL, (moment, ran.err)
        proxy.before = None
        assert by_id(proxy.runners).keys() >= before.keys()
        _converged(world, proxy, after)
        for line in (tmp_path / "journal.ndjson").read_text().splitlines()[:-1]:
            assert json.loads(line)["event"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("moment", [3, 6])
def test_a_signal_lets_what_is_in_flight_end_and_starts_nothing_more(tmp_path, mixed, number, moment):
    """Exit 130, the write in flight is told as applied, the rest as not attempted, and the summary is printed."""
    after, _requests = mixed
    with _world(tmp_path, MIXED) as (world, proxy):
        later = []
        started = threading.Event()

        def interrupt(seen, count):
            started.wait()
            if count == moment:
                process.send_signal(number)
            if count > moment:
                later.append(seen)

        proxy.before = interrupt
        process = world.start("apply", "--yes", "--parallelism", "1", "--format", "json")
        started.set()
        ran = world.finish(process)
        assert ran.code == 130, ran.err
        document = json.loads(ran.out)
        statuses = {each["status"] for each in document["outcomes"]}
        assert statuses <= {"applied", "not_attempted", "widened_only"}
        assert document["summary"]["not_attempted"] > 0
        assert document["summary"]["applied"] > 0
        # Only the PUT that disables a runner just created may still go out.
        assert all(seen.method == "PUT" and json.loads(seen.body)["status"] == "disabled" for seen in later)
        assert len(later) <= 1
        _converged(world, proxy, after)


def test_the_summary_of_an_interrupted_apply_is_also_printed_as_text(tmp_path):
    """Text tells what was applied and what was not."""
    with _world(tmp_path, MIXED) as (world, proxy):
        started = threading.Event()

        def interrupt(seen, _count):
            started.wait()
            if seen.writes:
                process.send_signal(signal.SIGINT)

        proxy.before = interrupt
        process = world.start("apply", "--yes", "--parallelism", "1")
        started.set()
        ran = world.finish(process)
        assert ran.code == 130
        assert "Applied: " in ran.out
        assert "not attempted" in ran.out.lower()
        assert "Traceback" not in ran.err


def test_a_create_in_flight_is_still_disabled(tmp_path):
    """A signal while the POST of a runner wanted disabled is in flight: its PUT goes out, and nothing else."""
    with _world(tmp_path, OPERATIONS["create disabled"]) as (world, proxy):
        started = threading.Event()

        def interrupt(seen, _count):
            started.wait()
            if seen.method == "POST":
                process.send_signal(signal.SIGTERM)

        proxy.before = interrupt
        process = world.start("apply", "--yes", "--parallelism", "1", "--format", "json")
        started.set()
        ran = world.finish(process)
        assert ran.code == 130
        made = [each for each in proxy.runners if each["name"] == "gpu-off"]
        if made:
            assert made[0]["status"] == "disabled"
            assert [seen.method for seen in proxy.seen] == ["GET", "POST", "PUT"]
        else:  # the manifest's other runner went first, and was the one in flight
            assert [seen.method for seen in proxy.seen] == ["GET", "POST"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_before_any_write_is_130_too(tmp_path, number):
    """While the list is read: exit 130 at once, nothing was written, one line and no traceback."""
    with _world(tmp_path, MIXED) as (world, proxy):
        before = by_id(proxy.runners)
        started = threading.Event()

        def interrupt(_seen, _count):
            started.wait()
            process.send_signal(number)

        proxy.before = interrupt
        proxy.expect({1: Fault(how="silence")})
        process = world.start("apply", "--yes")
        started.set()
        ran = world.finish(process, timeout_s=15)
        assert ran.code == 130
        assert "Traceback" not in ran.err
        assert "interrupted" in ran.err
        assert by_id(proxy.runners) == before
        assert not proxy.writes


def test_a_second_signal_ends_at_once(tmp_path):
    """The answer in flight is not awaited any more, and what that means is said."""
    with _world(tmp_path, MIXED) as (world, proxy):
        started = threading.Event()

        def interrupt(seen, _count):
            started.wait()
            if seen.writes:
                process.send_signal(signal.SIGINT)
                process.send_signal(signal.SIGTERM)

        proxy.before = interrupt
        proxy.expect({2: Fault(how="silence", done=True), 3: Fault(how="silence", done=True)})
        process = world.start("apply", "--yes", "--parallelism", "1", env={"RECONCILER_TIMEOUT": "600"})
        started.set()
        ran = world.finish(process, timeout_s=30)
        assert ran.code == 130
        assert "stopped at once" in ran.err


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_a_closed_stdout_never_stops_an_apply_that_writes(tmp_path, mixed, form):
    """The reader goes before the first write: everything is still written, and nothing is said about the pipe."""
    after, _requests = mixed
    with _world(tmp_path, MIXED) as (world, proxy):
        process = world.start("apply", "--yes", "--format", form)
        process.stdout.close()
        process.stdout = None
        ran = world.finish(process)
        assert state(proxy.runners) == after
        assert "Traceback" not in ran.err
        assert "Broken" not in ran.err
        assert ran.code == 0


def test_a_reader_that_stops_after_one_line_stops_no_apply(tmp_path):
    """As under `| head -1`, with a plan that is larger than any pipe holds."""
    many = "".join(
        f"  many-{number}: {{endpoint: 'https://many-{number}.example.com', tags: [{'x' * 60}], status: active}}\n"
        for number in range(400)
    )
    operation = OPERATIONS["create"]
    with _world(tmp_path, operation) as (world, proxy):
        (tmp_path / "runners" / "many.yaml").write_text(f"version: 1\nrunners:\n{many}")
        process = world.start("apply", "--yes", "--parallelism", "8")
        assert process.stdout.readline()
        process.stdout.close()
        process.stdout = None
        ran = world.finish(process)
        assert ran.code == 0
        assert len(proxy.runners) == 404
        assert "Traceback" not in ran.err
        assert "Broken" not in ran.err


@pytest.mark.parametrize("command", ["plan", "list", "export", "validate", "render", "schema"])
def test_a_closed_stdout_ends_every_command_quietly(tmp_path, command):
    """No traceback, nothing about the pipe."""
    with _world(tmp_path, MIXED) as (world, _proxy):
        process = world.start(command, *(["manifest"] if command == "schema" else []))
        process.stdout.close()
        process.stdout = None
        ran = world.finish(process)
        assert ran.code == 0, ran.err
        assert "Traceback" not in ran.err
        assert "Broken" not in ran.err


def _held(world, proxy):
    """An apply whose first write waits for an event: the process, and the event."""
    writing, go_on = threading.Event(), threading.Event()

    def hold(seen, _number):
        if seen.writes and not go_on.is_set():
            writing.set()
            go_on.wait()

    proxy.before = hold
    first = world.start("apply", "--yes", "--parallelism", "1")
    assert writing.wait(60)
    return first, go_on


def test_a_second_apply_is_refused_or_waits(tmp_path, mixed, monkeypatch):
    """`--lock-timeout 0` fails at once and says whose the lock is; else it waits, says so, and goes on afterwards."""
    after, _requests = mixed
    with _world(tmp_path, MIXED) as (world, proxy):
        first, go_on = _held(world, proxy)
        refused = world.run("apply", "--yes", "--lock-timeout", "0")
        assert refused.code == 1
        assert f"process {first.pid}" in refused.err
        assert "nothing was written" in refused.err
        second = world.start("apply", "--yes", "--lock-timeout", "120")
        told = second.stderr.readline().decode()
        while "another apply holds this account" not in told:
            assert told, "it never said that it waits"
            told = second.stderr.readline().decode()
        assert f"process {first.pid}" in told
        go_on.set()
        assert world.finish(first).code == 0
        ran = world.finish(second)
        assert ran.code == 0
        assert "No changes." in ran.out
        assert state(proxy.runners) == after
        use_virtual_clock(monkeypatch, world)
        _converged(world, proxy, after)


def test_a_lock_is_not_waited_for_longer_than_asked(tmp_path, monkeypatch):
    """After --lock-timeout it fails clearly, exit 1, nothing written by it."""
    with _world(tmp_path, MIXED) as (world, proxy):
        first, go_on = _held(world, proxy)
        use_virtual_clock(monkeypatch, world)
        ran = world.run("apply", "--yes", "--lock-timeout", "90")
        assert ran.code == 1
        assert "waiting up to 90 s" in ran.err
        assert "after 90 s" in ran.err
        assert sum(world.clocks[-1].waits) == pytest.approx(90)
        go_on.set()
        assert world.finish(first).code == 0


def test_an_unwritable_state_folder_is_a_warning_only(tmp_path, mixed):
    """No lock, a warning, and the apply goes on."""
    after, _requests = mixed
    with _world(tmp_path, MIXED) as (world, proxy):
        (tmp_path / "no-folder").write_text("")
        ran = world.run("apply", "--yes", env={"XDG_STATE_HOME": str(tmp_path / "no-folder")})
        assert ran.code == 0
        assert "warning: no lock against another apply" in ran.err
        assert state(proxy.runners) == after


def test_200_updates_at_the_limit_meet_no_429(tmp_path):
    """40 requests a second, 200 updates: the service never has to say 429."""
    runners = [live(0, f"r-{number}", id=f"550e8400-e29b-41d4-a716-4466554{number:05d}") for number in range(200)]
    entries = "".join(
        f"  r-{number}: {{endpoint: 'https://r-{number}.example.com', tags: [new], headers: {{}}, status: active}}\n"
        for number in range(200)
    )
    with proxied(runners, rate_limit=(40, 1.0)) as proxy:
        world = World(tmp_path, proxy)
        world.write(OPERATIONS["plan"])
        (tmp_path / "runners" / "fleet.yaml").write_text(f"version: 1\nrunners:\n{entries}")
        ran = world.run("apply", "--yes", "--format", "json", env={"RECONCILER_RATE_LIMIT": "40/1"})
        assert ran.code == 0
        assert ran.json["requests"]["rate_limited"] == 0
        assert ran.json["requests"]["retries"] == 0
        assert len(proxy.writes) == 200
