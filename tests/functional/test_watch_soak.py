"""Two thousand cycles in one process: nothing grows, nothing is left open, and requests are what the cycles need."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from reconciler.watch.web.app import BoardView
from reconciler.watch.web.server import StatusServer
from tests.fakes.figures import Figures
from tests.fakes.sandbox import running_sandbox
from tests.fakes.watching import INTERVAL_S, Watching

CYCLES = 2_000
SETTLED = 200
MOST_GROWTH_KB = 2 * 1024
FLEET = 20
TOGGLE_EVERY = 20


def manifest(tag):
    """A fleet with one tag."""
    lines = (f"  gpu-{n}: {{endpoint: 'http://127.0.0.1:9', tags: [{tag}]}}\n" for n in range(FLEET))
    return "version: 1\ndefaults: {status: active, headers: {X-Key: '${env:RECONCILER_SOAK}'}}\nrunners:\n" + "".join(
        lines
    )


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the figures are Linux's")
def test_two_thousand_cycles(tmp_path, monkeypatch, capsys):
    """Memory grows by less than 2 MB from cycle 200 to 2,000; every 20th brings a new revision that is written."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("RECONCILER_SOAK", "soak-secret-value")
    file = tmp_path / "runners" / "a.yaml"
    file.parent.mkdir()
    file.write_text(manifest("gpu"))
    counted = {"GET": 0, "PUT": 0, "POST": 0}
    figures, toggles = {}, 0
    with running_sandbox() as sandbox:
        watching = Watching(tmp_path, sandbox.url)
        watching.source.look_every_s = 10 * INTERVAL_S  # the cycle itself meets the new revision
        show = watching.board.show

        def after_a_cycle(status, counts):
            nonlocal toggles
            show(status, counts)
            watching.statuses.clear()
            watching.clock.waits.clear()
            for method in sandbox.methods:
                counted[method] += 1
            sandbox.requests.clear()
            if status.cycles in (SETTLED, CYCLES):
                figures[status.cycles] = Figures()
            if status.cycles % TOGGLE_EVERY == 0 and status.cycles < CYCLES:
                toggles += 1
                file.write_text(manifest("sdxl" if toggles % 2 else "gpu"))
            if status.cycles % 50 == 0:
                for path in ("/", "/metrics", "/status.json"):
                    urllib.request.urlopen(server.url + path).read()  # noqa: S310 - our own address
            if status.cycles == CYCLES:
                watching.stop.set()

        watching.board.show = after_a_cycle
        with StatusServer(BoardView(watching.board), "127.0.0.1", 0) as server:
            before = Figures()
            assert watching.run(CYCLES * INTERVAL_S * 2) == 0
        after = Figures()
    with capsys.disabled():
        print()
        for cycle, found in figures.items():
            print(f"  cycle {cycle}: {found}")
        print(f"  {counted}, {toggles} commits")
    assert figures[CYCLES].memory_kb - figures[SETTLED].memory_kb < MOST_GROWTH_KB
    assert (figures[CYCLES].threads, figures[CYCLES].files) == (figures[SETTLED].threads, figures[SETTLED].files)
    assert after.threads <= before.threads
    assert after.files <= before.files
    # A cycle is one read, one more after a write, and at the start the account of an empty fleet.
    assert counted == {"GET": CYCLES + (toggles + 1) + 1, "PUT": toggles * FLEET, "POST": FLEET}
