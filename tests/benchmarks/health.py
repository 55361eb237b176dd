"""Probes of a whole fleet, against one stub in a process of its own, beside bare sockets."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.measure import Row, in_turn, wall
from tests.benchmarks.serving import served

COUNT = 1000
AT_MOST_S = 10.0


def rows(bench):
    python, script = bench.product.python, Path(__file__).with_name("probes.py")
    with served("comfyui_server.py") as url:
        product, floor = in_turn([python, script, url, COUNT], [python, bench.floor("probe"), url, COUNT])
    took_s = wall(product)
    note = f"{took_s:.1f} s, under {AT_MOST_S:g} s: {'yes' if took_s < AT_MOST_S else 'NO'}"
    yield Row(f"{COUNT} probes, 50 at a time", product, floor, note=note)
