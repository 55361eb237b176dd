"""A pull request from event file to comment, against a stand-in for GitHub and the sandbox."""

from __future__ import annotations

import json

import pytest

from tests.fakes.checkout import DRIFTED, commit_change
from tests.fakes.cli import run_cli
from tests.fakes.github import running_github
from tests.fakes.sandbox import running_sandbox


@pytest.fixture
def github():
    """GitHub."""
    with running_github() as running:
        yield running


@pytest.fixture
def fleet():
    """The service, its one runner drifted."""
    with running_sandbox(runners=[DRIFTED]) as running:
        yield running


@pytest.fixture
def checkout(tmp_path):
    """A checkout of the pull request's head; HEAD~1 is its base."""
    return commit_change(tmp_path / "checkout")


@pytest.fixture
def actions(tmp_path, github, fleet):
    """The environment of a step of the pull request's run."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "example/fleet",
        "GITHUB_API_URL": github.url,
        "GITHUB_TOKEN": "ghs_the_job_token",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "COMFYCONTROL_API_URL": fleet.url,
        "COMFYCONTROL_API_TOKEN": fleet.token,
    }


def test_from_event_to_comment_to_apply(tmp_path, checkout, actions, github, fleet):
    """Plan, comment, merge, apply the very plan; then the comment says that nothing is left."""
    ran = run_cli("plan", "--base", "HEAD~1", "--out", "pr.plan", cwd=checkout, env=actions)
    assert ran.code == 0, ran.err
    assert "has-changes<<" in (tmp_path / "output").read_text()
    assert "gpu-2" in (tmp_path / "summary.md").read_text()

    posted = run_cli("comment", "pr.plan", cwd=checkout, env=actions)
    assert posted.code == 0, posted.err
    body = github.comments[0]["body"]
    assert body.index("What this change brings") < body.index("drift")
    assert "gpu-2" in body

    applied = run_cli("apply", "--plan", "pr.plan", cwd=checkout, env=actions)
    assert applied.code == 0, applied.err
    assert sorted(fleet.runner("gpu-1")["tags"]) == ["gpu", "sdxl"]

    assert run_cli("plan", "--out", "after.plan", cwd=checkout, env=actions).code == 0
    assert run_cli("comment", "after.plan", cwd=checkout, env=actions).code == 0
    assert len(github.comments) == 1
    assert "No changes" in github.comments[0]["body"]
    assert set(github.tokens) == {"Bearer ghs_the_job_token"}


def test_a_fork_gets_its_plan_in_the_summary(tmp_path, checkout, actions, github):
    """A token that may not comment is exit 0, a notice, and the plan in the step summary."""
    assert run_cli("plan", "--out", "pr.plan", cwd=checkout, env=actions).code == 0
    (tmp_path / "summary.md").unlink()
    github.forbidden = True
    ran = run_cli("comment", "pr.plan", cwd=checkout, env=actions)
    assert ran.code == 0
    assert "::notice::" in ran.err
    assert "gpu-2" in (tmp_path / "summary.md").read_text()
    assert github.comments == []


def test_the_comment_job_needs_neither_checkout_nor_api_token(tmp_path, checkout, actions, github):
    """It has the plan file and the job's token only."""
    assert run_cli("plan", "--out", "pr.plan", cwd=checkout, env=actions).code == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pr.plan").write_bytes((checkout / "pr.plan").read_bytes())
    bare = {name: value for name, value in actions.items() if not name.startswith("COMFYCONTROL_")}
    assert run_cli("comment", "pr.plan", cwd=elsewhere, env=bare).code == 0
    assert "gpu-2" in github.comments[0]["body"]


def test_environments_have_comments_of_their_own(checkout, actions, github):
    """A plan of staging never overwrites that of production."""
    (checkout / "reconciler.yaml").write_text("version: 1\nenvironments: {staging: {}, production: {}}\n")
    for environment in ("staging", "production", "staging"):
        assert run_cli("plan", "-e", environment, "--out", "p", cwd=checkout, env=actions).code == 0
        assert run_cli("comment", "p", cwd=checkout, env=actions).code == 0
    assert len(github.comments) == 2


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_EVENT_PATH"])
def test_what_is_missing_is_named(checkout, actions, missing, github):
    """Without token, repository or number nothing is sent, and the message says what to set."""
    assert run_cli("plan", "--out", "pr.plan", cwd=checkout, env=actions).code == 0
    del actions[missing]
    ran = run_cli("comment", "pr.plan", cwd=checkout, env=actions)
    assert ran.code == (1 if missing == "GITHUB_TOKEN" else 64)
    assert missing in ran.err
    assert github.requests == []


def test_the_token_goes_to_https_or_loopback_only(checkout, actions):
    """GITHUB_API_URL over plain http to somewhere else is refused."""
    assert run_cli("plan", "--out", "pr.plan", cwd=checkout, env=actions).code == 0
    ran = run_cli("comment", "pr.plan", cwd=checkout, env=actions | {"GITHUB_API_URL": "http://github.example"})
    assert ran.code == 64


def test_drift_has_one_issue(checkout, actions, github, fleet):
    """Opened with drift, closed without."""
    run_cli("plan", "--out", "d.plan", "--detailed-exitcode", cwd=checkout, env=actions)
    assert run_cli("comment", "d.plan", "--issue", cwd=checkout, env=actions).code == 0
    assert [each["state"] for each in github.issues] == ["open"]
    assert run_cli("apply", "--yes", cwd=checkout, env=actions).code == 0
    assert run_cli("plan", "--out", "d.plan", "--detailed-exitcode", cwd=checkout, env=actions).code == 0
    assert run_cli("comment", "d.plan", "--issue", cwd=checkout, env=actions).code == 0
    assert [each["state"] for each in github.issues] == ["closed"]
    assert fleet.runner("gpu-1")["status"] == "active"


def test_bad_manifests_are_annotated(checkout, actions):
    """`validate` marks every problem at its line, without token and network."""
    (checkout / "runners" / "bad.yaml").write_text("version: 1\nrunners:\n  x: {endpoint: nope, tagz: []}\n")
    ran = run_cli("validate", cwd=checkout, env={key: actions[key] for key in ("GITHUB_ACTIONS", "GITHUB_OUTPUT")})
    assert ran.code == 1
    assert "::error file=runners/bad.yaml,line=3" in ran.err


def test_a_fork_plans_against_a_snapshot(tmp_path, checkout, actions):
    """`plan --live` needs no token; header values are unknown, and the plan says as of when it is."""
    listed = run_cli("list", "--format", "json", cwd=checkout, env=actions)
    (tmp_path / "live.json").write_text(listed.out)
    ran = run_cli("plan", "--live", str(tmp_path / "live.json"), "--format", "json", cwd=checkout)
    assert ran.code == 0, ran.err
    assert ran.json["summary"]["create"] == 1
    assert ran.json["applyable"] is False
    assert ran.json["live_as_of"] == listed.json["read_at"]
