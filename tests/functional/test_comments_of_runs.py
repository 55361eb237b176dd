"""The one comment over many runs: of two projects, of an app, of an older run, on the command line."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.fakes.cli import run_cli
from tests.fakes.github import running_github

MANIFEST = "version: 1\nrunners:\n  gpu-1: {endpoint: 'https://gpu-1.example.com', tags: [gpu], status: active}\n"


@pytest.fixture
def github():
    """GitHub."""
    with running_github() as running:
        yield running


@pytest.fixture
def actions(tmp_path, github):
    """The environment of a run of a pull request, by its id."""

    def environ(run=100, attempt=1, commit="b" * 40):
        event = tmp_path / f"event-{run}.json"
        event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": commit}}}))
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": "example/fleet",
            "GITHUB_API_URL": github.url,
            "GITHUB_TOKEN": "ghs_the_job_token",
            "GITHUB_RUN_ID": str(run),
            "GITHUB_RUN_ATTEMPT": str(attempt),
            "GITHUB_SHA": "a" * 40,
        }

    return environ


@pytest.fixture
def checkout(tmp_path):
    """A repository with two projects, each of two environments."""
    root = tmp_path / "checkout"
    for project in ("fleets/a", "fleets/b"):
        folder = root / project
        (folder / "runners").mkdir(parents=True)
        (folder / "reconciler.yaml").write_text("version: 1\nenvironments: {staging: {}, production: {}}\n")
        (folder / "runners" / "gpu.yaml").write_text(MANIFEST)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True, env=os.environ)  # noqa: S607 - the git of the PATH is meant
    return root


def plan(folder, file, *options):
    """Save a plan of one project."""
    ran = run_cli("plan", *options, "--sandbox", "live.db", "--out", str(file), cwd=folder)
    assert ran.code == 0, ran.err
    return file


def test_two_projects_and_two_environments_are_four_comments(tmp_path, checkout, actions, github):
    """Wherever the plan was made from: the working folder, or --project from the root. The second run makes none."""
    for run in (100, 101):
        for project in ("fleets/a", "fleets/b"):
            for environment in ("staging", "production"):
                file = tmp_path / "p.plan"
                if run == 100:
                    plan(checkout / project, file, "-e", environment)
                else:
                    plan(checkout, file, "--project", f"{project}/reconciler.yaml", "-e", environment)
                for issue in ((), ("--issue",)):
                    assert run_cli("comment", str(file), *issue, cwd=tmp_path, env=actions(run)).code == 0
    assert len({each["body"].partition("\n")[0] for each in github.comments}) == len(github.comments) == 4
    assert len({each["title"] for each in github.issues}) == len(github.issues) == 4


def test_a_comment_names_commit_run_environment_and_project(tmp_path, checkout, actions, github):
    """What a reader must know to trust it: for which commit, by which run, for what."""
    file = plan(checkout / "fleets/a", tmp_path / "p.plan", "-e", "production")
    assert run_cli("comment", str(file), cwd=tmp_path, env=actions(123, attempt=2)).code == 0
    body = github.comments[0]["body"]
    assert f"/example/fleet/commit/{'b' * 40})" in body
    assert "/example/fleet/actions/runs/123/attempts/2)" in body
    for named in ("`bbbbbbbbbbbb`", "`123, attempt 2`", "`production`", "`fleets/a/reconciler.yaml`"):
        assert named in body


@pytest.mark.parametrize("size", [1000, 3000])
def test_what_it_names_is_never_cut(tmp_path, checkout, actions, github, size):
    """A plan of many runners is cut to the size asked for, its commit and run are not."""
    rows = "".join(MANIFEST.splitlines()[2].replace("gpu-1", f"gpu-{number}") + "\n" for number in range(300))
    (checkout / "fleets/a/runners/gpu.yaml").write_text(f"version: 1\nrunners:\n{rows}")
    file = plan(checkout / "fleets/a", tmp_path / "p.plan", "-e", "production")
    assert run_cli("comment", str(file), "--max-size", str(size), cwd=tmp_path, env=actions(123)).code == 0
    body = github.comments[0]["body"]
    assert len(body) <= size
    assert "/actions/runs/123/attempts/1)" in body


@pytest.mark.parametrize("app", [None, "my-app"])
@pytest.mark.parametrize("viewer", [True, False])
def test_every_token_keeps_one_comment_and_one_issue(tmp_path, checkout, actions, github, app, viewer):
    """Actions' own and an app's, though neither may ask who it is."""
    github.app, github.viewer = app, viewer
    for run in (100, 101, 102):
        file = plan(checkout / "fleets/a", tmp_path / "p.plan", "-e", "production")
        for issue in ((), ("--issue",)):
            assert run_cli("comment", str(file), *issue, cwd=tmp_path, env=actions(run)).code == 0
    assert (len(github.comments), len(github.issues)) == (1, 1)
    assert "/runs/102/" in github.comments[0]["body"]
    assert "/runs/102/" in github.issues[0]["body"]


@pytest.mark.parametrize("author", ["my-app", "My-App", "my-app[bot]"])
def test_an_app_is_found_by_its_name(tmp_path, checkout, actions, github, author):
    """--author takes the app's name in any case, with or without [bot]."""
    github.app, github.viewer = "my-app", False
    file = plan(checkout / "fleets/a", tmp_path / "p.plan", "-e", "production")
    for run in (100, 101):
        assert run_cli("comment", str(file), "--author", author, cwd=tmp_path, env=actions(run)).code == 0
    assert len(github.comments) == 1


@pytest.mark.parametrize("issue", [(), ("--issue",)])
def test_an_older_run_that_comes_late_changes_nothing(tmp_path, checkout, actions, github, issue):
    """Exit 0, a notice, and the newer run's text."""
    file = plan(checkout / "fleets/a", tmp_path / "p.plan", "-e", "production")
    assert run_cli("comment", str(file), *issue, cwd=tmp_path, env=actions(101)).code == 0
    late = run_cli("comment", str(file), *issue, cwd=tmp_path, env=actions(100, attempt=3))
    assert late.code == 0
    assert late.out.startswith("kept: ")
    assert "::notice::" in late.err
    assert "/runs/101/" in (github.comments or github.issues)[0]["body"]


@pytest.mark.parametrize("variable", ["BITBUCKET_BUILD_NUMBER", "TF_BUILD"])
def test_a_forge_without_an_adapter_is_named(tmp_path, checkout, github, variable):
    """Nothing is sent, and the message says what to do instead."""
    file = plan(checkout / "fleets/a", tmp_path / "p.plan", "-e", "production")
    ran = run_cli("comment", str(file), cwd=tmp_path, env={variable: "true", "GITHUB_API_URL": github.url})
    assert ran.code == 64
    assert "yet" in ran.err
    assert github.requests == []
