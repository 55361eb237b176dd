"""Whole plans without changes: start, manifest, pages over loopback, comparison, text; and the memory they take."""

from __future__ import annotations

from tests.benchmarks.measure import Row, in_turn, memory_kb
from tests.benchmarks.serving import served

LONG = 100_000


def rows(bench):
    smallest_kb = None
    for size in bench.sizes:
        fleet = bench.fleet(size)
        with served("pages_server.py", fleet.pages) as url:
            rounds = 1 if size >= LONG else 5
            runs, floor = in_turn(bench.plan(fleet, url), bench.whole_floor(fleet, url), rounds=rounds)
        used_kb = memory_kb(runs)
        smallest_kb = used_kb if smallest_kb is None else smallest_kb
        note = f"{used_kb / 1024:.0f} MB"
        if size >= 1000:
            note += f", {(used_kb - smallest_kb) / size:.1f} KB a runner"
        yield Row(
            f"`plan` of {size:,} runners, no changes",
            runs,
            floor,
            at_most=2.0 if 1000 <= size < LONG else None,
            note=note,
        )
