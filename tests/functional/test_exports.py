"""`export` next to manifests: what is declared already is not written again, and what is written is "No changes"."""

from __future__ import annotations

import pytest
import yaml

from tests.fakes.cli import run_cli
from tests.fakes.sandbox import seeded_file

LIVE = [
    {"name": "gpu-1", "endpoint": "https://a.example.com", "tags": ["gpu"], "status": "active"},
    {"name": "gpu-2", "endpoint": "https://b.example.com", "tags": ["gpu"], "status": "disabled"},
    {"name": "Lab One", "endpoint": "https://c.example.com", "tags": ["lab"], "status": "active"},
]
DECLARED = "version: 1\nrunners:\n  gpu-2: {name: gpu-1, endpoint: 'https://a.example.com', tags: [gpu]}\n"


@pytest.fixture
def here(tmp_path):
    """A live fleet of three, and a command line on it."""
    seeded_file(tmp_path / "s.db", LIVE)
    return lambda *words: run_cli(*words, "--sandbox", "s.db", cwd=tmp_path)


def keys(path):
    """The keys that a manifest declares."""
    return list(yaml.safe_load(path.read_text())["runners"])


def test_twice_into_one_folder(here, tmp_path):
    """The second export finds everything declared, and writes nothing; a plan finds nothing to change."""
    assert here("export", "--out", "runners").code == 0
    ran = here("export", "--out", "runners")
    assert (ran.code, ran.err) == (0, "3 runners are declared already, and not written again\n")
    assert [each.name for each in (tmp_path / "runners").iterdir()] == ["runners.yaml"]
    assert "No changes. 3 runners match the manifests." in here("plan").out


@pytest.mark.parametrize("split", [False, True])
def test_next_to_manifests_that_declare_some(here, tmp_path, split):
    """Only the others are written, under keys that no manifest has yet; together they are the fleet."""
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "mine.yaml").write_text(DECLARED)
    ran = here("export", "--out", "runners/adopted", *(["--split"] if split else []))
    assert ran.code == 0, ran.err
    assert "1 runner is declared already, and not written again" in ran.err
    written = sorted((tmp_path / "runners" / "adopted").iterdir())
    found = sorted(key for path in written for key in keys(path))
    assert found == ["Lab-One", "gpu-2-2"], "gpu-2 is the key of another runner here"
    assert "No changes. 3 runners match the manifests." in here("plan").out


def test_a_folder_that_the_project_does_not_read(here, tmp_path):
    """What is in the folder to write to counts too."""
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "mine.yaml").write_text(DECLARED)
    here("export", "--out", "fleet")
    assert keys(tmp_path / "fleet" / "runners.yaml") == ["Lab-One", "gpu-2-2"]


def test_manifests_that_can_not_be_read_stop_it(here, tmp_path):
    """Nobody knows what they declare."""
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "mine.yaml").write_text("version: 1\nrunners: {a: {endpoint: 7}}\n")
    ran = here("export", "--out", "runners")
    assert ran.code == 1
    assert "runners/mine.yaml:2:" in ran.err
    assert len(list((tmp_path / "runners").iterdir())) == 1


def test_a_file_a_runner(here, tmp_path):
    """Each a whole manifest that names its schema where there is one."""
    (tmp_path / "runner-manifest.schema.json").write_text("{}")
    ran = here("export", "--out", "runners", "--split")
    written = sorted((tmp_path / "runners").iterdir())
    assert [path.name for path in written] == ["Lab-One.yaml", "gpu-1.yaml", "gpu-2.yaml"]
    assert [keys(path) for path in written] == [["Lab-One"], ["gpu-1"], ["gpu-2"]]
    assert all("# yaml-language-server: $schema=../runner-manifest" in path.read_text() for path in written)
    assert ran.err.count("wrote runners/") == 3
    assert "No changes." in here("plan").out


def test_split_needs_a_folder(here):
    """One stdout is one document."""
    ran = here("export", "--split")
    assert ran.code == 64
    assert "say where with --out DIR" in ran.err


def test_targets_choose(here, tmp_path):
    """By name; one that matches nothing is an error, and nothing is written."""
    assert here("export", "--target", "gpu-*", "--out", "runners").code == 0
    assert keys(tmp_path / "runners" / "runners.yaml") == ["gpu-1", "gpu-2"]
    ran = here("export", "--target", "gpu-9")
    assert (ran.code, ran.out) == (64, "")
    assert "--target gpu-9: no live runner has such a key or name" in ran.err


def test_everything_declared_on_stdout(here, tmp_path):
    """Still a manifest, of no runner; JSON counts."""
    here("export", "--out", "runners")
    assert yaml.safe_load(here("export").out) == {"version": 1, "runners": {}}
    assert here("export", "--format", "json").json["declared"] == 3
    del tmp_path


def test_no_schema_is_named_that_is_not_there(here, tmp_path):
    """An editor would report the comment itself; on stdout nobody knows where the text will be."""
    here("export", "--out", "runners")
    assert "$schema" not in (tmp_path / "runners" / "runners.yaml").read_text()
    (tmp_path / "runner-manifest.schema.json").write_text("{}")
    assert "$schema" not in here("export", "--out", "other").out
    assert "$schema" not in here("export").out


@pytest.mark.parametrize("split", [(), ("--split",)])
def test_an_account_without_runners_leaves_no_manifest(tmp_path, split):
    """A manifest of no runner would be an error to the next plan."""
    seeded_file(tmp_path / "s.db", [])
    ran = run_cli("export", "--out", "runners", *split, "--sandbox", "s.db", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "no runner to write; in a new account, begin with `reconciler init`\n")
    assert not (tmp_path / "runners").exists()


def test_a_file_of_a_runners_key_that_declares_another(here, tmp_path):
    """The runner gets the next free name, one that no other runner of this export has, and nothing is overwritten."""
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "gpu-1.yaml").write_text(
        "version: 1\nrunners: {other: {name: gpu-2, endpoint: 'https://b.example.com'}}\n"
    )
    (tmp_path / "runners" / "gpu-1-2.yaml").write_text("")
    ran = here("export", "--out", "runners", "--split")
    assert ran.code == 0, ran.err
    assert sorted(path.name for path in (tmp_path / "runners").iterdir()) == [
        *("Lab-One.yaml", "gpu-1-2.yaml", "gpu-1-3.yaml", "gpu-1.yaml")
    ]
    assert keys(tmp_path / "runners" / "gpu-1-3.yaml") == ["gpu-1"]
    assert "No changes. 3 runners match the manifests." in here("plan").out
