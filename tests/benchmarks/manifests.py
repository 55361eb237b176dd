"""Reading manifests, beside the C parser's bare events of the same file."""

from __future__ import annotations

from tests.benchmarks.measure import Row, in_turn, wall


def rows(bench):
    product = bench.product
    for size in (size for size in bench.sizes if 100 <= size <= 10_000):
        fleet = bench.fleet(size)
        one = bench.fleet(1)
        validate, start, events, bare = in_turn(
            [product.command, "validate", "-q", fleet.manifest],
            [product.command, "validate", "-q", one.manifest],
            [product.python, bench.floor("events"), fleet.manifest],
            [product.python, bench.floor("events"), one.manifest],
        )
        allowed_s = 4 * max(0.0, wall(events) - wall(bare)) + wall(start)
        mb = fleet.manifest.stat().st_size / 1e6
        note = f"{mb:.1f} MB; 4 times the events and start: {allowed_s * 1000:,.0f} ms"
        yield Row(
            f"`validate` of {size:,} runners", validate, events, at_most=round(allowed_s / wall(events), 2), note=note
        )
