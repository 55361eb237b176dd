"""An apply that asks on a terminal: only a yes to the plan that was shown writes."""

from __future__ import annotations

import os
import pty
import select
import signal

import pytest

from tests.faults.bench import (
    OPERATIONS,
    SECRETS,
    live,
    state,
)

OPERATION = OPERATIONS["saved plan"]

MANIFEST = "runners/fleet.yaml"


class Terminal:
    """An apply on a terminal of its own, whose question is answered by hand."""

    def __init__(self, world, *arguments):
        self._ours, theirs = pty.openpty()
        self.process = world.start("apply", *arguments, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.text = ""

    def read_until(self, word):
        """Read until the word shows."""
        while word not in self.text:
            ready, _write, _error = select.select([self._ours], [], [], 60)
            assert ready, self.text
            try:
                data = os.read(self._ours, 65536)
            except OSError:
                break
            if not data:
                break
            self.text += data.decode()
        assert word in self.text, self.text

    def answer(self, text):
        """Type, and wait for the end: the exit code."""
        os.write(self._ours, text.encode())
        while True:
            try:
                data = os.read(self._ours, 65536)
            except OSError:
                break
            if not data:
                break
            self.text += data.decode()
        code = self.process.wait(60)
        os.close(self._ours)
        return code


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"], ids=["no", "nothing", "end of input"])
def test_an_interactive_apply_takes_only_a_yes(world, answer):
    """Anything but yes writes nothing and is no success."""
    terminal = Terminal(world)
    terminal.read_until("? [y/N]")
    code = terminal.answer(answer)
    assert code in (1, 130)
    assert not world.proxy.writes


def test_an_interactive_apply_applies_after_a_yes(world):
    """Yes: it reads again and writes what it showed."""
    terminal = Terminal(world)
    terminal.read_until("? [y/N]")
    assert terminal.answer("y\n") == 0
    assert "gpu-new" in state(world.proxy.runners)
    assert not [secret for secret in SECRETS if secret in terminal.text]


@pytest.mark.parametrize(
    "move",
    [
        lambda world: world.proxy.store.update(OPERATION.before[0]["id"], {"tags": ["moved"]}),
        lambda world: world.proxy.store.add_many([live(50, "gpu-new")]),
        lambda world: (world.root / MANIFEST).write_text(OPERATION.manifest.replace("gpu-new", "gpu-newer")),
    ],
    ids=["live moved", "created meanwhile", "manifest moved"],
)
def test_what_moves_between_prompt_and_yes_is_stale(world, move):
    """Exit 4, what moved, nothing written."""
    terminal = Terminal(world)
    terminal.read_until("? [y/N]")
    move(world)
    assert terminal.answer("y\n") == 4
    assert "stale" in terminal.text
    assert not world.proxy.writes


def test_ctrl_c_at_the_prompt_writes_nothing(world):
    """Exit 130."""
    terminal = Terminal(world)
    terminal.read_until("? [y/N]")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.answer("") == 130
    assert not world.proxy.writes
