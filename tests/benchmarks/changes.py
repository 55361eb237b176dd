"""Plans in which tags and headers of every runner differ, beside the plan of the same fleet without changes."""

from __future__ import annotations

from tests.benchmarks.measure import Row, in_turn, memory_kb
from tests.benchmarks.serving import served

FORMATS = ("text", "json", "markdown", "html")


def rows(bench):
    for size in (size for size in bench.sizes if 1000 <= size <= 10_000):
        same, changed = bench.fleet(size), bench.fleet(size, changed=True)
        with served("pages_server.py", same.pages) as same_url, served("pages_server.py", changed.pages) as url:
            commands = [bench.plan(changed, url, "--format", form) for form in FORMATS]
            *outputs, unchanged = in_turn(*commands, bench.plan(same, same_url), expect=(0, 5))
        for form, runs in zip(FORMATS, outputs, strict=True):
            yield Row(
                f"`plan` of {size:,} runners that all differ, {form}, beside no changes",
                runs,
                unchanged,
                at_most=2.5 if form == "text" else None,
                note=f"{memory_kb(runs) / 1024:.0f} MB",
            )
