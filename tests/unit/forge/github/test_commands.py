"""Workflow commands in an Actions log."""

from __future__ import annotations

import pytest

from reconciler.forge.github.commands import MAX_ANNOTATIONS, command, finding_annotations, mask, problem_annotations
from reconciler.model.finding import Finding
from reconciler.model.position import Position, Problem
from tests.fakes.hostile import HOSTILE

AT = Position("runners/a,b:c.yaml", 3, 7)


def test_a_command_carries_its_place_and_title():
    """Property values escape what would end them; data escapes percent signs."""
    line = command("error", "100% wrong", AT, "manifest")
    assert line == "::error file=runners/a%2Cb%3Ac.yaml,line=3,col=7,title=manifest::100%25 wrong"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_ends_a_command_or_starts_another(hostile):
    """Whatever a name or message holds, one command is one line and holds no other command."""
    line = command("warning", hostile, Position(hostile, 1, 1), hostile)
    assert len(line.splitlines()) == 1
    assert line.startswith("::warning file=")
    assert "##[" not in line
    properties = line.removeprefix("::warning ").partition("::")[0]
    assert properties.count("=") >= 3
    assert ":" not in properties


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("plain", "::add-mask::plain"),
        ("100%25", "::add-mask::100%2525"),
        ("a\nb\r\nc", "::add-mask::a%0Ab%0D%0Ac"),
        ("\u202ehidden ::stop##[x]", "::add-mask::\u202ehidden ::stop##[x]"),
    ],
)
def test_what_is_masked_is_the_value_itself(value, line):
    """Only what would end the line, and the sign that escapes it, is escaped: the runner must mask the real text."""
    assert mask(value) == line


@pytest.mark.parametrize("count", [MAX_ANNOTATIONS - 1, MAX_ANNOTATIONS, MAX_ANNOTATIONS + 1, 500])
def test_annotations_stay_within_the_limit_of_a_step(count):
    """At most ten of a level; the last one counts those that are left out."""
    lines = problem_annotations([Problem(AT, f"problem {number}") for number in range(count)])
    assert len(lines) == min(count, MAX_ANNOTATIONS)
    if count > MAX_ANNOTATIONS:
        assert f"{count - MAX_ANNOTATIONS + 1} more" in lines[-1]
    else:
        assert "more" not in lines[-1]


def test_findings_come_worst_first_and_accepted_ones_as_notices():
    """Errors before warnings before what somebody accepted; each level has its own limit."""
    findings = [
        Finding(code="duplicate-endpoint", severity="warning", message="w"),
        Finding(code="no-active-runner", severity="error", message="accepted", accepted=True),
        Finding(code="coverage", severity="error", message="e", at=AT),
        Finding(code="coverage", severity="off", message="hidden"),
        Finding(code="coverage", severity="info", message="i"),
    ]
    levels = [line.split("::")[1].split(" ")[0] for line in finding_annotations(findings)]
    assert levels == ["error", "warning", "notice", "notice"]
