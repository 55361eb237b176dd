"""Links in a checkout: what a branch links to must stay in the repository, or without one in the project's folder."""

from __future__ import annotations

import pytest

from tests.fakes.cli import run_cli

MANIFEST = "version: 1\nrunners: {a: {endpoint: https://a.example.com}}\n"
PROJECT = "version: 1\nmanifests: [%s]\n"


@pytest.fixture(params=["repository", "folder"])
def places(tmp_path, request):
    """A checkout, or a folder in no repository, and what is outside of it: a manifest and a project of its own."""
    inside, outside = tmp_path / "checkout", tmp_path / "outside"
    for folder in (inside / "fleet", inside / "elsewhere" / "runners", outside / "runners"):
        folder.mkdir(parents=True)
    (outside / "runners" / "a.yaml").write_text(MANIFEST)
    (inside / "elsewhere" / "runners" / "a.yaml").write_text(MANIFEST)
    (outside / "reconciler.yaml").write_text("version: 1\n")
    (inside / "elsewhere" / "reconciler.yaml").write_text("version: 1\n")
    if request.param == "repository":
        (inside / ".git").mkdir()
    return inside, outside


def validate(folder, *words):
    """Exit code and message."""
    ran = run_cli("validate", *words, cwd=folder)
    return ran.code, ran.err


LINKS = [
    # what is a link, where it leads within the checkout or outside, project file, arguments
    ("runners", "runners", None, []),
    ("runners", "runners", None, ["runners"]),
    ("more", "runners", PROJECT % "more", []),
    ("more.yaml", "runners/a.yaml", PROJECT % "more.yaml", []),
    ("more", "runners", PROJECT % "more/a.yaml", []),
    ("reconciler.yaml", "reconciler.yaml", None, ["--allow-empty", "."]),
    ("reconciler.yml", "reconciler.yaml", None, ["--allow-empty", "."]),
    ("sub", "", None, ["--project", "sub/reconciler.yaml"]),
]


@pytest.mark.parametrize(("link", "target", "project", "words"), LINKS, ids=[f"{row[0]} {row[3]}" for row in LINKS])
def test_a_link_must_not_lead_out(places, link, target, project, words):
    """It is an error that names the path, and one that leads elsewhere in the checkout is fine."""
    inside, outside = places
    if project:
        (inside / "reconciler.yaml").write_text(project)
    (inside / link).symlink_to(outside / target)
    code, message = validate(inside, *words)
    assert (code, "leads out of the repository" in message) == (1, True)
    (inside / link).unlink()
    (inside / link).symlink_to(inside / "elsewhere" / target)
    assert validate(inside, *words) == (0, "")


def test_a_link_to_elsewhere_in_the_repository(tmp_path):
    """The whole repository is the bound, also for a project in a folder of it; without one the folder is."""
    fleet = tmp_path / "checkout" / "fleet"
    (tmp_path / "checkout" / "shared").mkdir(parents=True)
    fleet.mkdir()
    (tmp_path / "checkout" / "shared" / "a.yaml").write_text(MANIFEST)
    (fleet / "runners").symlink_to("../shared")
    assert validate(fleet)[0] == 1
    (tmp_path / "checkout" / ".git").mkdir()
    assert validate(fleet) == (0, "")


@pytest.mark.parametrize("link", ["reconciler.yaml", "reconciler.yml", "runners"])
def test_a_link_to_nowhere(tmp_path, link):
    """It is no missing file: a project file that can't be found would be no guard at all."""
    (tmp_path / link).symlink_to("nowhere")
    code, message = validate(tmp_path)
    assert (code, f"{link}:1:1: this link leads nowhere" in message) == (1, True)


def test_a_place_elsewhere_that_the_user_names(places):
    """A path outside of the checkout is the user's own choice, and so is a link there."""
    inside, outside = places
    (outside.parent / "link").symlink_to(outside)
    assert validate(inside, str(outside / "runners")) == (0, "")
    assert validate(inside, "../link/runners") == (0, "")
    assert validate(inside, "--project", "../link/reconciler.yaml") == (0, "")
