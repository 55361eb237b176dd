"""`list`: which live runners are chosen, and what is said where nothing can be."""

from __future__ import annotations

import json

import pytest

from tests.fakes.cli import run_cli
from tests.fakes.sandbox import seeded_file

MANIFEST = """\
version: 1
defaults: {status: active}
runners:
  first: {name: Prod One, endpoint: "https://a.example.com", tags: [gpu, sdxl]}
  second: {name: prod-2, endpoint: "https://b.example.com", tags: [gpu, more]}
"""
LIVE = [
    {"name": "Prod One", "endpoint": "https://a.example.com", "tags": ["gpu", "sdxl"], "status": "active"},
    {"name": "prod-2", "endpoint": "https://b.example.com", "tags": ["gpu"], "status": "active"},
    {"name": "lab-1", "endpoint": "https://c.example.com", "tags": ["gpu"], "status": "disabled"},
    {"name": "lab-2", "endpoint": "https://d.example.com", "tags": [], "status": "active"},
]
HOLDERS = (("lab-2", "d"), ("same", "e"))
HEADERS = {"Authorization": "Bearer whatever"}
EVERY = ["Prod One", "lab-1", "lab-2", "prod-2"]


@pytest.fixture
def listing(tmp_path):
    """A live fleet, manifests for half of it, and the names that a list shows."""
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "r.yaml").write_text(MANIFEST)
    seeded_file(tmp_path / "s.db", LIVE)

    def ran(*words):
        return run_cli("list", "--sandbox", "s.db", *words, cwd=tmp_path)

    return ran


def names(ran):
    """The names in a document."""
    return sorted(runner["name"] for runner in ran.json["runners"])


CHOICES = [
    ([], EVERY),
    (["--status", "disabled"], ["lab-1"]),
    (["--status", "disabled", "--status", "active"], EVERY),
    (["--status", "paused"], []),
    (["--tag", "gpu"], ["Prod One", "lab-1", "prod-2"]),
    (["--tag", "gpu", "--tag", "sdxl"], ["Prod One"]),
    (["--tag", "GPU"], []),
    (["--drifted"], ["prod-2"]),
    (["--unmanaged"], ["lab-1", "lab-2"]),
    (["--drifted", "--unmanaged"], ["lab-1", "lab-2", "prod-2"]),
    (["--target", "first"], ["Prod One"]),
    (["--target", "lab-*"], ["lab-1", "lab-2"]),
    (["--target", "lab-*", "--target", "second"], ["lab-1", "lab-2", "prod-2"]),
    (["--target", "*", "--unmanaged", "--status", "active"], ["lab-2"]),
]


@pytest.mark.parametrize(("words", "chosen"), CHOICES)
def test_what_is_chosen(listing, words, chosen):
    """By status, tags, standing, and by key, or by name where there is no key; all conditions hold together."""
    ran = listing(*words, "--format", "json")
    assert ran.code == 0, ran.err
    assert names(ran) == chosen
    assert ran.json.get("filtered", False) == bool(words)


@pytest.mark.parametrize(("words", "chosen"), CHOICES)
def test_the_table_shows_the_same(listing, words, chosen):
    """Text and JSON choose alike."""
    shown = listing(*words).out
    assert [name for name in EVERY if name in shown] == chosen
    assert f"{len(chosen)} runner" in shown


def test_a_target_that_matches_nothing_is_an_error(listing):
    """It is a typo, and no empty fleet; a managed runner goes by its key, not by its name."""
    ran = listing("--target", "lab-3", "--target", "prod-2", "--target", "first")
    assert ran.code == 64
    assert "--target lab-3: no live runner has such a key or name; did you mean lab-2?" in ran.err
    assert "--target prod-2: no live runner has such a key or name" in ran.err
    assert "--target first" not in ran.err


@pytest.mark.parametrize("option", ["--drifted", "--unmanaged"])
def test_without_manifests_no_standing_can_be_chosen(listing, tmp_path, option):
    """Nothing is listed where nobody knows which."""
    (tmp_path / "runners" / "r.yaml").unlink()
    (tmp_path / "runners").rmdir()
    assert names(listing("--format", "json")) == EVERY
    ran = listing(option)
    assert ran.code == 64
    assert f"{option} can't be known" in ran.err


def test_manifests_without_a_runner_manage_none(listing, tmp_path):
    """As after `init`: nothing is wrong, and every live runner is unmanaged."""
    (tmp_path / "runners" / "r.yaml").write_text("version: 1\nrunners: {}\n")
    ran = listing("--unmanaged", "--format", "json")
    assert (ran.code, names(ran)) == (0, EVERY)
    assert "warning" not in ran.err


def test_broken_manifests_hide_no_list(listing, tmp_path):
    """The list is there, with a warning; what depends on the manifests is refused."""
    (tmp_path / "runners" / "r.yaml").write_text("version: 1\nrunners: {a: {endpoint: 7}}\n")
    ran = listing("--format", "json")
    assert (ran.code, names(ran)) == (0, EVERY)
    assert "which runners are managed is unknown" in ran.err
    assert listing("--drifted").code == 64


def test_a_secret_that_is_not_here_is_no_drift(listing, tmp_path):
    """A list needs no secrets: values that can't be compared may be the same."""
    secret = 'headers: {Authorization: "Bearer ${env:RECONCILER_X}"}'
    (tmp_path / "runners" / "r.yaml").write_text(
        f'version: 1\nrunners:\n  lab-2: {{endpoint: "https://d.example.com", tags: [], wildcard: true, {secret}}}\n'
    )
    standing = {each["name"]: each["standing"] for each in listing("--format", "json").json["runners"]}
    assert standing["lab-2"] == "drifted", "a header that is not there is known to be added"


def test_a_list_of_some_runners_is_no_fleet_to_plan_against(listing, tmp_path):
    """A plan against it would create the runners that it leaves out."""
    (tmp_path / "live.json").write_text(listing("--status", "active", "--format", "json").out)
    ran = run_cli("plan", "--live", "live.json", cwd=tmp_path)
    assert ran.code == 1
    assert "live.json: it lists some runners only" in ran.err
    (tmp_path / "live.json").write_text(listing("--format", "json").out)
    assert run_cli("plan", "--live", "live.json", cwd=tmp_path).code == 0


def test_the_document(listing):
    """What the contract names, whole, with header values hidden."""
    document = json.loads(listing("--format", "json", "--target", "first").out)
    assert list(document) == ["format_version", "read_at", "api_url", "sandbox", "filtered", "runners"]
    assert document["format_version"] == "1.0"
    assert document["runners"][0]["standing"] == "managed"
