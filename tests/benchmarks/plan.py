"""Whole plans without changes: start, manifest, pages over loopback, comparison, text; and the memory they take.

What a runner costs on top of the smallest plan, in time and in memory, shows whether growth is linear.
"""

from __future__ import annotations

from tests.benchmarks.measure import Row, in_turn, memory_kb, wall
from tests.benchmarks.serving import served

LARGE = 1_000
LONG = 100_000


def rows(bench):
    smallest = None
    for size in bench.sizes:
        fleet = bench.fleet(size)
        with served("pages_server.py", fleet.pages) as url:
            rounds = 1 if size >= LONG else 5
            runs, floor = in_turn(bench.plan(fleet, url), bench.whole_floor(fleet, url), rounds=rounds)
        smallest = smallest or runs
        note = f"{memory_kb(runs) / 1024:.0f} MB"
        if size >= LARGE:
            more_kb = (memory_kb(runs) - memory_kb(smallest)) / size
            more_us = (wall(runs) - wall(smallest)) / size * 1e6
            note += f"; a runner {more_kb:.1f} KB, {more_us:.0f} µs"
        what = f"`plan` of {size:,} runner{'' if size == 1 else 's'}, no changes"
        yield Row(what, runs, floor, at_most=2.0 if LARGE <= size < LONG else None, note=note)
