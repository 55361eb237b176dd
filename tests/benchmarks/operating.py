"""An operator of 5,000 Runners of one Account: from its start to all being ready, and what it costs to keep them so.

The API server and the service are stand-ins in this process, without a limit: most of the seconds are theirs.
"""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
import time
from pathlib import Path

from tests.benchmarks.measure import Row, Run

FLEET = 5_000
PAGE = 100
INTERVAL_S = 5
IDLE_S = 30
PATIENCE_S = 600


def rows(bench):
    from tests.fakes.kubernetes.api_server import ApiServer
    from tests.fakes.kubernetes.cluster import kubeconfig
    from tests.fakes.sandbox import running_sandbox

    fleet = 500 if bench.quick else FLEET
    token = os.environ["COMFYCONTROL_API_TOKEN"]
    with running_sandbox(token=token) as sandbox, contextlib.closing(ApiServer()) as server:
        _fill(server.start(), sandbox, fleet)
        config = bench.folder / "kubeconfig"
        config.write_text(kubeconfig(server.url))
        with _operating(bench, config) as operator:
            yield _first(operator, server, sandbox, fleet)
            yield _idle(operator, server, sandbox, fleet)
        with _operating(bench, config) as operator:
            yield _taken_over(operator, server, sandbox, fleet)


def _first(operator, server, sandbox, fleet):
    taken_s = _until(operator, lambda: _ready(server) == fleet)
    floor = (
        1 + 1 + fleet + _pages(fleet)
    )  # an empty page, the account of an empty fleet, the writes, what verifies them
    note = (
        f"{_cpu_s(operator.pid):.1f} s of CPU, {_memory_mb(operator.pid):.0f} MB; "
        f"{len(sandbox.requests):,} requests to the service, the least is {floor:,}; "
        f"{server.asked['patch', 'runners/status']:,} statuses"
    )
    return Row(f"operator, {fleet:,} Runners created until all are ready", [Run(taken_s, 0.0, 0)], note=note)


def _idle(operator, server, sandbox, fleet):
    reads, patches, began = len(sandbox.requests), _patches(server), _cpu_s(operator.pid)
    time.sleep(IDLE_S)
    used_s, reads, patches = _cpu_s(operator.pid) - began, len(sandbox.requests) - reads, _patches(server) - patches
    cycles = max(1, round(reads / _pages(fleet)))
    note = f"{reads / cycles:.0f} reads and {patches / cycles:.1f} statuses a cycle; {_memory_mb(operator.pid):.0f} MB"
    return Row(f"operator, CPU of a cycle of {fleet:,} Runners in step", [Run(used_s / cycles, 0.0, 0)], note=note)


def _taken_over(operator, server, sandbox, fleet):
    reads, patches = len(sandbox.requests), _patches(server)
    taken_s = _until(operator, lambda: _patches(server) > patches)
    note = f"{len(sandbox.requests) - reads} reads, the least is {_pages(fleet)}; {_patches(server) - patches} statuses"
    return Row(f"operator, {fleet:,} Runners in step: start to the first plan", [Run(taken_s, 0.0, 0)], note=note)


def _pages(fleet):
    """Reads of a whole list: where its last page is full, one more finds that it was the last."""
    return fleet // PAGE + 1


def _fill(server, sandbox, fleet):
    """Define both kinds, without a schema, and create an Account, the secret of its token, and Runners."""
    from reconciler.operator.resources.resource import ACCOUNTS, GROUP, RUNNERS, VERSION
    from tests.fakes.kubernetes.cluster import account, runner, secret
    from tests.fakes.kubernetes.objects import Kind

    spec = {"apiUrl": sandbox.url, "mode": "apply", "interval": INTERVAL_S, "rateLimit": "1000000/1"}
    common = {"headers": [], "state": "active"}
    token = {"data": {"token": base64.b64encode(sandbox.token.encode()).decode()}}

    async def create():
        for plural, kind in ((ACCOUNTS, "Account"), (RUNNERS, "Runner")):
            made = server.kinds[GROUP, VERSION, plural] = Kind(GROUP, VERSION, plural, kind, status=True)
            server._discover(made)
        _create(server, ("", "v1", "secrets"), {**secret("default", "comfycontrol"), **token})
        _create(server, (GROUP, VERSION, ACCOUNTS), account("default", **spec))
        for number in range(fleet):
            wanted = runner("default", f"gpu-{number:05}", tags=["gpu", f"pool-{number % 50}"], **common)
            _create(server, (GROUP, VERSION, RUNNERS), wanted)

    server.run(create())


def _create(server, kind, made):
    server.objects.create(server.kinds[kind], "default", made, {"default"})


@contextlib.contextmanager
def _operating(bench, config):
    log = bench.folder / f"operator-{time.monotonic_ns()}.log"
    words = [str(bench.product.command), "operator", "--listen", "off", "--no-probe"]
    environ = {**os.environ, "KUBECONFIG": str(config), "XDG_STATE_HOME": str(bench.folder / "state")}
    with log.open("w") as stderr, subprocess.Popen(words, stderr=stderr, env=environ) as process:
        process.log = log
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def _ready(server):
    from reconciler.operator.resources.resource import GROUP, RUNNERS, VERSION

    async def count():
        statuses = [each.get("status", {}) for each in server.kinds[GROUP, VERSION, RUNNERS].objects.values()]
        conditions = [each for status in statuses for each in status.get("conditions", ())]
        return sum(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    return server.run(count())


def _patches(server):
    return server.asked["patch", "accounts/status"] + server.asked["patch", "runners/status"]


def _until(operator, true):
    began = time.perf_counter()
    while not true():
        if operator.poll() is not None or time.perf_counter() - began > PATIENCE_S:
            raise SystemExit(f"an operator did not do what it is to do\n{operator.log.read_text()[-2000:]}")
        time.sleep(0.2)
    return time.perf_counter() - began


def _cpu_s(pid):
    """Seconds of CPU that a process has used (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid):
    """What a process holds in memory now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
