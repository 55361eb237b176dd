"""The workflows and actions that are shipped: how they are written, and what their scripts do in a shell."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.fakes.github import running_github
from tests.fakes.sandbox import running_sandbox

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
WHO = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}
MANIFEST = """\
version: 1
runners:
  gpu-1:
    endpoint: https://gpu-1.example.com
    tags: [gpu]
    headers: {X-Key: '${env:RECONCILER_GPU_KEY}'}
    status: active
"""


def steps_of(path):
    """Every step of a workflow or action, with the job it stands in."""
    document = yaml.safe_load(path.read_text())
    if "runs" in document:
        return [("", step) for step in document["runs"]["steps"]]
    return [(name, step) for name, job in document["jobs"].items() for step in job.get("steps", [])]


@pytest.mark.parametrize("path", WORKFLOWS + ACTIONS, ids=lambda path: path.parent.name + "/" + path.name)
def test_actions_of_others_are_pinned_by_commit(path):
    """A tag can be moved; a commit can't."""
    for _, step in steps_of(path):
        if "uses" in step:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", step["uses"]), step["uses"]


@pytest.mark.parametrize("path", WORKFLOWS + ACTIONS, ids=lambda path: path.parent.name + "/" + path.name)
def test_no_input_reaches_a_script_but_through_env(path):
    """An expression inside a script would be code that somebody else writes."""
    for _, step in steps_of(path):
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_is_permitted_but_what_a_job_asks_for(path):
    """The workflow has no permission; each job names its own."""
    document = yaml.safe_load(path.read_text())
    assert document["permissions"] == {}
    for job in document["jobs"].values():
        assert job["permissions"]
        assert "write-all" not in str(job["permissions"])


def test_the_comment_job_has_neither_checkout_nor_api_token():
    """It alone may write to the pull request, so nothing of the pull request runs in it."""
    job = yaml.safe_load((ROOT / ".github/workflows/reconcile.yml").read_text())["jobs"]["comment"]
    assert job["permissions"] == {"pull-requests": "write"}
    assert not any("checkout" in step.get("uses", "") for step in job["steps"])
    assert "api-token" not in json.dumps(job)
    assert "header-secrets" not in json.dumps(job)


def test_an_apply_is_queued_and_never_cancelled():
    """One apply an environment at a time, behind its reviewers."""
    job = yaml.safe_load((ROOT / ".github/workflows/reconcile.yml").read_text())["jobs"]["apply"]
    assert job["concurrency"]["cancel-in-progress"] is False
    assert "environment" in job["concurrency"]["group"]
    assert job["environment"]


class Job:
    """Runs the scripts of one job as Actions would: bash -e, one environment, files for outputs and GITHUB_ENV."""

    def __init__(self, folder, base, checkout):
        self.checkout = checkout
        self.files = {name: folder / name for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in self.files.values():
            file.touch()
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            **base,
            **{k: str(v) for k, v in self.files.items()},
        }

    def run(self, workflow, job, step_name, **env):
        """The script of one step; its expressions in `env:` are given by the test."""
        found = [step for name, step in steps_of(ROOT / workflow) if name == job and step.get("name") == step_name]
        assert len(found) == 1
        for line in self.files["GITHUB_ENV"].read_text().splitlines():
            name, _, value = line.partition("=")
            self.env[name] = value
        script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", found[0]["run"]]
        return subprocess.run(
            script, cwd=self.checkout, env=self.env | env, capture_output=True, text=True, check=False
        )


@pytest.fixture
def checkout(tmp_path):
    """A repository whose pull request adds a runner and tries to loosen the project file."""
    folder = tmp_path / "checkout"
    (folder / "runners").mkdir(parents=True)
    (folder / "reconciler.yaml").write_text("version: 1\nguard: {max_creates: 3}\n")
    (folder / "runners" / "gpu.yaml").write_text(MANIFEST)
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "base")):
        subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, **WHO})  # noqa: S607
    (folder / "reconciler.yaml").write_text("version: 1\nenv_allow: ['*']\nguard: {max_creates: 99}\n")
    return folder


@pytest.fixture
def command(tmp_path, monkeypatch):
    """`reconciler` on the PATH, as an install would put it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "reconciler").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
    (folder / "reconciler").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{Path(shutil.which('git')).parent}:/usr/bin:/bin")


@pytest.mark.usefixtures("command")
def test_a_pull_request_and_its_merge(tmp_path, checkout):
    """Plan with the base's project file, comment, then plan and apply after the merge."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True, check=True)  # noqa: S607
    with running_github() as github, running_sandbox() as fleet:
        base = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": "example/fleet",
            "GITHUB_API_URL": github.url,
            "COMFYCONTROL_API_URL": fleet.url,
        }
        secrets = {
            "COMFYCONTROL_API_TOKEN": fleet.token,
            "HEADER_SECRETS": "RECONCILER_GPU_KEY=the=key-of-gpu\nPATH=/x",
        }
        workflow = ".github/workflows/reconcile.yml"

        job = Job(tmp_path, base, checkout)
        assert job.run(workflow, "validate", "Validate").returncode == 0
        taken = job.run(
            workflow,
            "plan",
            "Take the project file from the base branch",
            BASE=head.stdout.strip(),
            PROJECT="reconciler.yaml",
        )
        assert taken.returncode == 0, taken.stderr
        assert "max_creates: 3" in (checkout / "reconciler.base.yaml").read_text()
        planned = job.run(workflow, "plan", "Plan", RECONCILER_ENV="", **secrets)
        assert planned.returncode == 0, planned.stderr
        assert (checkout / "reconciler-plan.html").exists()
        assert "the=key-of-gpu" not in (checkout / "reconciler.plan").read_text()
        commented = job.run(workflow, "comment", "Comment", GITHUB_TOKEN="ghs_job")
        assert commented.returncode == 0, commented.stderr
        assert "gpu-1" in github.comments[0]["body"]

        merged = Job(tmp_path, base, checkout)
        merged.files["GITHUB_ENV"].write_text("")
        assert merged.run(workflow, "plan", "Plan", RECONCILER_ENV="", **secrets).returncode == 0
        applied = merged.run(workflow, "apply", "Apply", **secrets)
        assert applied.returncode == 0, applied.stderr
        assert fleet.runner("gpu-1")["headers"] == {"X-Key": "the=key-of-gpu"}
        assert "the=key-of-gpu" not in (checkout / "reconciler.journal").read_text()

        drifted = Job(tmp_path, base, checkout)
        fleet.edit("gpu-1", tags=["other"])
        drift = ".github/workflows/drift.yml"
        assert drifted.run(drift, "plan", "Plan", RECONCILER_ENV="", RECONCILER_PROJECT="", **secrets).returncode == 0
        told = drifted.run(drift, "issue", "Open, update or close the issue", GITHUB_TOKEN="ghs_job")
        assert told.returncode == 0, told.stderr
        assert github.issues[0]["state"] == "open"


@pytest.mark.usefixtures("command")
def test_a_plan_that_fails_fails_its_step(tmp_path, checkout):
    """A wrong token is red, in the pull request and on the schedule."""
    with running_sandbox() as fleet:
        job = Job(tmp_path, {"COMFYCONTROL_API_URL": fleet.url}, checkout)
        wrong = {"COMFYCONTROL_API_TOKEN": "cfc_wrong", "HEADER_SECRETS": "RECONCILER_GPU_KEY=x", "RECONCILER_ENV": ""}
        assert job.run(".github/workflows/reconcile.yml", "plan", "Plan", **wrong).returncode == 1
        assert job.run(".github/workflows/drift.yml", "plan", "Plan", RECONCILER_PROJECT="", **wrong).returncode == 1


@pytest.mark.usefixtures("command")
def test_the_actions_plan_and_apply(tmp_path, checkout):
    """The composite actions run the command that they installed, with their inputs as environment."""
    (checkout / "reconciler.yaml").write_text("version: 1\n")
    installed = tmp_path / "reconciler" / "bin"
    installed.mkdir(parents=True)
    (installed / "reconciler").symlink_to(tmp_path / "bin" / "reconciler")
    with running_sandbox() as fleet:
        base = {"COMFYCONTROL_API_URL": fleet.url, "RUNNER_TEMP": str(tmp_path), "RECONCILER_GPU_KEY": "the-key-of-gpu"}
        job = Job(tmp_path, base | {"GITHUB_ACTIONS": "true"}, checkout)
        token = {"COMFYCONTROL_API_TOKEN": fleet.token}
        inputs = {"RECONCILER_ENV": "", "RECONCILER_PROJECT": "", "RECONCILER_OUT": "my.plan", "REPORT": "my.html"}
        planned = job.run(".github/actions/plan/action.yml", "", "Plan", **inputs, **token)
        assert planned.returncode == 0, planned.stderr
        assert (checkout / "my.html").exists()
        assert "has-changes" in job.files["GITHUB_OUTPUT"].read_text()
        applied = job.run(
            ".github/actions/apply/action.yml", "", "Apply", PLAN="my.plan", JOURNAL="my.journal", **token
        )
        assert applied.returncode == 0, applied.stderr
        assert fleet.runner("gpu-1")["tags"] == ["gpu"]
        assert "exit-code" in job.files["GITHUB_OUTPUT"].read_text()
