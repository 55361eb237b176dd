"""Errors as people read them."""

from __future__ import annotations

import pytest

from reconciler.errors import ManifestError, PlanFileError, StalePlan
from reconciler.model.position import Position, Problem
from reconciler.render import escape
from tests.fakes.hostile import HOSTILE
from tests.fakes.rendering import rendered


def test_each_problem_has_its_place():
    """One line a problem, `file:line:column: message`, in the order of places; then how many there are."""
    problems = [Problem(Position("b.yaml", 1, 1), "second"), Problem(Position("a.yaml", 14, 7), "first")]
    assert rendered(ManifestError(problems)) == (
        "a.yaml:14:7: first\nb.yaml:1:1: second\n2 problems, nothing was sent.\n"
    )


def test_one_problem():
    """A single problem is counted as one."""
    assert rendered(ManifestError([Problem(Position("a.yaml", 1, 1), "bad")])).endswith(
        "\n1 problem, nothing was sent.\n"
    )


def test_what_moved_stays_on_lines_of_its_own():
    """An error of several lines keeps them."""
    assert rendered(StalePlan(["a: tags moved", "b: gone"], None)).splitlines()[1:] == [
        "  a: tags moved",
        "  b: gone",
    ]


@pytest.mark.parametrize("raw", HOSTILE)
def test_hostile_text_is_harmless(raw):
    """No line of an error is a command or holds a hidden character."""
    for error in (ManifestError([Problem(Position(raw, 1, 1), raw)]), PlanFileError(raw)):
        shown = rendered(error)
        assert shown.endswith("\n")
        assert all(escape.text(row) == row for row in shown[:-1].split("\n"))
