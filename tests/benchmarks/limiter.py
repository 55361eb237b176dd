"""The limiter at the true scale: 200 reads by 8 threads, against a service that stamps arrivals up to 0.5 s late."""

from __future__ import annotations

from dataclasses import replace

from tests.benchmarks.limit import LATE_S, LIMIT, floor_s, judged
from tests.benchmarks.measure import Row, run
from tests.benchmarks.serving import served

READS = 200


def rows(bench):
    if bench.quick:
        return
    fleet = bench.fleet(READS * 100)
    with served("limited_server.py", fleet.pages, *LIMIT, LATE_S) as url:
        command = [bench.product.command, "list", "-q", "--api-url", url, "--format", "json"]
        taken = run(command)
        span_s, note = judged(url)
    what = f"{READS} reads at 40 in 10 s, 8 at once, from first to last arrival"
    yield Row(what, [replace(taken, wall_s=span_s)], floor_s=floor_s(READS), at_most=1.08, note=note)
