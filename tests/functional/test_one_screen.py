"""500 runners of which 120 change alike: plan, apply, interrupt and list each fit on one screen of 60 lines."""

from __future__ import annotations

import re
import signal

import pytest

from reconciler.adapters.clock import SystemClock
from tests.fakes.cli import run_cli
from tests.fakes.sandbox import seeded_file

COUNT, CHANGED, LINES = 500, 120, 60
WIDTHS = (60, 80, 200)
FAST = ("--sandbox", "s.db", "--rate-limit", "5000/1")


def key(number):
    """The worst case: long keys, and not one of those that change follows another."""
    return f"prod-a100-{number:03}"


@pytest.fixture
def fleet(tmp_path):
    """The live fleet, and manifests that add a tag to every fourth runner."""
    live = [
        {"name": key(number), "endpoint": f"https://c{number}.example.com", "tags": ["gpu"], "status": "active"}
        for number in range(COUNT)
    ]
    seeded_file(tmp_path / "s.db", live)
    rows = [
        f"  {key(number)}: {{endpoint: 'https://c{number}.example.com', tags: [gpu{', sdxl' * changes(number)}]}}"
        for number in range(COUNT)
    ]
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "r.yaml").write_text("\n".join(["version: 1", "runners:", *rows]))
    return tmp_path


def changes(number):
    """Whether a runner is one of the 120."""
    return number % 4 == 0 and number < 4 * CHANGED


def screen(cwd, width, *words, lines=LINES):
    """What a terminal of that size shows of a command, line by line, and its exit code."""
    ran = run_cli(*words, cwd=cwd, screen=(width, lines))
    shown = re.sub(r"\x1b\[[0-9;]*m", "", ran.out).splitlines()
    assert all(len(line) <= width for line in shown), "nothing is wrapped by the terminal"
    return ran.code, shown


def named(lines):
    """The numbers of the runners that folded keys name."""
    text = " ".join(line.strip() for line in lines)
    found = set()
    for inner in re.findall(r"prod-a100-\{([^}]*)\}", text):
        for part in inner.split(", "):
            first, _, last = part.partition("..")
            found |= set(range(int(first), int(last or first) + 1))
    return found | {int(number) for number in re.findall(r"prod-a100-(\d+)", text)}


@pytest.mark.parametrize("width", WIDTHS)
def test_a_plan_is_one_screen(fleet, width):
    """One block names all 120, and the closing line is the contract's."""
    code, shown = screen(fleet, width, "plan", *FAST)
    assert code == 0
    assert len(shown) < LINES
    assert named(shown) == set(filter(changes, range(COUNT)))
    assert "~ 120 runners" in shown
    said = " ".join(line.strip() for line in shown)
    assert said.endswith("Plan: 0 to create, 120 to update, 0 to disable, 380 unchanged, 0 unmanaged.")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_list_is_one_screen(fleet, width):
    """Every runner is named, those that drifted first; the counts come last."""
    code, shown = screen(fleet, width, "list", *FAST)
    assert code == 0
    assert len(shown) < LINES
    assert named(shown) == set(range(COUNT))
    assert [line for line in shown if re.match(r"\d+ runners?:", line)] == [
        "120 runners: active, drifted, gpu",
        "380 runners: active, managed, gpu",
    ]


def test_a_list_in_a_log_is_a_row_each(fleet):
    """Without a terminal, and with --expand, nothing is put together."""
    ran = run_cli("list", *FAST, cwd=fleet)
    assert sum(line.startswith("prod-a100-") for line in ran.out.splitlines()) == COUNT
    _code, shown = screen(fleet, 200, "list", "--expand", *FAST)
    assert sum(line.startswith("prod-a100-") for line in shown) == COUNT


@pytest.mark.parametrize("lines", [10, 20, 40])
def test_a_smaller_screen_holds_a_list_too(fleet, lines):
    """Where not every name fits, the rest is counted."""
    _code, shown = screen(fleet, 60, "list", *FAST, lines=lines)
    assert len(shown) <= lines
    assert "more" in " ".join(shown)


def test_an_apply_is_one_screen(fleet):
    """The plan once, what was done in a line."""
    code, shown = screen(fleet, 60, "apply", "--yes", *FAST)
    assert code == 0
    assert len(shown) < LINES
    assert shown[-1] == "Applied: 0 created, 120 updated, 0 disabled."


def test_an_interrupt_is_one_screen(fleet, monkeypatch):
    """What was applied and what was not, each runner by its name, the reason once."""
    wait = SystemClock.wait
    once = [signal.SIGINT]

    def interrupt(self, seconds):
        while once:
            signal.raise_signal(once.pop())
        wait(self, seconds)

    monkeypatch.setattr(SystemClock, "wait", interrupt)
    code, shown = screen(fleet, 60, "apply", "--yes", "--sandbox", "s.db", "--rate-limit", "100/50")
    assert code == 130
    assert len(shown) < LINES
    report = shown[shown.index("Interrupted.") :]
    assert named(report) == set(filter(changes, range(COUNT)))
    assert sum("interrupted before its turn" in line for line in report) == 1
    assert re.search(r"Not applied: \d+ not attempted\.", "\n".join(report))
