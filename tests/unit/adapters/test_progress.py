"""Progress is shown where it helps, and never stops a run."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest

from reconciler.adapters.progress import NoProgress, PlainProgress, choose_progress
from reconciler.adapters.progress_bar import ProgressBar
from reconciler.adapters.progress_rules import time_left
from reconciler.model.plan import Budget
from reconciler.model.report import Outcome
from tests.fakes import sample_plans as sample

ANSI = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]")


class BrokenStream(io.StringIO):
    """A stderr whose reader has gone."""

    def write(self, _text):
        """Fail as a closed pipe does."""
        raise BrokenPipeError

    def flush(self):
        """Likewise."""
        raise BrokenPipeError


def outcome(status="applied"):
    """One outcome."""
    return sample.report(status).outcomes[0]


def story(progress):
    """A whole run: many pages, a cooldown, two outcomes."""
    for page in range(1, 5):
        progress.reading(page, 4)
    progress.applying(sample.plan(sample.action(key="runner-1"), sample.action(key="runner-2")))
    progress.waiting(10.0, "rate limit")
    progress.done(outcome())
    progress.done(outcome("failed"))
    progress.close()


def test_plain_lines():
    """Without a terminal each event has its line."""
    stream = io.StringIO()
    story(choose_progress(quiet=False, terminal=False, color=False, stream=stream))
    assert stream.getvalue().splitlines() == [
        "reading 4 pages of runners",
        "applying 2 writes",
        "waiting 10 s: rate limit",
        "applied runner-1 (update)",
        "failed runner-1 (update): why failed",
    ]


@pytest.mark.parametrize("kind", [False, True])
@pytest.mark.parametrize(("pages", "shown"), [(3, False), (4, True)])
def test_a_short_list_is_not_shown(kind, pages, shown):
    """Up to three pages are read without a word."""
    stream = io.StringIO()
    progress = choose_progress(quiet=False, terminal=kind, color=False, stream=stream)
    progress.reading(1, pages)
    progress.close()
    assert bool(stream.getvalue()) == shown


@pytest.mark.parametrize("kind", [False, True])
@pytest.mark.parametrize(("seconds", "shown"), [(1.9, False), (2.0, True)])
def test_a_short_wait_is_not_shown(kind, seconds, shown):
    """A pause of under two seconds has no line."""
    stream = io.StringIO()
    progress = choose_progress(quiet=False, terminal=kind, color=False, stream=stream)
    progress.waiting(seconds, "retry")
    assert bool(stream.getvalue()) == shown


def test_the_bar_counts_and_keeps_what_failed():
    """On a terminal the bar counts to the end and goes; failures and pauses stay on the screen."""
    stream = io.StringIO()
    story(choose_progress(quiet=False, terminal=True, color=False, stream=stream))
    shown = ANSI.sub("", stream.getvalue())
    assert "Reading" in shown
    assert "4/4" in shown
    assert "Applying" in shown
    assert "2/2" in shown
    assert "failed runner-1 (update): why failed\n" in shown
    assert "waiting 10 s: rate limit\n" in shown
    assert "applied runner-1" not in shown


LEFT = [
    (0, 10, 0.0, 0.0, ""),
    (0, 10, 0.0, 50.0, "about 50 s left"),
    (5, 10, 10.0, 0.0, "about 10 s left"),
    (5, 10, 10.0, 90.0, "about 45 s left"),
    (5, 10, 99.0, 0.0, "about 99 s left"),
    (5, 10, 100.0, 0.0, "about 2 min left"),
    (1, 61, 3.0, 0.0, "about 3 min left"),
    (9, 10, 8.0, 0.0, ""),
    (9, 10, 9.0, 0.0, "about 1 s left"),
    (10, 10, 9.0, 50.0, ""),
    (0, 0, 0.0, 0.0, ""),
]


@pytest.mark.parametrize(("done", "total", "elapsed_s", "least_s", "left"), LEFT)
def test_how_long_it_has_to_go(done, total, elapsed_s, least_s, left):
    """By the pace so far, but never less than the rate limit makes of it; nothing is said before anything is known."""
    assert time_left(done, total, elapsed_s, least_s) == left


def test_the_bar_says_how_long_it_has_to_go():
    """From its beginning, where the plan knows what the rate limit makes of it."""
    stream = io.StringIO()
    bar = ProgressBar(stream, color=False)
    actions = [sample.action(key=str(number)) for number in range(2)]
    bar.applying(sample.plan(*actions, budget=Budget(1, 2, 0, 60.0)))
    bar.close()
    assert "about 60 s left" in ANSI.sub("", stream.getvalue())


@pytest.mark.parametrize(("count", "lines"), [(2, 2), (3, 3), (50, 3)])
def test_failures_alike_do_not_fill_the_screen(count, lines):
    """A few stay above the bar; the report has them all."""
    stream = io.StringIO()
    bar = ProgressBar(stream, color=False)
    bar.applying(sample.plan(*(sample.action(key=str(number)) for number in range(count))))
    for _ in range(count):
        bar.done(outcome("failed"))
    shown = ANSI.sub("", stream.getvalue())
    assert shown.count("why failed\n") == lines
    assert ("more like it are in the report only" in shown) == (count >= 3)


def test_the_bar_leaves_the_cursor_shown():
    """However a run ends, the terminal has its cursor."""
    stream = io.StringIO()
    bar = ProgressBar(stream, color=True)
    bar.applying(sample.plan(sample.action()))
    assert stream.getvalue().rfind("\x1b[?25h") > stream.getvalue().rfind("\x1b[?25l")


def test_quiet_shows_nothing():
    """With -q there is no progress at all."""
    progress = choose_progress(quiet=True, terminal=True, color=True)
    assert isinstance(progress, NoProgress)
    story(progress)


@pytest.mark.parametrize("terminal", [False, True])
def test_a_broken_stderr_stops_nothing(terminal):
    """A run goes on when nobody reads its progress."""
    story(choose_progress(quiet=False, terminal=terminal, color=True, stream=BrokenStream()))


@pytest.mark.parametrize("terminal", [False, True])
def test_a_closed_stderr_stops_nothing(terminal):
    """Likewise when stderr is closed."""
    stream = io.StringIO()
    stream.close()
    story(choose_progress(quiet=False, terminal=terminal, color=True, stream=stream))


@pytest.mark.parametrize("kind", [PlainProgress, lambda stream: ProgressBar(stream, color=True)])
def test_hostile_keys_are_harmless(kind):
    """A message from the service can't steer the terminal."""
    stream = io.StringIO()
    progress = kind(stream)
    progress.done(Outcome(key="\x1b[2J\n::error::x", action="update", id=None, status="failed"))
    progress.waiting(5, "##[error]")
    assert "\x1b[2J" not in stream.getvalue()
    assert "##[" not in stream.getvalue()
    assert not any(row.startswith("::") for row in stream.getvalue().splitlines())


def test_rich_is_imported_only_to_draw():
    """Choosing a progress does not import rich."""
    code = (
        "import io, sys; from reconciler.adapters.progress import choose_progress as choose; "
        "choose(quiet=False, terminal=True, color=True, stream=io.StringIO()).reading(1, 2); "
        "sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
