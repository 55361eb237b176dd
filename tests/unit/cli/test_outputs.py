"""Results to stdout and to reports; widths and colours of the stream they go to."""

from __future__ import annotations

import io
import os
import pty
import sys
from contextlib import contextmanager

import pytest

from reconciler.cli import outputs
from reconciler.cli.color import color
from reconciler.cli.groups import Output
from reconciler.cli.outputs import check_reports, put, put_refusal, put_report, terminal_width
from reconciler.cli.pipes import Unwritable
from reconciler.errors import UsageProblem
from reconciler.model.plan import Plan
from reconciler.model.results import Applied, Effective, Exported, Listed
from tests.fakes import sample_plans as sample


def options(*reports, form="text"):
    """Parsed options with these reports."""
    return Output(format_=form, reports=reports)


@contextmanager
def terminal(columns=0):
    """A stream that is a terminal so many columns wide."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(theirs, "w") as stream:
        yield stream
    os.close(ours)


class Unknown(io.StringIO):
    """A stream that says it is a terminal and has no descriptor."""

    def isatty(self):
        """Yes."""
        return True


@pytest.mark.parametrize("columns", [1, 60, 200])
def test_the_width_of_a_terminal(monkeypatch, columns):
    """Its own, unless COLUMNS says otherwise."""
    monkeypatch.delenv("COLUMNS", raising=False)
    with terminal(columns) as stream:
        assert terminal_width(stream) == columns
        for given, width in (("80", 80), ("0", columns), ("wide", columns), ("", columns)):
            monkeypatch.setenv("COLUMNS", given)
            assert terminal_width(stream) == width


def test_what_has_no_width(monkeypatch):
    """A file, a terminal that does not tell, one without a descriptor: nothing is wrapped."""
    monkeypatch.delenv("COLUMNS", raising=False)
    assert terminal_width(io.StringIO()) is None
    assert terminal_width(Unknown()) is None
    with terminal(0) as stream:
        assert terminal_width(stream) is None
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert terminal_width() is None


def test_the_colours_of_a_stream(monkeypatch):
    """Each stream is asked for itself; a dumb terminal has none."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not color()
    assert color(Unknown())
    assert not color(Unknown(), no_color=True)
    monkeypatch.setenv("TERM", "dumb")
    assert not color(Unknown())


@pytest.mark.parametrize("name", ["a.txt", "a.json", "a.md", "a.html", "a.b.md"])
def test_reports_with_a_format(tmp_path, name):
    """Four suffixes name a format; a file that is there may be written over."""
    check_reports(options(str(tmp_path / name)), Plan)
    (tmp_path / name).touch()
    check_reports(options(str(tmp_path / name)), Plan)


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.md.bak", ".md"])
def test_reports_without_a_format(tmp_path, name):
    """Any other is a usage error that lists them."""
    with pytest.raises(UsageProblem, match=r"\.txt, \.json, \.md, \.html"):
        check_reports(options(str(tmp_path / name)), Plan)


def test_a_format_that_can_not_show_the_result(tmp_path, monkeypatch):
    """A format with views of some results only refuses the others before anything is read."""
    monkeypatch.setattr(outputs, "view_of", lambda kind, _form: None if kind is Listed else object())
    with pytest.raises(UsageProblem, match="can't show what this command gives"):
        check_reports(options(str(tmp_path / "a.md")), Listed)
    check_reports(options(str(tmp_path / "a.md")), Listed, Plan)


def test_the_right_is_asked_for(tmp_path, monkeypatch):
    """Of the folder, where the new file is made, and of the file where it is there."""
    asked = []
    monkeypatch.setattr(os, "access", lambda path, mode: asked.append((path, mode)) or path == tmp_path)
    (tmp_path / "old.md").touch()
    check_reports(options(str(tmp_path / "new.md")), Plan)
    with pytest.raises(Unwritable, match="check the rights"):
        check_reports(options(str(tmp_path / "old.md")), Plan)
    assert asked == [(tmp_path, os.W_OK), (tmp_path, os.W_OK), (tmp_path / "old.md", os.W_OK)]


def test_stdout_ends_with_a_line_end(capsys):
    """Also that of a manifest without one; an empty result stays empty."""
    put(options(), Effective(None, ()))
    put(options(), Exported("a: b", (), (), None))
    put(options(), Exported("", (), (), None))
    assert capsys.readouterr().out.splitlines()[-2:] == ["runners: {}", "a: b"]


def test_a_report_that_fails_late(tmp_path, capsys):
    """A plan's is an error, so that nothing is on stdout; an apply's is a warning, for that is done."""
    full = options("/dev/full/x.md")
    with pytest.raises(Unwritable, match="can't be written"):
        put(full, sample.plan())
    assert capsys.readouterr().out == ""
    put_report(full, Applied(sample.report("failed"), sample.plan(sample.action())))
    shown = capsys.readouterr()
    assert "Applied: 0 created" in shown.out
    assert "the run is over, its result is lost" in shown.err
    del tmp_path


@pytest.mark.parametrize(("form", "out"), [("text", False), ("json", False), ("markdown", True), ("html", True)])
def test_a_refused_plan(tmp_path, capsys, form, out):
    """It goes to every report, and to stdout where neither the text before nor the error document shows it."""
    put_refusal(options(str(tmp_path / "r.md"), form=form), sample.plan())
    assert (tmp_path / "r.md").read_text().startswith("## ")
    assert bool(capsys.readouterr().out) == out


def test_no_plan_to_refuse(tmp_path):
    """Where there is none, nothing is written."""
    put_refusal(options(str(tmp_path / "r.md")), None)
    assert not (tmp_path / "r.md").exists()


def test_a_refusal_stays_one_where_its_report_cannot_be_written(tmp_path, capsys):
    """The refusal, with its exit code, is the result; a report that is lost is a warning beside it."""
    put_refusal(options(str(tmp_path / "missing" / "r.json")), sample.plan(sample.action()))
    assert "warning: --report" in capsys.readouterr().err
