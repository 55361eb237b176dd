"""Adds to the problems of a run, up to a bound: a hostile file could have a problem every few bytes."""

from __future__ import annotations

from typing import Final

from reconciler.model.position import Problem

MAX_PROBLEMS: Final = 10_000
"""Problems of one run that are listed."""


def add_problem(problems: list[Problem], problem: Problem) -> bool:
    """Add one; past the bound, say once that there are more. False when there is room for no more."""
    if len(problems) < MAX_PROBLEMS:
        problems.append(problem)
        return True
    if len(problems) == MAX_PROBLEMS:
        problems.append(Problem(problem.at, f"more than {MAX_PROBLEMS:,} problems; the others are not listed"))
    return False
