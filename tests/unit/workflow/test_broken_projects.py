"""A project file that is wrong: all that is wrong in one run, and nothing that only follows from it."""

from __future__ import annotations

import pytest

from tests.fakes.cli import run_cli

FOLLOWS = "there is no such file or folder"
OTHERS = "environments: {a: {manifests: [fleet.yaml]}, b: {manifests: 3}}"


def said(folder, project, *words):
    """What `validate` reports, a line each."""
    (folder / "reconciler.yaml").write_text(f"version: 1\n{project}\n")
    ran = run_cli("validate", *words, cwd=folder)
    assert ran.code == 1
    return ran.err.splitlines()[:-1]


@pytest.mark.parametrize(
    ("project", "words"),
    [
        ("manifests: fleet", ()),
        ("manifests: []", ()),
        ("manifests:", ()),
        ("manifest: [fleet.yaml]", ()),
        ("manifests: [fleet.yaml]\nenvironments: {a: {manifests: 3}}", ("-e", "a")),
        ("environments: {a: {manifest: [fleet.yaml]}}", ("-e", "a")),
    ],
)
def test_a_wrong_list_of_manifests_is_one_problem(tmp_path, project, words):
    """Which files are meant is not known, so that none is missing."""
    (problem,) = said(tmp_path, project, *words)
    assert "manifest" in problem


@pytest.mark.parametrize(
    ("project", "words", "missing"),
    [
        ("manifests: [3, fleet.yaml]", (), "fleet.yaml"),
        ("nonsense: 1", (), "runners"),
        ("manifests: [fleet.yaml]\nnonsense: 1", (), "fleet.yaml"),
        ("manifests: 3\nenvironments: {a: {manifests: [fleet.yaml]}}", ("-e", "a"), "fleet.yaml"),
        (OTHERS, (), "fleet.yaml"),
        ("manifests: 3", ("fleet.yaml",), "fleet.yaml"),
    ],
)
def test_what_is_missing_besides_is_reported_too(tmp_path, project, words, missing):
    """A file that is known to be meant counts, whatever else is wrong."""
    problems = said(tmp_path, project, *words)
    assert [each for each in problems if FOLLOWS in each] == [f"{missing}:1:1: {FOLLOWS}"]
    assert len(problems) == 2
