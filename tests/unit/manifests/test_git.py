"""A git revision as a tree of files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reconciler.errors import UsageProblem
from reconciler.manifests.git import open_revision
from reconciler.manifests.merge.compile import compile_manifests
from reconciler.manifests.project import load_project

WHO = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}


def git(folder, *arguments):
    """Run git there."""
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **WHO})  # noqa: S607 - the git of the PATH is meant


@pytest.fixture
def repository(tmp_path):
    """A repository with one commit, and other content in the working tree."""
    git(tmp_path, "init", "-q")
    runners = tmp_path / "fleet" / "runners"
    (runners / "deep").mkdir(parents=True)
    (runners / ".hidden").mkdir()
    (runners / "a.yaml").write_text("version: 1\nrunners: {a: {endpoint: 'https://a.example.com'}}\n")
    (runners / "deep" / "b ü.yaml").write_text("version: 1\nrunners: {b: {endpoint: 'https://b.example.com'}}\n")
    (runners / ".hidden" / "c.yaml").write_text("broken: [")
    (runners / "link.yaml").symlink_to("a.yaml")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "one")
    (runners / "a.yaml").write_text("version: 1\nrunners: {changed: {endpoint: 'https://a.example.com'}}\n")
    return tmp_path / "fleet"


def test_the_manifests_are_those_of_the_revision(repository):
    """Compiling reads the commit, below the working folder, and not what lies on the disk."""
    project = load_project(None, cwd=repository)
    with open_revision("HEAD", repository) as revision:
        desired = compile_manifests(project, secrets=None, files=revision)
    assert [runner.key for runner in desired.runners] == ["a", "b"]
    assert desired.files == ("runners/a.yaml", "runners/deep/b ü.yaml")


def test_what_is_not_there_is_told(repository):
    """A file can be asked for by name; what the revision lacks can't be read."""
    with open_revision("HEAD", repository) as revision:
        assert revision.find("runners/a.yaml", []) == ["runners/a.yaml"]
        assert revision.find("runners/absent.yaml", []) is None
        with pytest.raises(FileNotFoundError):
            revision.read("runners/absent.yaml")
        assert revision.read("runners/a.yaml").startswith(b"version: 1")


@pytest.mark.parametrize("reference", ["no-such-branch", "--help", "-n1", "HEAD:fleet", ""])
def test_a_reference_must_name_a_commit(repository, reference):
    """Anything else is a usage error, an option included."""
    with pytest.raises(UsageProblem, match="--base"), open_revision(reference, repository):
        pass


def test_outside_of_a_repository_is_a_usage_error(tmp_path):
    """No repository, no revision."""
    with pytest.raises(UsageProblem, match="--base"), open_revision("HEAD", Path(tmp_path)):
        pass


def test_without_git_is_a_usage_error(repository, monkeypatch):
    """The message says what is missing."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UsageProblem, match="needs git"), open_revision("HEAD", repository):
        pass
