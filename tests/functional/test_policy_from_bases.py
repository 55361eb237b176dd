"""A base whose policy can't be read is an error that says why, and never the defaults."""

from __future__ import annotations

import pytest

from tests.fakes.checkout import RUNNERS, Checkout, git
from tests.fakes.sandbox import running_sandbox


@pytest.fixture
def checkout(tmp_path):
    """A repository of one manifest, and an empty service."""
    (tmp_path / "checkout").mkdir()
    git(tmp_path / "checkout", "init", "-q")
    with running_sandbox() as sandbox:
        made = Checkout(tmp_path / "checkout", sandbox)
        made.write(runners__a=RUNNERS)
        yield made


def test_a_saved_plan_whose_commit_is_not_here(checkout):
    """It is no stale plan: the message says what to fetch, and nothing was asked of the service."""
    checkout.base(reconciler="version: 1\n")
    assert checkout.run("plan", "--policy-from", "HEAD", "--out", "p.plan").code == 0
    git(checkout.root, "checkout", "-q", "--orphan", "other")
    git(
        checkout.root,
        "branch",
        "-D",
        "-q",
        *[each for each in ("master", "main") if each in git(checkout.root, "branch")],
    )
    git(checkout.root, "reflog", "expire", "--expire=now", "--all")
    git(checkout.root, "gc", "-q", "--prune=now")
    git(checkout.root, "read-tree", "--empty")
    git(checkout.root, "gc", "-q", "--prune=now")
    before = len(checkout.sandbox.requests)
    ran = checkout.run("apply", "--plan", "p.plan")
    assert (ran.code, "no commit of that name here" in ran.err) == (1, True)
    assert len(checkout.sandbox.requests) == before


def test_a_shallow_clone(checkout, tmp_path):
    """A base that was not fetched is an error that says so, and never the defaults."""
    checkout.base(reconciler="version: 1\nguard: {max_creates: 0}\n")
    base = checkout.base(reconciler="version: 1\nguard: {max_creates: 0}\nvars: {a: b}\n")
    checkout.base(reconciler="version: 1\n")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{checkout.root}", "shallow")
    checkout.folder = tmp_path / "shallow"
    ran = checkout.run("plan", "--policy-from", base)
    assert (ran.code, "shallow clone" in ran.err, "fetch-depth: 0" in ran.err) == (64, True, True)
    git(checkout.folder, "fetch", "-q", "--depth", "1", "origin", base)
    assert checkout.run("plan", "--policy-from", base).code == 5


def test_a_base_whose_project_file_is_not_valid(checkout):
    """It is an error with its place in that commit: no policy is guessed."""
    commit = checkout.base(reconciler="version: 1\nguards: {max_creates: 0}\n")
    checkout.write(reconciler="version: 1\n")
    ran = checkout.run("plan", "--policy-from", "HEAD")
    assert (ran.code, f"{commit[:12]}:reconciler.yaml:2:1" in ran.err) == (1, True)


@pytest.mark.parametrize("link", ["reconciler.yaml", "current"])
def test_a_base_whose_project_file_is_behind_a_link(checkout, link):
    """A link of the base, the file itself or a folder on the way, is not followed and not taken for nothing."""
    words = []
    checkout.write(fleets__reconciler="version: 1\nguard: {max_creates: 0}\n", fleets__runners__a=RUNNERS)
    if link == "reconciler.yaml":
        (checkout.folder / link).symlink_to("fleets/reconciler.yaml")
    else:
        (checkout.folder / "current").symlink_to("fleets")
        words = ["--project", "current/reconciler.yaml"]
    checkout.base()
    ran = checkout.run("plan", "--policy-from", "HEAD", *words)
    assert (ran.code, "is a link or a submodule in" in ran.err) == (1, True)


def test_a_project_of_another_repository(checkout, tmp_path):
    """Its policy is not in this repository's revision, and so is not taken for the defaults."""
    checkout.base()
    (tmp_path / "reconciler.yaml").write_text("version: 1\nguard: {max_creates: 0}\n")
    for path in ("../reconciler.yaml", str(tmp_path / "reconciler.yaml")):
        ran = checkout.run("plan", "--policy-from", "HEAD", "--project", path)
        assert (ran.code, "is not in the repository" in ran.err) == (64, True)


def test_both_project_files(checkout):
    """With reconciler.yaml and reconciler.yml there, neither is chosen: an error that names both."""
    checkout.write(reconciler="version: 1\n")
    (checkout.folder / "reconciler.yml").write_text("version: 1\nguard: {max_creates: 0}\n")
    ran = checkout.run("plan")
    assert (ran.code, "reconciler.yaml and reconciler.yml are both there" in ran.err) == (1, True)
    assert checkout.run("plan", "--project", "reconciler.yml").code == 5
    (checkout.folder / "reconciler.yaml").unlink()
    assert checkout.run("plan").code == 5
    assert checkout.run("plan", ".").code == 5  # and it is read as no manifest
