"""Git, started where a checkout, its configuration and the caller's environment are hostile."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.errors import UsageProblem
from reconciler.manifests import git_process
from reconciler.manifests.git import open_revision
from reconciler.manifests.git_environment import find_git
from reconciler.manifests.git_process import GitProblem, NoRepository, open_repository

GIT = shutil.which("git")
WHO = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always")


def git(folder, *arguments):
    """Run the real git there, as its owner would."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    subprocess.run([GIT, *WHO, *arguments], cwd=folder, check=True, capture_output=True, env=environment)


def script(path, body):
    """A program at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def checkout(tmp_path):
    """A repository with two commits, below a folder that holds what is not in it."""
    root = tmp_path / "checkout"
    (root / "fleet").mkdir(parents=True)
    git(root, "init", "-q")
    for text in ("one", "two"):
        (root / "fleet" / "a.yaml").write_text(text)
        git(root, "add", "-A")
        git(root, "commit", "-qm", text)
    return root


def read(folder, reference="HEAD~1", path="a.yaml"):
    """The content of one file of a revision."""
    with open_revision(reference, folder) as revision:
        assert revision.find(path, []) == [path]
        return revision.read(path).decode()


def test_git_is_never_taken_from_the_checkout(checkout, tmp_path, monkeypatch):
    """Neither from a folder in it, by its full path or through a link, nor from a relative or empty entry."""
    own = script(checkout / "bin" / "git", "touch RAN")
    (tmp_path / "link").symlink_to(own.parent)
    script(checkout / "fleet" / "git", "touch RAN")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "git").symlink_to(own)
    monkeypatch.chdir(checkout / "fleet")
    hostile = [str(own.parent), str(tmp_path / "link"), str(tmp_path / "linked"), ".", "", "fleet"]
    monkeypatch.setenv("PATH", os.pathsep.join([*hostile, os.environ["PATH"]]))
    assert find_git(checkout) == GIT
    assert read(checkout / "fleet") == "one"
    monkeypatch.setenv("PATH", os.pathsep.join(hostile))
    with pytest.raises(GitProblem, match="needs git"):
        read(checkout / "fleet")
    assert not list(checkout.rglob("RAN"))


def test_git_is_not_taken_from_the_checkout_that_asks_about_another(checkout, tmp_path, monkeypatch):
    """As where a repository is asked what commit this copy was installed from."""
    script(checkout / "bin" / "git", "touch RAN")
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    monkeypatch.chdir(checkout / "fleet")
    monkeypatch.setenv("PATH", os.pathsep.join([str(checkout / "bin"), os.environ["PATH"]]))
    assert find_git(other) == GIT


CONFIGURATIONS = {
    "fsmonitor": "[core]\nfsmonitor = {run}",
    "hooks": "[core]\nhooksPath = {folder}",
    "pager": "[core]\npager = {run}\n[pager]\nls-tree = {run}\ncat-file = {run}\nrev-parse = {run}",
    "aliases": "[alias]\nls-tree = !{run}\nrev-parse = !{run}\ncat-file = !{run}",
    "diff driver": '[diff]\nexternal = {run}\n[diff "x"]\ntextconv = {run}\ncommand = {run}',
    "filter": '[filter "x"]\nclean = {run}\nsmudge = {run}\nprocess = {run}\nrequired = true',
    "another work tree": "[core]\nworktree = {folder}",
    "ssh": "[core]\nsshCommand = {run}\ngitProxy = {run}\naskPass = {run}\n[credential]\nhelper = !{run}",
    "trace": "[trace2]\nnormalTarget = {folder}/RAN\neventTarget = {folder}/RAN",
    "attributes of its own": "[core]\nattributesFile = {folder}/attributes",
    "an included file": "[include]\npath = {folder}/included",
    "a promising remote": (
        "[core]\nrepositoryFormatVersion = 1\n[extensions]\npartialClone = origin\n"
        '[remote "origin"]\nurl = {folder}\npromisor = true\nuploadpack = {run}'
    ),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_hostile_configuration_runs_nothing(checkout, tmp_path, name):
    """No program that .git/config or an attribute names is started, and the revision reads the same."""
    marker = tmp_path / "RAN"
    run = script(tmp_path / "tools" / "run", f"touch {marker}; exec cat")
    (run.parent / "included").write_text(f"[core]\nfsmonitor = {run}\n")
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "fsmonitor-watchman"):
        shutil.copy(run, checkout / ".git" / "hooks" / hook)
    for attributes in (
        checkout / ".gitattributes",
        run.parent / "attributes",
        checkout / ".git" / "info" / "attributes",
    ):
        attributes.write_text("* diff=x filter=x working-tree-encoding=UTF-16 text eol=crlf\n")
    with (checkout / ".git" / "config").open("a") as file:
        file.write("\n" + CONFIGURATIONS[name].format(run=run, folder=run.parent))
    assert read(checkout / "fleet") == "one"
    with pytest.raises(UsageProblem, match="no commit of that name"):
        read(checkout / "fleet", "no-such-branch")
    with open_revision("HEAD", checkout / "fleet") as revision, pytest.raises(FileNotFoundError):
        revision.read("absent.yaml")
    assert not marker.exists()


def test_what_is_missing_is_not_fetched(checkout, tmp_path):
    """A blob that a promising remote would have is an error, and the remote's program is not started."""
    marker = tmp_path / "RAN"
    run = script(tmp_path / "tools" / "run", f"touch {marker}")
    config = CONFIGURATIONS["a promising remote"].format(run=run, folder=run.parent)
    with (checkout / ".git" / "config").open("a") as file:
        file.write("\n" + config)
    named = subprocess.run([GIT, "rev-parse", "HEAD~1:fleet/a.yaml"], cwd=checkout, capture_output=True, check=True)
    blob = named.stdout.decode().strip()
    (checkout / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(GitProblem, match="not all here"):
        read(checkout / "fleet")
    assert not marker.exists()


def test_a_folder_that_looks_like_a_repository_is_none(checkout):
    """A bare repository that is committed as plain files answers for no revision of the real one."""
    bare = checkout / "fleet"
    git(bare, "init", "-q", "--bare", "other")
    for each in (bare / "other").iterdir():
        each.rename(bare / each.name)
    (bare / "HEAD").write_text("ref: refs/heads/evil\n")
    assert read(bare, "main~1") == "one"


HOSTILE = [
    "GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_INDEX_FILE",
    "GIT_NAMESPACE", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_EXEC_PATH",
    "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_TRACE", "GIT_TEMPLATE_DIR", "GIT_CEILING_DIRECTORIES",
    "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_ATTR_SOURCE",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_git_settings_of_the_caller_change_nothing(checkout, tmp_path, monkeypatch, name):
    """Whatever GIT_… variable the caller has set, the revision reads the same."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv(name, str(elsewhere))
    assert read(checkout / "fleet") == "one"
    assert list(elsewhere.iterdir()) == []


def test_configuration_of_the_user_changes_nothing(checkout, tmp_path, monkeypatch):
    """Neither in the home folder nor by GIT_CONFIG_COUNT."""
    marker = tmp_path / "RAN"
    run = script(tmp_path / "tools" / "run", f"touch {marker}")
    (tmp_path / ".gitconfig").write_text(
        f"[core]\nfsmonitor = {run}\nworktree = {tmp_path}\n[trace2]\nnormalTarget = {marker}\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.worktree")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path))
    assert read(checkout / "fleet") == "one"
    assert not marker.exists()


def test_git_sees_no_secret(checkout, tmp_path, monkeypatch):
    """The environment that git gets is made for it: no token, no secret, nothing else of the caller's."""
    seen = tmp_path / "seen"
    script(tmp_path / "tools" / "git", f'env >> {seen}\nexec {GIT} "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'tools'}:{os.environ['PATH']}")
    names = ["COMFYCONTROL_API_TOKEN", "RECONCILER_HEADER_SECRETS", "RECONCILER_A", "GITHUB_TOKEN", "LD_PRELOAD_X", "X"]
    for name in names:
        monkeypatch.setenv(name, "hunter2")
    assert read(checkout / "fleet") == "one"
    variables = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    assert not variables & set(names)
    assert "hunter2" not in seen.read_text()
    assert "GIT_NO_LAZY_FETCH" in variables


@pytest.fixture
def foreign(checkout, tmp_path, monkeypatch):
    """The checkout as git sees one that belongs to another user."""
    script(tmp_path / "tools" / "git", f'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {GIT} "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'tools'}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    return checkout


def test_another_users_repository(foreign):
    """It is refused with what to do, and not called a missing commit."""
    with pytest.raises(GitProblem, match=rf"belongs to another user.*safe\.directory {foreign}"):
        read(foreign / "fleet")


def test_another_users_repository_that_is_called_safe(foreign, tmp_path):
    """The user's own word for it counts, also from a file that theirs includes."""
    (tmp_path / ".gitconfig").write_text("[include]\npath = more\n[safe]\ndirectory = /elsewhere\n")
    (tmp_path / "more").write_text(f"[safe]\ndirectory = {foreign}\n")
    assert read(foreign / "fleet") == "one"


def test_where_there_is_no_repository(tmp_path):
    """A folder in none, and one whose .git is something else: each in its own words, not as a missing commit."""
    with pytest.raises(NoRepository, match="is in no git repository"):
        open_repository(tmp_path, "--base x")
    (tmp_path / ".git").mkdir()
    with pytest.raises(GitProblem, match="is no repository that can be used"):
        open_repository(tmp_path, "--base x")


def test_a_shallow_clone_says_so(checkout, tmp_path):
    """A commit that is not in it asks for a fetch; the one that is there can be read."""
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{checkout}", "shallow")
    assert read(tmp_path / "shallow" / "fleet", "HEAD") == "two"
    with pytest.raises(UsageProblem, match=r"shallow clone.*fetch-depth: 0"):
        read(tmp_path / "shallow" / "fleet")


def test_git_that_does_not_answer(checkout, tmp_path, monkeypatch):
    """It is ended, whichever command hangs, and the message says how long it had."""
    monkeypatch.setattr(git_process, "TIMEOUT_S", 0.2)
    monkeypatch.setenv("PATH", f"{tmp_path / 'tools'}:{os.environ['PATH']}")
    for command in ("rev-parse", "cat-file"):
        hang = f'case "$*" in *{command}*) exec sleep 600;; esac\nexec {GIT} "$@"'
        script(tmp_path / "tools" / "git", hang)
        with pytest.raises(GitProblem, match=r"did not answer within 0\.2 s"):
            read(checkout / "fleet")


def test_an_endless_answer_is_cut(checkout, monkeypatch):
    """More than the limit is an error, not memory."""
    repository = open_repository(checkout, "--base x")
    size = len(repository.output("ls-tree", "-r", "HEAD"))
    monkeypatch.setattr(git_process, "MAX_OUTPUT_BYTES", size)
    assert repository.output("ls-tree", "-r", "HEAD") is not None
    monkeypatch.setattr(git_process, "MAX_OUTPUT_BYTES", size - 1)
    with pytest.raises(GitProblem, match="answers over"):
        repository.output("ls-tree", "-r", "HEAD")


def test_the_whole_disk_as_a_checkout():
    """With the root folder as repository there is still a git."""
    assert find_git(Path("/")) == GIT
