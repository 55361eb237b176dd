"""Use cases at their edges: broken projects, empty saved plans, revisions that do not compile, files in the way."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from reconciler.errors import ReconcilerError
from reconciler.workflow.export import write_export
from tests.fakes.cli import run_cli

MANIFEST = "version: 1\nrunners: {gpu-1: {endpoint: https://a.example.com, tags: [gpu]}}\n"
GIT = shutil.which("git")


@pytest.fixture
def emulated(tmp_path):
    """One manifest and a command line on the embedded emulator."""
    (tmp_path / "m.yaml").write_text(MANIFEST)
    return lambda *words, **env: run_cli(*words, cwd=tmp_path, env={"RECONCILER_SANDBOX": "s.db"} | env)


@pytest.mark.parametrize("words", [["validate", "bad.yaml"], ["plan", "bad.yaml"], ["render", "bad.yaml"]])
def test_problems_of_project_and_manifests_come_together(tmp_path, emulated, words):
    """All problems of all files, in one run."""
    (tmp_path / "reconciler.yaml").write_text("version: 1\ngaurd: {}\n")
    (tmp_path / "bad.yaml").write_text("version: 1\nrunners: {a: {endpoint: 7}}\n")
    ran = emulated(*words)
    assert ran.code == 1
    assert ran.err.splitlines()[0].startswith("bad.yaml:2:25: ")
    assert ran.err.splitlines()[1].startswith("reconciler.yaml:2:1: ")
    assert "2 problems, nothing was sent." in ran.err


def test_a_broken_project_beside_good_manifests(tmp_path, emulated):
    """Then its own problems are all."""
    (tmp_path / "reconciler.yaml").write_text("version: 1\ngaurd: {}\n")
    assert "1 problem, nothing was sent." in emulated("plan", "m.yaml").err


def test_a_saved_plan_without_changes(tmp_path, emulated):
    """It is applied by writing nothing, as often as one likes."""
    assert emulated("apply", "m.yaml", "--yes").code == 0
    assert emulated("plan", "m.yaml", "--out", "p.plan").code == 0
    for _ in range(2):
        ran = emulated("apply", "--plan", "p.plan", "--format", "json")
        assert (ran.code, ran.json["outcomes"], ran.err) == (0, [], "")
    del tmp_path


def test_a_saved_plan_that_was_refused(tmp_path, emulated):
    """It stays so, whatever is accepted later: exit 5 with the reasons."""
    (tmp_path / "reconciler.yaml").write_text("version: 1\nguard: {max_creates: 0}\n")
    assert emulated("plan", "m.yaml", "--out", "p.plan").code == 5
    assert json.loads((tmp_path / "p.plan").read_text())["applyable"] is False
    for accepted in ([], ["--acknowledge", "too-many-creates"]):
        ran = emulated("apply", "--plan", "p.plan", *accepted)
        assert ran.code == 5
        assert "refused when it was made (an error not accepted: too-many-creates); plan again" in ran.err


def test_a_new_error_refuses_a_saved_plan(tmp_path, emulated):
    """The findings are made again: what was fine when it was planned may be refused now."""
    assert emulated("plan", "m.yaml", "--out", "p.plan").code == 0
    (tmp_path / "reconciler.yaml").write_text("version: 1\nguard: {max_creates: 0}\n")
    ran = emulated("apply", "--plan", "p.plan")
    assert ran.code == 5, ran.err
    assert "too-many-creates" in ran.err


@pytest.mark.skipif(GIT is None, reason="needs git")
def test_against_a_revision(tmp_path, emulated):
    """--base tells what the change brings; where the revision does not compile, a warning says why."""

    def git(*words):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run([GIT, *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / "bad.yaml").write_text("version: 2\n")
    git("add", "m.yaml", "bad.yaml")
    git("commit", "-qm", "a")
    (tmp_path / "m.yaml").write_text(MANIFEST.replace("[gpu]", "[gpu, sdxl]"))
    (tmp_path / "bad.yaml").write_text(MANIFEST)
    assert emulated("plan", "m.yaml", "--base", "HEAD").code == 0
    failing = emulated("plan", "bad.yaml", "--base", "HEAD")
    assert failing.code == 0
    assert "what this change brings is unknown, the manifests of HEAD don't compile" in failing.err
    assert emulated("plan", "m.yaml", "--base", "nowhere").code == 64


def test_list_goes_on_without_manifests(tmp_path, emulated):
    """Manifests that are not valid cost the standing, not the list; -q leaves the warning out."""
    (tmp_path / "bad.yaml").write_text("version: 2\n")
    ran = emulated("list", "bad.yaml")
    assert (ran.code, "STANDING" in ran.out) == (0, False)
    assert "warning: which runners are managed is unknown" in ran.err
    assert emulated("list", "bad.yaml", "-q").err == ""


def test_export_overwrites_nothing(tmp_path):
    """A manifest that is there stays."""
    (path,) = write_export({"r.yaml": "a\n"}, tmp_path / "new" / "folder")
    assert path.read_text() == "a\n"
    with pytest.raises(ReconcilerError, match=r"r\.yaml is there already"):
        write_export({"other.yaml": "b\n", "r.yaml": "b\n"}, path.parent)
    assert path.read_text() == "a\n"
    assert [each.name for each in path.parent.iterdir()] == ["r.yaml"], "nothing is written before that is known"


@pytest.mark.parametrize(
    ("count", "said"), [(2, "0.yaml, .*1.yaml are there"), (3, "2.yaml are there"), (4, "2.yaml and 1 more are there")]
)
def test_export_names_what_is_in_the_way(tmp_path, count, said):
    """A few files, and how many more."""
    files = {f"{number}.yaml": "a\n" for number in range(count)}
    write_export(files, tmp_path)
    with pytest.raises(ReconcilerError, match=said):
        write_export(files, tmp_path)


@pytest.mark.parametrize("kind", ["manifest", "project", "plan"])
def test_schemas_are_printed(emulated, kind):
    """The same document in every format, ready to be saved."""
    printed = {emulated("schema", kind, "--format", form).out for form in ("text", "json")}
    assert len(printed) == 1
    assert json.loads(printed.pop())["$schema"].endswith("2020-12/schema")
