"""Errors as the user sees them: one line on stderr, or the one document on stdout; never a bare traceback."""

from __future__ import annotations

import json

import click
import pytest

from reconciler.cli.errors import report_failure
from reconciler.errors import ManifestError, ReconcilerError, StalePlan, UsageProblem
from reconciler.model.position import Position, Problem
from reconciler.sandbox.failures import SandboxError

PROBLEM = Problem(Position("a.yaml", 3, 5), "runners.a: unknown key")

ERRORS = [
    # error, exit code, its code, what it says
    (ReconcilerError("x went wrong"), 1, "error", "x went wrong"),
    (UsageProblem("give one"), 64, "usage", "give one"),
    (click.UsageError("No such option '--x'."), 64, "usage", "No such option '--x'."),
    (click.BadParameter("of\n\tmany\n lines"), 64, "usage", "of many lines"),
    (ManifestError([PROBLEM]), 1, "manifest", "a.yaml:3:5: runners.a: unknown key"),
    (StalePlan(["gpu-1: name"], None), 4, "stale", "gpu-1: name"),
    (KeyboardInterrupt(), 130, "interrupted", "interrupted"),
    (click.Abort(), 130, "interrupted", "interrupted"),
    (SandboxError("the seed cannot be read"), 1, "error", "the seed cannot be read"),
    (FileNotFoundError(2, "No such file or directory", "x.json"), 1, "error", "x.json: No such file or directory"),
    (OSError(28, "No space left on device"), 1, "error", "the operating system refused: No space left on device"),
    (ValueError("a secret-value-1"), 1, "error", "unexpected error: ValueError; run again with -v"),
]


@pytest.mark.parametrize(("error", "code", "name", "shown"), ERRORS, ids=[type(row[0]).__name__ for row in ERRORS])
def test_every_error(capsys, monkeypatch, error, code, name, shown):
    """The same exit code as text and as JSON, and no more than was meant to be said."""
    monkeypatch.delenv("RECONCILER_FORMAT", raising=False)
    assert report_failure(error, ["plan"]) == code
    text = capsys.readouterr()
    assert report_failure(error, ["plan", "--format=json"]) == code
    document = capsys.readouterr()
    assert text.out == ""
    assert shown in text.err
    assert json.loads(document.out)["error"]["code"] == name
    assert shown in json.loads(document.out)["error"]["message"]
    assert document.err == ""
    assert "secret-value-1" not in text.err + document.out


def test_a_broken_pipe_is_no_error(capsys):
    """Nobody reads: nothing is said, and the exit code is that of success."""
    assert report_failure(BrokenPipeError(), ["list"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "environment", "as_json"),
    [
        (["plan", "--format", "json"], "", True),
        (["plan", "--format"], "", False),
        (["plan", "--format", "json", "--format", "text"], "", False),
        (["plan", "--", "--format=json"], "", False),
        (["plan"], "json", True),
        (["plan", "--format", "text"], "json", False),
        (["plan", "--format", "markdown"], "", False),
    ],
)
def test_which_format_was_asked_for(capsys, monkeypatch, arguments, environment, as_json):
    """Flags beat the environment, also on a command line that could not be parsed."""
    monkeypatch.setenv("RECONCILER_FORMAT", environment)
    report_failure(UsageProblem("x"), arguments)
    assert capsys.readouterr().out.startswith("{") == as_json


@pytest.mark.parametrize(
    ("arguments", "environment", "frames"),
    [
        (["plan"], "", False),
        (["plan", "-v"], "", True),
        (["plan", "-qv"], "", True),
        (["plan", "-vv"], "", True),
        (["plan", "--verbose"], "", True),
        (["plan", "--live"], "", False),
        (["plan"], "1", True),
        (["plan"], "0", False),
    ],
)
def test_where_an_unexpected_error_came_from(capsys, monkeypatch, arguments, environment, frames):
    """With -v the frames, without the error's own text, which may hold what must not be shown."""
    monkeypatch.setenv("RECONCILER_VERBOSE", environment)

    def fail():
        raise KeyError("secret-value-1")

    with pytest.raises(KeyError) as caught:
        fail()
    assert report_failure(caught.value, arguments) == 1
    shown = capsys.readouterr().err
    assert ("in fail" in shown) == frames
    assert "secret-value-1" not in shown


def test_help_is_pointed_to(capsys):
    """A usage error of a command names that command's help."""
    with click.Context(click.Command("plan"), info_name="reconciler plan") as ctx:
        report_failure(click.UsageError("No such option '--x'.", ctx), ["plan", "--x"])
    assert capsys.readouterr().err.splitlines()[1] == "Try 'reconciler plan --help' for help."
