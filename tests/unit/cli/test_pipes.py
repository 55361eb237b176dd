"""Streams: closed pipes end quietly, a full disk is an error for results and nothing for notes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.pipes import Unwritable, close_quietly, echo, escape_unencodable, note, write

FULL = Path("/dev/full")


class Broken(io.StringIO):
    """A stream that fails in one way."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def flush(self):
        """Fail."""
        raise self.error


@pytest.fixture
def broken_pipe():
    """A text stream into a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        yield stream


def test_a_closed_pipe_ends_quietly(broken_pipe):
    """The first write finds out, all later ones go nowhere."""
    write(broken_pipe, ["a\n"])
    write(broken_pipe, ["b\n"])
    broken_pipe.flush()


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is full")
def test_a_full_disk_is_told_once():
    """A result that can't be written is an error; closing the stream then is none."""
    with FULL.open("w", encoding="utf-8") as stream:
        with pytest.raises(Unwritable, match="the output can't be written: No space left on device"):
            write(stream, ["a\n"])
        write(stream, ["b\n"])


def test_a_note_never_fails(monkeypatch):
    """A message that stderr does not take is dropped."""
    monkeypatch.setattr(sys, "stderr", Broken(OSError(28, "No space left on device")))
    note("lost")


def test_echo_ends_its_line(capsys):
    """One line end, whether the text has it or not."""
    echo("a")
    echo("b\n")
    assert capsys.readouterr().out == "a\nb\n"


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "full"), ValueError("closed")])
def test_closing_is_quiet(monkeypatch, error):
    """Whatever the last flush meets."""
    monkeypatch.setattr(sys, "stdout", Broken(error))
    monkeypatch.setattr(sys, "stderr", Broken(error))
    close_quietly()


def test_closed_streams_go_nowhere(monkeypatch):
    """A stream that was closed before the start is opened onto nothing."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    escape_unencodable()
    opened = (sys.stdin, sys.stdout, sys.stderr)
    echo("nowhere")
    note("nowhere")
    assert sys.stdin.read() == ""
    for stream in opened:
        stream.close()


def test_what_the_encoding_lacks_is_escaped():
    """A name in another script does not end a run on a terminal of ASCII."""
    code = "from reconciler.cli.pipes import *; escape_unencodable(); echo('Größe')"
    ran = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=True
    )
    assert ran.stdout == b"Gr\\xf6\\xdfe\n"
