"""The question before an apply: only y or yes is a yes, and an interrupt is always seen."""

from __future__ import annotations

import io
import os
import select
import sys

import click
import pytest

from reconciler.cli.prompt import confirmed


@pytest.fixture
def typed(monkeypatch):
    """Types text on a stdin that can be waited for."""
    reader, writer = os.pipe()

    def type_(text):
        os.write(writer, text.encode())
        os.close(writer)

    with os.fdopen(reader) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield type_


ANSWERS = [
    ("y\n", True),
    ("YES\n", True),
    (" yes \n", True),
    ("n\n", False),
    ("\n", False),
    ("yep\n", False),
    ("y", True),
]


@pytest.mark.parametrize(("text", "yes"), ANSWERS)
def test_answers(typed, capsys, text, yes):
    """Whatever is not a clear yes is a no; the question is on stderr."""
    typed(text)
    assert confirmed("Apply?") == yes
    assert capsys.readouterr() == ("", "Apply? [y/N]: ")


def test_the_end_of_the_input(typed, capsys):
    """Ctrl-D is no answer."""
    typed("")
    with pytest.raises(click.Abort):
        confirmed("Apply?")
    assert capsys.readouterr().err == "Apply? [y/N]: \n"


def test_an_interrupt(monkeypatch, capsys):
    """It ends the line of the question and the run."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(select, "select", interrupted)
    with pytest.raises(click.Abort):
        confirmed("Apply?")
    assert capsys.readouterr().err == "Apply? [y/N]: \n"


def test_it_looks_again_and_again(typed, monkeypatch):
    """The wait is made of short ones, after each of which a signal that came before it is seen."""
    waits = []
    real = select.select

    def watched(ready, write, error, seconds):
        waits.append(seconds)
        return ([], [], []) if len(waits) < 3 else real(ready, write, error, seconds)

    monkeypatch.setattr(select, "select", watched)
    typed("y\n")
    assert confirmed("Apply?")
    assert len(waits) == 3
    assert max(waits) <= 0.25


def test_a_stdin_that_cannot_be_waited_for(monkeypatch):
    """Then it is simply read."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    assert confirmed("Apply?")
