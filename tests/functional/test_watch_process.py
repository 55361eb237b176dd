"""A watch as a process of its own: signals, its status over HTTP, notifications, its lock after a kill."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from tests.fakes.cli import run_cli
from tests.fakes.sandbox import running_sandbox

URL = "http://127.0.0.1:9"  # nobody is there: unhealthy, at once
MANIFEST = (
    f"version: 1\ndefaults: {{status: active, headers: {{}}}}\nrunners:\n  gpu-1: {{endpoint: '{URL}', tags: [gpu]}}\n"
)
LIVE = {"name": "gpu-1", "endpoint": URL, "tags": ["gpu"], "headers": {}, "status": "active"}
SECRET = "chat-secret-0123456789"


@pytest.fixture
def folder(tmp_path):
    """A working folder with the manifest."""
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "a.yaml").write_text(MANIFEST)
    return tmp_path


@pytest.fixture
def sandbox():
    """One runner, as the manifest has it."""
    with running_sandbox([LIVE]) as found:
        yield found


class Running:
    """A watch that runs: its process and its log."""

    def __init__(self, process, log):
        self.process = process
        self.log = log

    def says(self, pattern, seconds=20):
        """Wait until a line of the log has it; the match."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := re.search(pattern, self.log.read_text()):
                return found
            time.sleep(0.02)
        raise AssertionError(f"{pattern} is not in:\n{self.log.read_text()}")

    def get(self, path, **headers):
        """Status code and body of a path of its status."""
        url = self.says(r"the status is at (\S+)/")[1]
        try:
            asked = urllib.request.Request(url + path, headers=headers)  # noqa: S310 - its own address
            with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - likewise
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""

    def stop(self, number=signal.SIGTERM):
        """Send a signal and wait; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def running(folder, sandbox, *arguments, **environ):
    """A watch in mode apply with a long interval."""
    log = folder / f"log-{time.monotonic_ns()}"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / ".state"),
        "COMFYCONTROL_API_TOKEN": sandbox.token,
        "RECONCILER_API_URL": sandbox.url,
        **environ,
    }
    words = ("--mode", "apply", "--interval", "3600", "--listen", "127.0.0.1:0", *arguments)
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "reconciler", "watch", *words], cwd=folder, env=env, stderr=stderr
        )
    try:
        yield Running(process, log)
    finally:
        process.kill()
        process.wait()


def test_its_life(folder, sandbox):
    """It reads, serves its status, heals at SIGHUP, leaves others no lock, and ends with 0 at SIGTERM."""
    with running(folder, sandbox) as watch:
        watch.says("in-step; 0 drifted, 1 in step")
        assert watch.get("/healthz") == (200, "ok\n")
        assert watch.get("/readyz") == (200, "ok\n")
        assert json.loads(watch.get("/status.json")[1])["cycle"]["result"] == "in-step"
        assert 'reconciler_cycles_total{environment="",result="in-step"} 1.0' in watch.get("/metrics")[1]
        assert watch.get("/", Host="evil.example")[0] == 421
        assert watch.get("/other")[0] == 404
        env = {"COMFYCONTROL_API_TOKEN": sandbox.token, "XDG_STATE_HOME": str(folder / ".state")}
        ran = run_cli("apply", "-y", "--lock-timeout", "0", "--api-url", sandbox.url, cwd=folder, env=env)
        assert (ran.code, f"process {watch.process.pid} of" in ran.err) == (1, True)
        sandbox.edit("gpu-1", tags=["theirs"])
        watch.process.send_signal(signal.SIGHUP)
        watch.says("applied; 0 drifted, 1 in step; 1 written")
        assert sandbox.runner("gpu-1")["tags"] == ["gpu"]
        assert watch.stop() == 0
    assert (
        "No changes" in run_cli("apply", "-y", "--lock-timeout", "0", "--api-url", sandbox.url, cwd=folder, env=env).out
    )


def test_a_kill_leaves_no_lock(folder, sandbox):
    """After kill -9 the next watch goes on at once, from what is live."""
    with running(folder, sandbox) as watch:
        watch.says("in-step")
        watch.stop(signal.SIGKILL)
    sandbox.edit("gpu-1", tags=["theirs"])
    with running(folder, sandbox) as watch:
        watch.says("applied")
        assert watch.stop(signal.SIGINT) == 0


def test_a_stop_in_the_middle_of_a_write_finishes_it(folder):
    """SIGTERM while a write is in flight: its answer is awaited, the lock is released, exit 0."""
    with running_sandbox([{**LIVE, "tags": ["theirs"]}], latency_s=1.0) as sandbox:
        with running(folder, sandbox) as watch:
            while "GET" not in sandbox.methods:
                time.sleep(0.01)
            time.sleep(0.7)  # its PUT is on the way: half the latency lies before it is done, half after it
            assert watch.stop() == 0
        assert sandbox.runner("gpu-1")["tags"] == ["gpu"]


def test_a_stop_breaks_off_a_read(folder):
    """SIGTERM while the service does not answer ends it at once."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        service = SimpleNamespace(url=f"http://127.0.0.1:{silent.getsockname()[1]}", token="cfc_a")
        with running(folder, service) as watch, silent.accept()[0] as connection:
            assert connection.recv(1) == b"G"  # it waits for the answer now
            began = time.monotonic()
            assert watch.stop() == 0
            assert time.monotonic() - began < 5


@contextmanager
def receiver(status=200):
    """Somebody who takes notifications: the address and what came."""
    came = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            """Take it."""
            came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_arguments):
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{SECRET}", came
        server.shutdown()
        thread.join()


def test_notifications(folder, sandbox):
    """Suspended and drifted: one notification each, as JSON with `text`; the address is shown nowhere."""
    sandbox.edit("gpu-1", tags=["theirs"])
    with receiver() as (url, came), running(folder, sandbox, "--suspend", "-vv", RECONCILER_NOTIFY_URL=url) as watch:
        watch.says("suspended; 1 drifted")
        assert watch.stop() == 0
        shown = watch.log.read_text()
    assert [each["event"] for each in came] == ["suspended", "drift-begins"]
    assert came[1]["text"] == "reconciler (watch): drift begins: gpu-1 differs from the manifests"
    assert SECRET not in shown


def test_a_stop_is_no_failure(folder):
    """What a stop leaves unwritten is no failed apply and no drift: nobody is notified of it."""
    more = "\n".join(f"  gpu-{n}: {{endpoint: https://g{n}.example.com, tags: [gpu]}}" for n in range(2, 5))
    with (folder / "runners" / "a.yaml").open("a") as manifest:
        manifest.write(f"\n{more}\n")
    with (
        running_sandbox([LIVE], latency_s=0.6) as sandbox,
        receiver() as (url, came),
        running(folder, sandbox, "--parallelism", "1", RECONCILER_NOTIFY_URL=url) as watch,
    ):
        while "POST" not in sandbox.methods:
            time.sleep(0.01)
        assert watch.stop() == 0
        assert "not_attempted" in watch.log.read_text()
    assert came == []


def test_suspended_is_said_from_the_start_and_in_every_line(folder, sandbox):
    """With --suspend also before a manifest could be read, in the status, the metrics and each line of a cycle."""
    good = (folder / "runners" / "a.yaml").read_text()
    (folder / "runners" / "a.yaml").write_text("x: [")
    with running(folder, sandbox, "--suspend", "--interval", "0.2") as watch:
        watch.says("suspended; error")
        assert json.loads(watch.get("/status.json")[1])["suspended"] is True
        assert 'reconciler_suspended{environment=""} 1.0' in watch.get("/metrics")[1]
        (folder / "runners" / "a.yaml").write_text(good)
        sandbox.edit("gpu-1", tags=["theirs"])
        watch.says("drift begins")
        assert watch.stop() == 0
        lines = [line for line in watch.log.read_text().splitlines() if "the status is at" not in line]
        assert [line for line in lines if "suspended" not in line and not line.endswith(": stopped")] == []


@pytest.mark.parametrize("url", ["http://chat.example.com/x", "ftp://127.0.0.1/x", "no url"])
def test_an_address_that_is_not_safe_is_refused(folder, sandbox, url):
    """Plain http to elsewhere, and what is no address of the web: usage, and the address is not shown."""
    env = {"COMFYCONTROL_API_TOKEN": sandbox.token, "RECONCILER_NOTIFY_URL": url}
    ran = run_cli("watch", "--once", "--api-url", sandbox.url, cwd=folder, env=env)
    assert ran.code == 64
    assert url not in ran.err


def test_logs_are_json_where_that_is_asked_for(folder, sandbox):
    """One object a line, for cycles and transitions alike."""
    env = {"COMFYCONTROL_API_TOKEN": sandbox.token}
    ran = run_cli("watch", "--once", "--suspend", "--log-format", "json", "--api-url", sandbox.url, cwd=folder, env=env)
    lines = [json.loads(line) for line in ran.err.splitlines()]
    assert [line["logger"] for line in lines] == ["reconciler.watch"] * 2
    assert lines[0]["message"].startswith("suspended; ")
    assert (ran.code, ran.out) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--once",), 0),
        (("--once", "--mode", "apply"), 0),
        (("--listen", "9090"), 64),
        (("--listen", "256.0.0.1:0"), 1),
        (("--git", "https://user:password@example.com/x"), 64),
        (("--git", "git://example.com/x"), 64),
        (("--git", ".", "--ref", "-x"), 64),
        (("--git", ".", "--policy-from", "main"), 64),
        (("--target", "nobody", "--once"), 64),
        (("-", "--once"), 64),
        (("--once", "--token-file", "missing"), 1),
        (("nowhere", "--once"), 1),
    ],
)
def test_exit_codes(folder, sandbox, arguments, code):
    """A single cycle has the exit code of what it did; what can't begin is refused."""
    env = {"COMFYCONTROL_API_TOKEN": sandbox.token}
    assert run_cli("watch", *arguments, "--api-url", sandbox.url, cwd=folder, env=env).code == code


def test_without_a_token_no_address_is_shown(folder, sandbox):
    """The error alone, for nothing is served then; a watch that only waits for its manifests shows the address."""
    with running(folder, sandbox, COMFYCONTROL_API_TOKEN="") as watch:
        assert watch.process.wait(20) == 1
        log = watch.log.read_text()
    assert "no API token" in log
    assert "the status is at" not in log
    (folder / "runners" / "a.yaml").write_text("version: 1\nrunners: [")
    with running(folder, sandbox) as watch:
        watch.says("the status is at")
        assert watch.get("/readyz")[0] == 503
        watch.stop()
    assert watch.log.read_text().count("the status is at") == 1


def test_an_acknowledgement_that_matches_nothing_is_named_once(folder, sandbox):
    """As plan warns of it, and not again in the cycles to come; one that matches is silent."""
    (folder / "runners" / "a.yaml").write_text(MANIFEST.replace("[gpu]", "['a,b']"))
    given = ("--acknowledge", "coverage:gpu-1", "--acknowledge", "unmatchable-tag:gpu-1", "--interval", "0.1")
    with running(folder, sandbox, *given) as watch:
        watch.says(r"(?s)(in-step.*){3}")
        watch.stop()
        warnings = [line for line in watch.log.read_text().splitlines() if "--acknowledge" in line]
    assert len(warnings) == 1
    assert "--acknowledge coverage:gpu-1: no finding of this plan matches it" in warnings[0]


def test_the_usual_place_may_be_taken(folder, sandbox):
    """Where nobody said where the status goes, a taken port is a warning: a second watch can wait for its turn."""
    with running(folder, sandbox) as first:
        first.says("in-step")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            usual = f"from reconciler.watch import start; start.DEFAULT_LISTEN = '127.0.0.1:{port}'"
            script = f"{usual}\nfrom reconciler.__main__ import main\nmain()"
            env = {
                "PATH": os.environ["PATH"],
                "XDG_STATE_HOME": str(folder / ".state"),
                "COMFYCONTROL_API_TOKEN": sandbox.token,
                "RECONCILER_API_URL": sandbox.url,
            }
            log = folder / "second"
            with log.open("w") as stderr:
                process = subprocess.Popen(
                    [sys.executable, "-c", script, "watch", "--mode", "apply"], cwd=folder, env=env, stderr=stderr
                )
            second = Running(process, log)
            try:
                second.says("going on without")
                second.says(f"waiting; another writer holds the account: process {first.process.pid} of")
                assert second.stop() == 0
            finally:
                process.kill()
                process.wait()
