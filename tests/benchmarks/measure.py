"""Runs commands in turn as whole processes and compares their medians."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

ROUNDS = 5


@dataclass(frozen=True)
class Run:
    """One process: seconds by the clock, seconds of CPU, and the most memory it had."""

    wall_s: float
    cpu_s: float
    memory_kb: int


@dataclass
class Row:
    """One line of the table; `at_most` is the ratio it is held to, None for a figure that is only shown."""

    what: str
    product: list[Run]
    floor: list[Run] = field(default_factory=list)
    floor_s: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        if self.floor_s is not None:
            return wall(self.product) / self.floor_s
        return wall(self.product) / wall(self.floor) if self.floor else None

    @property
    def cpu_ratio(self) -> float | None:
        return cpu(self.product) / cpu(self.floor) if self.floor else None


def wall(runs):
    return statistics.median(run.wall_s for run in runs)


def cpu(runs):
    return statistics.median(run.cpu_s for run in runs)


def memory_kb(runs):
    return statistics.median(run.memory_kb for run in runs)


def run(command, *, expect=(0,), stdout=os.devnull):
    """Run one process to its end; its output goes to a file."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(stdout), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, "stderr.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    ]
    words = [str(word) for word in command]
    began = time.perf_counter()
    pid = os.posix_spawn(words[0], words, os.environ, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    ended = time.perf_counter()
    code = os.waitstatus_to_exitcode(status)
    if code not in expect:
        told = Path("stderr.txt").read_text(encoding="utf-8", errors="replace")
        raise SystemExit(f"{' '.join(words)} ended with {code}:\n{told[-2000:]}")
    return Run(ended - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def in_turn(*commands, rounds=ROUNDS, expect=(0,)):
    """Each command once to warm up, then all in turn, so often; gives the runs of each."""
    for command in commands:
        run(command, expect=expect)
    taken = [[] for _ in commands]
    for _ in range(rounds):
        for runs, command in zip(taken, commands, strict=True):
            runs.append(run(command, expect=expect))
    return taken
