"""Findings about manifests alone, as `validate` and `plan` show them."""

from __future__ import annotations

import pytest

from tests.fakes.cli import run_cli

MANIFEST = """\
version: 1
runners:
  gpu-1:
    endpoint: https://gpu-1.example.com
    tags: ["a,b"]
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with one manifest, whose tag no workflow can ask for."""
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "a.yaml").write_text(MANIFEST)
    return tmp_path


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_validate_shows_a_tag_that_nobody_can_ask_for(folder, form):
    """In every format, offline, with code and place."""
    ran = run_cli("validate", "--format", form, cwd=folder)
    assert ran.code == 0
    assert "unmatchable-tag" in ran.out
    if form == "json":
        (finding,) = ran.json["environments"][0]["findings"]
        assert (finding["severity"], finding["key"], finding["line"]) == ("warning", "gpu-1", 5)


@pytest.mark.parametrize(("severity", "code"), [("error", 5), ("warning", 0), ("off", 0)])
def test_a_guard_decides_about_it(folder, severity, code):
    """guard.severity holds offline too: an error that nobody accepted is exit 5, `off` is silent."""
    (folder / "reconciler.yaml").write_text(f"version: 1\nguard: {{severity: {{unmatchable-tag: {severity}}}}}\n")
    ran = run_cli("validate", cwd=folder)
    assert (ran.code, "unmatchable-tag" in ran.out) == (code, severity != "off")
    plan = run_cli("plan", "--sandbox", "s.db", cwd=folder)
    assert (plan.code, "unmatchable-tag" in plan.out) == (code, severity != "off")


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(("command", "flag"), [(("validate",), False), (("plan", "--sandbox", "s.db"), True)])
def test_what_to_do_about_a_refusal(folder, command, flag, form):
    """One line on stderr says which codes refuse and what accepts them, as apply's error does; with -q none."""
    (folder / "reconciler.yaml").write_text("version: 1\nguard: {severity: {unmatchable-tag: error}}\n")
    ran = run_cli(*command, "--format", form, cwd=folder)
    (line,) = ran.err.splitlines()
    assert line.startswith("refused: an error not accepted: unmatchable-tag; fix what is found, or accept it")
    assert ("--acknowledge" in line) == flag
    quiet = run_cli(*command, "--format", form, "-q", cwd=folder)
    assert (quiet.code, quiet.err) == (ran.code, "") == (5, "")
    (folder / "reconciler.yaml").unlink()
    assert "refused" not in run_cli(*command, "--format", form, cwd=folder).err


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
def test_an_acknowledgement_that_matches_nothing_is_a_warning(folder, command):
    """On stderr, once, beside the result; one that matches is silent."""
    given = ("--acknowledge", "coverage:gpu-1", "--acknowledge", "unmatchable-tag:gpu-1")
    ran = run_cli(*command, "--sandbox", "s.db", *given, cwd=folder)
    assert ran.code == 0
    assert ran.err.count("--acknowledge") == 1
    assert "--acknowledge coverage:gpu-1: no finding of this plan matches it" in ran.err
