"""`doctor` answers in the words of the question: the key that was given, the file that was named."""

from __future__ import annotations

from tests.fakes.cli import run_cli
from tests.fakes.sandbox import seeded_file

LIVE = [{"name": "Lab One", "endpoint": "http://127.0.0.1:1", "tags": ["lab"]}]


def checks(folder, *words):
    """The code, and each check by name."""
    ran = run_cli("doctor", "--sandbox", "s.db", "--format", "json", *words, cwd=folder)
    return ran.code, {each["name"]: each for each in ran.json["checks"]}


def test_an_endpoint_is_called_by_its_key(tmp_path):
    """With the name where that is another; by name alone where no manifest declares it."""
    seeded_file(tmp_path / "s.db", LIVE)
    code, found = checks(tmp_path, "--endpoint", "Lab*")
    assert (code, found["endpoint"]["found"].partition(":")[0]) == (1, "Lab One")
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "a.yaml").write_text(
        "version: 1\nrunners: {lab-1: {name: Lab One, endpoint: 'http://127.0.0.1:1', tags: [lab]}}\n"
    )
    code, found = checks(tmp_path, "--endpoint", "lab-1")
    assert (code, found["endpoint"]["found"].partition(":")[0]) == (1, 'lab-1 "Lab One"')
    code, found = checks(tmp_path, "--endpoint", "lab-2")
    assert code == 1
    assert found["endpoint"]["found"].startswith("--endpoint lab-2: ")


def test_a_project_file_that_is_not_there(tmp_path):
    """There is nothing to correct in it: the option is what is wrong."""
    code, found = checks(tmp_path, "--project", "missing.yaml")
    assert code == 1
    assert found["project file"]["found"] == "missing.yaml:1:1: there is no such project file"
    assert "--project" in found["project file"]["advice"]
    (tmp_path / "there.yaml").write_text("version: 3\n")
    code, found = checks(tmp_path, "--project", "there.yaml")
    assert "reconciler validate" in found["project file"]["advice"]
