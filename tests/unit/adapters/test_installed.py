"""What another machine must install to get the copy that runs (PEP 610)."""

from __future__ import annotations

import json

import pytest

from reconciler.adapters import installed
from reconciler.adapters.installed import NAME, Installed, find_requirement, read_direct_url

COMMIT = "c" * 40
SUM = "a" * 64


@pytest.mark.parametrize(
    ("record", "requirement"),
    [
        (
            {"url": "https://code.example/x.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"git+https://code.example/x.git@{COMMIT}",
        ),
        (
            {
                "url": "https://user:token@code.example/x",
                "vcs_info": {"vcs": "git", "commit_id": COMMIT, "requested_revision": "main"},
                "subdirectory": "sub",
            },
            f"git+https://code.example/x@{COMMIT}#subdirectory=sub",
        ),
        (
            {"url": "ssh://git@code.example/x", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"git+ssh://git@code.example/x@{COMMIT}",
        ),
        (
            {"url": "https://files.example/x.whl", "archive_info": {"hashes": {"sha256": SUM, "md5": "b" * 32}}},
            f"https://files.example/x.whl#sha256={SUM}",
        ),
        (
            {"url": "https://files.example/x.whl", "archive_info": {"hash": f"sha256={SUM}"}},
            f"https://files.example/x.whl#sha256={SUM}",
        ),
        ({"url": "https://files.example/x.whl", "archive_info": {}}, "https://files.example/x.whl"),
    ],
)
def test_a_commit_or_an_archive_is_installed_again(record, requirement):
    """Exactly that one, with its hash where it was recorded, and without anybody's token."""
    assert read_direct_url(json.dumps(record)) == Installed(f"{NAME} @ {requirement}")


@pytest.mark.parametrize(
    "recorded",
    [
        json.dumps({"url": "file:///home/x/dist/x.whl", "archive_info": {"hash": f"sha256={SUM}"}}),
        json.dumps({"url": "file:///home/x", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}),
        json.dumps({"url": "file:///home/x%20y", "dir_info": {"editable": True}}),
        "not json",
        "[]",
        "{}",
        json.dumps({"url": "https://x", "vcs_info": {}}),
    ],
)
def test_what_is_on_this_machine_only_has_no_requirement(recorded):
    """What to give instead is said."""
    found = read_direct_url(recorded)
    assert found.requirement is None
    assert "--requirement" in found.advice


class Distribution:
    """An installed distribution as importlib.metadata shows it."""

    def __init__(self, version, place):
        self.version, self.place = version, place

    def read_text(self, _name):
        """No direct_url.json: it came from an index."""

    def locate_file(self, path):
        """Where a file of it is."""
        return self.place / path


@pytest.mark.parametrize(
    ("version", "released"),
    [("1.2.3", True), ("1.2.3rc1", True), ("1.2.3.post1", True), ("1.2.3.dev4", False), ("1.2.3+local", False)],
)
def test_a_released_version_is_named(monkeypatch, version, released):
    """From an index, by its version; a build that no index can have is none."""
    place = installed.Path(installed.reconciler.__file__).parents[1]
    monkeypatch.setattr(installed, "distribution", lambda _name: Distribution(version, place))
    assert find_requirement().requirement == (f"{NAME}=={version}" if released else None)


def test_another_copy_than_the_one_that_runs_says_nothing(monkeypatch, tmp_path):
    """Its version is not what runs."""
    monkeypatch.setattr(installed, "distribution", lambda _name: Distribution("1.2.3", tmp_path))
    assert find_requirement().requirement is None


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("git@code.example:a/b.git", "https://code.example/a/b.git"),
        ("https://token@code.example/a/b", "https://code.example/a/b"),
        ("ssh://git@code.example/a/b", "https://code.example/a/b"),
        ("/srv/b.git", "https://HOST/OWNER/NAME"),
    ],
)
def test_the_commit_of_a_clean_checkout_is_offered(monkeypatch, remote, address):
    """Whether it is pushed nobody knows here: it is advice, and by https, as CI has no key."""
    monkeypatch.setattr(installed, "commit_of", lambda _folder: (remote, COMMIT))
    advice = read_direct_url(json.dumps({"url": "file:///home/x", "dir_info": {}})).advice
    assert f"git+{address}@" in advice
