"""What a run says on one screen: where it is, what is asked, and nothing twice."""

from __future__ import annotations

import re

import pytest

from reconciler.cli import prompt
from tests.fakes.cli import run_cli

PROJECT = """\
version: 1
manifests: [runners]
guard: {endpoint_hosts: ["*.example.com"]}
environments: {staging: {}}
"""
MANIFEST = "version: 1\nrunners:\n  gpu-1: {endpoint: 'https://a.example.com', tags: [gpu]}\n"
NOTICE = "Sandbox s.db: the embedded emulator, not the service."


@pytest.fixture
def emulated(tmp_path):
    """A project of one environment and a command line on the embedded emulator."""
    (tmp_path / "reconciler.yaml").write_text(PROJECT)
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "r.yaml").write_text(MANIFEST)
    env = {"RECONCILER_SANDBOX": "s.db", "RECONCILER_ENV": "staging"}
    return lambda *words, **more: run_cli(*words, cwd=tmp_path, env=env | more)


def test_an_apply_says_once_that_it_is_the_sandbox(emulated):
    """At the top of the screen; the report below its plan does not say it again."""
    ran = emulated("apply", "--yes")
    assert ran.out.count(NOTICE) == 1
    assert ran.out.startswith(NOTICE)


def test_a_report_of_its_own_says_it_too(emulated, tmp_path):
    """A file has no plan above."""
    emulated("apply", "--yes", "--report", "a.txt")
    assert (tmp_path / "a.txt").read_text().splitlines() == [NOTICE, "Applied: 1 created, 0 updated, 0 disabled."]


@pytest.mark.parametrize("saved", [False, True])
def test_nothing_is_applied_after_no_changes(emulated, tmp_path, saved):
    """The plan's closing line ends it, on the screen and in a file."""
    emulated("apply", "--yes")
    emulated("plan", "--out", "p.plan")
    words = ["--plan", "p.plan"] if saved else ["--yes"]
    ran = run_cli("apply", *words, "--sandbox", "s.db", "--report", "a.txt", "--report", "a.md", "--report", "a.html",
                  *([] if saved else ["-e", "staging"]), cwd=tmp_path)  # fmt: skip
    assert ran.code == 0, ran.err
    assert ran.out.endswith("No changes. 1 runner matches the manifests.\n")
    for shown in (ran.out, *((tmp_path / f"a.{suffix}").read_text() for suffix in ("txt", "md", "html"))):
        assert "Applied" not in shown
        assert "1 runner matches the manifests." in shown


def test_a_text_plan_names_the_address_and_the_environment(emulated):
    """Also one without changes."""
    assert "Plan for environment staging at http://sandbox.localhost\n" in emulated("plan").out
    emulated("apply", "--yes")
    assert "Plan for environment staging at http://sandbox.localhost\n" in emulated("plan").out


def test_the_question_names_counts_environment_and_address(emulated, monkeypatch):
    """So that nobody says yes to another account than the one they think of."""
    asked = []
    monkeypatch.setattr(prompt, "confirmed", lambda question: asked.append(question) or False)
    monkeypatch.setattr("reconciler.cli.commands.live.apply.sys", Terminal())
    emulated("apply")
    where = "environment staging at http://sandbox.localhost"
    assert asked == [f"Apply this plan to {where}: 1 to create?"]


class Terminal:
    """`sys` of somebody who can be asked."""

    def __getattr__(self, name):
        import sys

        return self if name == "stdin" else getattr(sys, name)

    def isatty(self):
        """Yes."""
        return True


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_refusal_repeats_no_finding(emulated, tmp_path, form):
    """The plan says what was found; the error says how much, and what to do."""
    (tmp_path / "runners" / "r.yaml").write_text(MANIFEST.replace("a.example.com", "a.example.org"))
    ran = emulated("apply", "--yes", "--format", form)
    assert ran.code == 5
    screen = ran.out + ran.err
    assert len(re.findall(r"is not among", screen)) == 1
    assert ran.err.startswith("refused, nothing was written: an error not accepted: host-not-allowed; fix what")


@pytest.mark.parametrize("before", [["-v"], ["-vv"], ["--verbose"], ["-q"], ["-qv"], ["--quiet", "-v"]])
def test_verbosity_before_the_command(emulated, before):
    """`reconciler -v plan` is `reconciler plan -v`."""
    ran = emulated(*before, "plan")
    assert ran.code == 0, ran.err
    assert ("GET" in ran.err) == ("v" in before[-1] and before != ["--quiet"])
    assert ran.out == emulated("plan").out


@pytest.mark.parametrize("words", [["-v"], ["-q", "frobnicate"], ["-x", "plan"], ["-v", "schema", "plan"]])
def test_verbosity_before_nothing_of_the_kind(emulated, words):
    """Without a command, or before one that knows no such option, it is a usage error."""
    assert emulated(*words).code == 64
