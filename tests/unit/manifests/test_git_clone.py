"""A clone of one ref of a remote: which addresses and names are taken, what is fetched, what git gets to see."""

from __future__ import annotations

import os
import shutil

import pytest

from reconciler.errors import UsageProblem
from reconciler.manifests import git_clone, git_process
from reconciler.manifests.git_clone import check_git_url, check_ref, open_clone
from reconciler.manifests.git_environment import network_environment
from reconciler.manifests.git_process import GitProblem
from tests.fakes.watching import Remote


@pytest.fixture
def remote(tmp_path):
    """A repository with one commit."""
    found = Remote(tmp_path / "remote")
    found.commit("first")
    return found


def read(clone):
    """The manifest of the commit that was fetched last."""
    with clone.open() as files:
        return files.read("runners/a.yaml").decode()


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/fleet.git",
        "ssh://git@git.example.com/fleet.git",
        "git@git.example.com:team/fleet.git",
        "http://127.0.0.1:3000/fleet.git",
        "file:///srv/fleet.git",
    ],
)
def test_addresses_that_are_taken(tmp_path, url):
    """https, ssh and its short form, files, and plain http to this machine."""
    assert check_git_url(url, tmp_path, insecure_http=False) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://user:password@git.example.com/fleet.git",
        "https://token@git.example.com/fleet.git",
        "http://git.example.com/fleet.git",
        "git://git.example.com/fleet.git",
        "ftp://git.example.com/fleet.git",
        "ext::sh -c true",
        "fd::17",
        "--upload-pack=true",
        "https://git.example.com:port/",
        "https://git.example.com/\n",
    ],
)
def test_addresses_that_are_refused(tmp_path, url):
    """Whatever starts a program, is an option, shows a password, or lets somebody on the way decide."""
    with pytest.raises(UsageProblem) as caught:
        check_git_url(url, tmp_path, insecure_http=False)
    assert "password@" not in str(caught.value)


def test_plain_http_where_it_is_accepted(tmp_path):
    """--insecure-http counts here too."""
    url = "http://git.example.com/fleet.git"
    assert check_git_url(url, tmp_path, insecure_http=True) == url


def test_a_folder_is_seen_from_where_one_is(tmp_path):
    """A relative path becomes a full one: git runs elsewhere."""
    assert check_git_url("fleet", tmp_path, insecure_http=False) == str(tmp_path / "fleet")


@pytest.mark.parametrize("ref", ["main", "feature/x", "v1.0", "refs/heads/main", "HEAD"])
def test_names_that_are_taken(ref):
    """Branches, tags, full names."""
    assert check_ref(ref) == ref


@pytest.mark.parametrize(
    "ref", ["", "-x", "a b", "a..b", "a^", "a~1", "a:b", "a*", "a?", "[a]", "a.lock", "a/", "@", "a@{1}"]
)
def test_names_that_are_refused(ref):
    """Options, patterns, expressions."""
    with pytest.raises(UsageProblem):
        check_ref(ref)


def test_a_branch_comes_before_a_tag_and_a_longer_name_is_no_match(remote):
    """`main` is refs/heads/main, whatever else ends in it."""
    first = remote.git("rev-parse", "HEAD")
    remote.git("branch", "team/main")
    second = remote.commit("second")
    remote.git("tag", "main", first)
    with open_clone(str(remote.folder), "main") as clone:
        assert clone.look() == second
    with open_clone(str(remote.folder), "refs/tags/main") as clone:
        assert clone.look() == first


def test_an_annotated_tag_is_its_commit(remote):
    """What is looked at and what is fetched are the same commit."""
    commit = remote.git("rev-parse", "HEAD")
    remote.git("tag", "-a", "v1", "-m", "one")
    with open_clone(str(remote.folder), "v1") as clone:
        assert (clone.look(), clone.fetch()) == (commit, commit)


def test_history_that_was_rewritten_is_fetched_alone(remote):
    """A force-push is a new state like any other, and the clone holds one commit."""
    with open_clone(str(remote.folder), "main") as clone:
        clone.fetch()
        assert read(clone) == "first"
        commit = remote.commit("again", amend=True)
        assert clone.fetch() == commit
        assert read(clone) == "again"
        assert clone.repository.output("rev-list", "--count", "refs/watch/current") == b"1\n"


def test_a_clone_that_has_fetched_often_is_made_anew(remote, monkeypatch):
    """Nothing is ever removed from a clone, so it can't be kept for years."""
    monkeypatch.setattr(git_clone, "_MAX_FETCHES", 2)
    with open_clone(str(remote.folder), "main") as clone:
        folders = set()
        for number in range(5):
            remote.commit(str(number))
            clone.fetch()
            folders.add(clone.folder.name)
            assert read(clone) == str(number)
        assert len(folders) == 3
    assert not any(os.path.exists(each) for each in folders)  # noqa: PTH110 - names


@pytest.mark.parametrize(("ref", "why"), [("other", "no branch and no tag other"), ("main", "can't be asked")])
def test_what_is_not_there(remote, ref, why):
    """A ref or a remote that is gone is git's problem, exit 1, and says what to do."""
    if ref == "main":
        shutil.rmtree(remote.folder)
    with open_clone(str(remote.folder), ref) as clone, pytest.raises(GitProblem, match=why) as caught:
        clone.fetch()
    assert caught.value.exit_code == 1


def test_git_is_given_the_users_way_to_the_remote_and_no_token(tmp_path, monkeypatch):
    """Agent, askpass, configuration and proxies pass; tokens, secrets and what leads git astray do not."""
    passed = {
        "SSH_AUTH_SOCK",
        "GIT_ASKPASS",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_KEY_0",
        "GIT_CONFIG_VALUE_0",
        "https_proxy",
        "HOME",
    }
    kept_out = {"COMFYCONTROL_API_TOKEN", "RECONCILER_HEADER_SECRETS", "RECONCILER_NOTIFY_URL", "GIT_DIR", "GIT_TRACE"}
    for name in passed | kept_out:
        monkeypatch.setenv(name, "a")
    found = network_environment(tmp_path)
    assert {name for name in passed if found.get(name) == "a"} == passed
    assert not kept_out & set(found)
    assert found["GIT_TERMINAL_PROMPT"] == "0"
    assert "ext" not in found["GIT_ALLOW_PROTOCOL"].split(":")


def test_a_remote_that_does_not_answer_is_given_up(tmp_path, monkeypatch):
    """Git and what it started end after the time it has; a helper that holds on to its pipes changes nothing."""
    monkeypatch.setattr(git_process, "NETWORK_TIMEOUT_S", 0.5)
    helper = tmp_path / "ssh"
    helper.write_text("#!/bin/sh\nsleep 600 & sleep 600\n")
    helper.chmod(0o755)
    monkeypatch.setenv("GIT_SSH", str(helper))
    with open_clone("ssh://git.example.com/x", "main") as clone, pytest.raises(GitProblem, match=r"within 0\.5 s"):
        clone.look()
