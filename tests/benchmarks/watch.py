"""How soon a watch acts, and what it costs while nothing happens.

The second column is the bound that the figure is held to.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from tests.benchmarks.measure import Row, Run
from tests.benchmarks.serving import served

INTERVAL_S = 5
LOOK_S = 15
FLEET = 1_000
IDLE_S = 120
IDLE = 0.01
MANIFEST = """\
version: 1
defaults: {status: active, headers: {}}
runners: {gpu-1: {endpoint: 'http://127.0.0.1:9', tags: [%s]}}
"""


def rows(bench):
    from tests.fakes.sandbox import running_sandbox

    live = {"name": "gpu-1", "endpoint": "http://127.0.0.1:9", "tags": ["gpu"], "headers": {}, "status": "active"}
    with running_sandbox([live], token=os.environ["COMFYCONTROL_API_TOKEN"]) as sandbox:
        yield from _healing(bench, sandbox)
        yield from _commits(bench, sandbox)
    if not bench.quick:
        yield _idle(bench)


def _healing(bench, sandbox):
    folder = bench.folder / "watch-healing"
    (folder / "runners").mkdir(parents=True)
    (folder / "runners" / "a.yaml").write_text(MANIFEST % "gpu")
    with _watching(bench, folder, "--api-url", sandbox.url, "--interval", INTERVAL_S) as watch:
        watch.said("in-step")
        before, cycles = len(sandbox.requests), watch.count("in-step")
        watch.said("in-step", cycles + 3)
        reads, planned = len(sandbox.requests) - before, watch.count("in-step") - cycles
        taken = []
        for number in range(5):
            # A new revision each time: of one alone only three heals of a field are made.
            (folder / "runners" / "a.yaml").write_text(MANIFEST % f"gpu-{number}")
            _until(lambda tag=f"gpu-{number}": sandbox.runner("gpu-1")["tags"] == [tag])
            time.sleep(0.2)
            sandbox.edit("gpu-1", tags=["theirs"])
            watch.process.send_signal(signal.SIGHUP)
            taken.append(_until(lambda tag=f"gpu-{number}": sandbox.runner("gpu-1")["tags"] == [tag]))
    (folder / "runners" / "a.yaml").write_text(MANIFEST % "gpu")
    sandbox.edit("gpu-1", tags=["gpu"])
    yield Row("drift healed after SIGHUP", [Run(each, 0.0, 0) for each in taken], floor_s=2.0, at_most=1.0)
    with _watching(bench, folder, "--api-url", sandbox.url, "--interval", INTERVAL_S) as watch:
        watch.said("in-step")
        sandbox.edit("gpu-1", tags=["theirs"])
        taken = _until(lambda: sandbox.runner("gpu-1")["tags"] == ["gpu"])
    what = f"drift healed by itself, interval {INTERVAL_S} s"
    note = f"{reads} reads for {planned} cycles without changes"
    yield Row(what, [Run(taken, 0.0, 0)], floor_s=INTERVAL_S + 2.0, at_most=1.0, note=note)


def _commits(bench, sandbox):
    from tests.fakes.watching import Remote

    remote = Remote(bench.folder / "watch-remote")
    remote.commit(MANIFEST % "gpu")
    more = ("--api-url", sandbox.url, "--interval", 3600, "--git", remote.folder, "--ref", "main")
    with _watching(bench, bench.folder, *more) as watch:
        watch.said("in-step")
        remote.commit(MANIFEST % "hup")
        watch.process.send_signal(signal.SIGHUP)
        hup_s = _until(lambda: sandbox.runner("gpu-1")["tags"] == ["hup"])
        remote.commit(MANIFEST % "look")
        look_s = _until(lambda: sandbox.runner("gpu-1")["tags"] == ["look"])
    yield Row("a new commit in force after SIGHUP", [Run(hup_s, 0.0, 0)], floor_s=2.0, at_most=1.0)
    what = f"a new commit in force by itself, a look each {LOOK_S} s"
    yield Row(what, [Run(look_s, 0.0, 0)], floor_s=LOOK_S + 2.0, at_most=1.0)


def _idle(bench):
    fleet = bench.fleet(FLEET)
    with served("pages_server.py", fleet.pages) as url:
        more = ("--api-url", url, "--interval", 60, "--no-probe", "--rate-limit", "1000000/1", fleet.manifest)
        with _watching(bench, bench.folder, *more) as watch:
            watch.said("in-step")
            time.sleep(1)
            began = _cpu_s(watch.process.pid)
            time.sleep(IDLE_S)
            used_s = _cpu_s(watch.process.pid) - began
    note = f"{used_s / IDLE_S:.2%} of a core at an interval of 60 s, without probes"
    return Row(
        f"CPU of {IDLE_S} s, {FLEET:,} runners", [Run(used_s, used_s, 0)], floor_s=IDLE * IDLE_S, at_most=1.0, note=note
    )


class Watch:
    """A watch that runs, and its log."""

    def __init__(self, process, log):
        self.process, self.log = process, log

    def count(self, word):
        return len(re.findall(word, self.log.read_text()))

    def said(self, word, times=1):
        _until(lambda: self.count(word) >= times, told=self.log)


@contextlib.contextmanager
def _watching(bench, folder, *more):
    log = bench.folder / f"watch-{time.monotonic_ns()}.log"
    words = [
        str(each) for each in (bench.product.command, "watch", "--mode", "apply", "--listen", "127.0.0.1:0", *more)
    ]
    environ = {**os.environ, "XDG_STATE_HOME": str(bench.folder / "state")}
    with log.open("w") as stderr, subprocess.Popen(words, cwd=folder, stderr=stderr, env=environ) as process:
        try:
            yield Watch(process, log)
        finally:
            process.terminate()
            process.wait()


def _until(there, seconds=60, told=None):
    began = time.perf_counter()
    while not there():
        if time.perf_counter() - began > seconds:
            log = told.read_text()[-2000:] if told else ""
            raise SystemExit(f"a watch did not do in a minute what it is to do\n{log}")
        time.sleep(0.005)
    return time.perf_counter() - began


def _cpu_s(pid):
    """Seconds of CPU that a process has used (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
