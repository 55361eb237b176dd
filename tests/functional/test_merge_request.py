"""A merge request on GitLab, and a pull request on Gitea, from CI variables to note to apply, against stand-ins."""

from __future__ import annotations

import json

import pytest

from tests.fakes import gitlab as gitlab_fake
from tests.fakes.checkout import DRIFTED, commit_change
from tests.fakes.cli import run_cli
from tests.fakes.gitea import running_gitea
from tests.fakes.gitlab import running_gitlab
from tests.fakes.sandbox import running_sandbox


@pytest.fixture
def fleet():
    """The service, its one runner drifted."""
    with running_sandbox(runners=[DRIFTED]) as running:
        yield running


@pytest.fixture
def checkout(tmp_path):
    """A checkout of the change's head; HEAD~1 is its base."""
    return commit_change(tmp_path / "checkout")


def gitlab_job(server, _folder):
    """The variables of a job of a merge request's pipeline."""
    return {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": f"{server.url}/api/v4",
        "CI_SERVER_URL": "https://gitlab.test",
        "CI_PROJECT_ID": str(gitlab_fake.PROJECT),
        "CI_PROJECT_URL": "https://gitlab.test/example/fleets/gpu",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_COMMIT_SHA": "c" * 40,
        "CI_PIPELINE_ID": "1234",
        "CI_JOB_TOKEN": gitlab_fake.JOB_TOKEN,
        "GITLAB_TOKEN": gitlab_fake.TOKEN,
    }


def gitea_job(server, folder):
    """The variables of a step of Gitea Actions."""
    event = folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": "c" * 40}}}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITEA_ACTIONS": "true",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "example/fleet",
        "GITHUB_SERVER_URL": "https://gitea.test",
        "GITHUB_API_URL": f"{server.url}/api/v1",
        "GITHUB_TOKEN": "the_job_token",
        "GITHUB_RUN_ID": "1234",
        "GITHUB_RUN_NUMBER": "12",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
    }


@pytest.fixture(params=[(running_gitlab, gitlab_job), (running_gitea, gitea_job)], ids=["gitlab", "gitea"])
def forge(request, tmp_path, fleet):
    """A forge, and the variables of a job on it that may reach the service."""
    running, variables = request.param
    with running() as server:
        service = {"COMFYCONTROL_API_URL": fleet.url, "COMFYCONTROL_API_TOKEN": fleet.token}
        yield server, variables(server, tmp_path) | service


@pytest.fixture
def gitlab(tmp_path, fleet):
    """GitLab alone, in the same way."""
    with running_gitlab() as server:
        service = {"COMFYCONTROL_API_URL": fleet.url, "COMFYCONTROL_API_TOKEN": fleet.token}
        yield server, gitlab_job(server, tmp_path) | service


def ran(*arguments, cwd, env):
    """A command that must succeed."""
    done = run_cli(*arguments, cwd=cwd, env=env)
    assert done.code == 0, done.err
    return done


def test_from_variables_to_note_to_apply(checkout, forge, fleet):
    """Plan, comment, merge, apply the very plan; then the comment says that nothing is left."""
    server, job = forge
    ran("plan", "--base", "HEAD~1", "--out", "mr.plan", cwd=checkout, env=job)
    posted = ran("comment", "mr.plan", cwd=checkout, env=job)
    assert posted.out.startswith("created: https://")
    body = server.comments[0]["body"]
    assert body.index("What this change brings") < body.index("drift")
    assert "gpu-2" in body
    assert "1234" in body
    assert "c" * 12 in body

    ran("apply", "--plan", "mr.plan", cwd=checkout, env=job)
    assert sorted(fleet.runner("gpu-1")["tags"]) == ["gpu", "sdxl"]

    ran("plan", "--out", "after.plan", cwd=checkout, env=job)
    ran("comment", "after.plan", cwd=checkout, env=job)
    assert len(server.comments) == 1
    assert "No changes" in server.comments[0]["body"]
    assert len(set(server.tokens)) == 1


def test_drift_has_one_issue(checkout, forge):
    """Opened with drift, closed without; a scheduled job has no merge request."""
    server, job = forge
    job = {name: value for name, value in job.items() if name not in ("CI_MERGE_REQUEST_IID", "GITHUB_EVENT_PATH")}
    for states in (["open"], ["open"], ["closed"]):
        if states == ["closed"]:
            ran("apply", "--yes", cwd=checkout, env=job)
        ran("plan", "--out", "d.plan", cwd=checkout, env=job)
        ran("comment", "d.plan", "--issue", cwd=checkout, env=job)
        assert [each["state"].removesuffix("ed") for each in server.issues] == [states[0].removesuffix("ed")]


def test_an_older_pipeline_never_overwrites_a_newer_one(checkout, gitlab):
    """A pipeline that was started earlier and ends later leaves the note as it is."""
    server, job = gitlab
    ran("plan", "--out", "p", cwd=checkout, env=job)
    ran("comment", "p", cwd=checkout, env=job)
    late = ran("comment", "p", cwd=checkout, env=job | {"CI_PIPELINE_ID": "1233"})
    assert late.out.startswith("kept: ")
    assert "pipelines/1234" in server.notes[0]["body"]


def test_the_note_of_a_forks_merge_request_goes_to_the_target(checkout, gitlab):
    """The fork's own id is not asked for anything."""
    server, job = gitlab
    forked = {"CI_PROJECT_ID": "77", "CI_MERGE_REQUEST_PROJECT_ID": str(gitlab_fake.PROJECT)}
    ran("plan", "--out", "p", cwd=checkout, env=job)
    ran("comment", "p", cwd=checkout, env=job | forked)
    assert len(server.notes) == 1
    assert not any("/projects/77" in target for _, target in server.requests)


def test_a_project_is_named_by_its_path_too(checkout, gitlab):
    """With its groups, and a number given by hand."""
    server, job = gitlab
    ran("plan", "--out", "p", cwd=checkout, env=job)
    ran("comment", "p", "--repository", gitlab_fake.PATH, "--number", "8", cwd=checkout, env=job)
    assert server.notes[0]["noteable_iid"] == 8


@pytest.mark.parametrize(
    ("variables", "server_facts"),
    [
        ({"GITLAB_TOKEN": ""}, {}),
        ({"GITLAB_TOKEN": gitlab_fake.JOB_TOKEN}, {}),
        ({"GITLAB_TOKEN": "old"}, {}),
        ({}, {"scope": False}),
        ({"CI_PROJECT_ID": "43"}, {}),
    ],
    ids=["none", "the job's own", "revoked", "read_api", "of another project"],
)
def test_a_token_that_can_not_write_is_an_error_that_says_which_to_make(checkout, gitlab, variables, server_facts):
    """It exits 1, names the variable and the scope, shows no token, and the plan job before it stays as it was."""
    server, job = gitlab
    for name, value in server_facts.items():
        setattr(server, name, value)
    ran("plan", "--out", "p", cwd=checkout, env=job)
    refused = run_cli("comment", "p", cwd=checkout, env=job | variables)
    assert refused.code == 1
    assert "GITLAB_TOKEN" in refused.err
    assert "scope api" in refused.err
    assert gitlab_fake.TOKEN not in refused.err
    assert server.notes == []


@pytest.mark.parametrize("missing", ["CI_PROJECT_ID", "CI_MERGE_REQUEST_IID"])
def test_what_is_missing_is_named(checkout, gitlab, missing):
    """Without project or number nothing is sent, and the message says what to set."""
    server, job = gitlab
    ran("plan", "--out", "p", cwd=checkout, env=job)
    lacking = {name: value for name, value in job.items() if name != missing}
    refused = run_cli("comment", "p", cwd=checkout, env=lacking)
    assert refused.code == 64
    assert missing in refused.err
    assert server.requests == []


def test_the_token_goes_to_https_or_loopback_only(checkout, gitlab):
    """CI_API_V4_URL over plain http to another host is refused."""
    _, job = gitlab
    ran("plan", "--out", "p", cwd=checkout, env=job)
    assert run_cli("comment", "p", cwd=checkout, env=job | {"CI_API_V4_URL": "http://gitlab.test"}).code == 64


def test_the_note_job_needs_neither_checkout_nor_api_token(tmp_path, checkout, gitlab):
    """It has the plan file and its own token only."""
    server, job = gitlab
    ran("plan", "--out", "p", cwd=checkout, env=job)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "p").write_bytes((checkout / "p").read_bytes())
    bare = {name: value for name, value in job.items() if not name.startswith("COMFYCONTROL_")}
    ran("comment", "p", cwd=elsewhere, env=bare)
    assert "gpu-2" in server.notes[0]["body"]
