"""An apply of 200 updates at the true limit: the pages are read, then written."""

from __future__ import annotations

from tests.benchmarks.limit import LATE_S, LIMIT, floor_s, judged
from tests.benchmarks.measure import Row, run
from tests.benchmarks.serving import served

UPDATES = 200


def rows(bench):
    if bench.quick:
        return
    fleet = bench.fleet(UPDATES, changed=True)
    with served("limited_server.py", fleet.pages, *LIMIT, LATE_S) as url:
        command = [bench.product.command, "apply", "-q", "--yes", "--api-url", url, fleet.manifest]
        taken = run(command)
        _, note = judged(url)
    requests = UPDATES + -(-UPDATES // 100)
    yield Row(f"`apply` of {UPDATES} updates", [taken], floor_s=floor_s(requests), at_most=1.15, note=note)
