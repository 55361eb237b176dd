"""The table, and the machine it was made on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from tests.benchmarks.measure import wall

HEAD = "| what | product | beside | ratio | of CPU time | at most | |\n|---|---:|---:|---:|---:|---:|---|"


def line(row):
    """One row in Markdown."""
    floor_s = row.floor_s if row.floor_s is not None else wall(row.floor) if row.floor else None
    over = row.at_most is not None and row.ratio is not None and row.ratio > row.at_most
    cells = (
        row.what,
        seconds(wall(row.product)),
        "" if floor_s is None else seconds(floor_s),
        number(row.ratio),
        number(row.cpu_ratio),
        number(row.at_most),
        "; ".join(part for part in ("over" if over else "", row.note) if part),
    )
    return f"| {' | '.join(cells)} |"


def seconds(value):
    return f"{value * 1000:,.0f} ms" if value < 10 else f"{value:.1f} s"


def number(value):
    return "" if value is None else f"{value:.2f}"


def machine(python):
    """Cores, processor, system and Python; never a name of the machine."""
    model = platform.processor() or platform.machine()
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((row.partition(":")[2].strip() for row in info if row.startswith("model name")), model)
    except OSError:
        pass
    busy = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.machine()}, Python {python}{busy}"
