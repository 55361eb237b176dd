"""The composite actions, in a checkout that another workflow made."""

from __future__ import annotations

import json

import pytest

from tests.fakes.forge_repository import KEY, manifest
from tests.fakes.workflow_runner import ROOT

PLAN = ROOT / ".github" / "actions" / "plan" / "action.yml"
APPLY = ROOT / ".github" / "actions" / "apply" / "action.yml"


@pytest.fixture
def work(tmp_path, actions, repository, fleet):
    """A checkout with a project in the folder `f`, a guard in it, and a committed list of the live runners: none."""
    listed = {"format_version": "1.0", "read_at": "2026-11-25T12:00:00Z", "api_url": fleet.url, "runners": []}
    files = {"f/p.yaml": "version: 1\nguard: {max_creates: 1}\n", "f/live.json": json.dumps(listed)}
    repository.commit(files | {"f/runners/r.yaml": manifest(gpu_1=["gpu"])})
    folder = tmp_path / "work"
    folder.mkdir()
    actions._check_out({"persist-credentials": False, "fetch-depth": 0}, folder, repository.push())
    return folder


def test_plan_and_apply(actions, repository, fleet, work):
    """Header secrets arrive whole; the plan names project and environment, and the apply takes them from it."""
    event = repository.push()
    secrets = {"api-token": fleet.token, "header-secrets": f"ANY_NAME=x\nRECONCILER_GPU_KEY={KEY}"}
    given = {"working-directory": "f", "project": "p.yaml", "out": "my.plan", "report": "my.html"}
    planned = actions.action(PLAN, event, given | secrets, work)
    assert planned.result == "success", planned.log
    assert (work / "f" / "my.html").exists()
    applied = actions.action(APPLY, event, {"working-directory": "f", "plan": "my.plan"} | secrets, work)
    assert applied.result == "success", applied.log
    assert fleet.runner("gpu-1")["headers"] == {"X-Key": KEY}
    assert KEY not in (applied.temp / "reconciler.journal").read_text()
    stale = actions.action(APPLY, event, {"working-directory": "f", "plan": "my.plan"} | secrets, work)
    assert (stale.result, stale.steps[-1].code) == ("failure", 4)


def test_a_list_needs_no_token(actions, repository, fleet, work):
    """Planned against it, saved, not applyable; no request is sent."""
    given = {"live": "live.json", "working-directory": "f", "project": "p.yaml", "out": "my.plan"}
    job = actions.action(PLAN, repository.push(), given, work)
    assert job.result == "success", job.log
    assert json.loads((work / "f" / "my.plan").read_text())["applyable"] is False
    assert fleet.requests == []


def test_the_policy_of_another_revision(actions, repository, fleet, work):
    """`policy-from` and the project's file hold: what the branch loosens is refused as before."""
    repository.commit({"f/p.yaml": "version: 1\nguard: {max_creates: 0}\n"}, "strict", start="main")
    strict = repository.push(branch="strict")["sha"]
    given = {"policy-from": strict, "working-directory": "f", "project": "p.yaml", "api-token": fleet.token}
    secrets = {"header-secrets": f"RECONCILER_GPU_KEY={KEY}"}
    actions._check_out({"persist-credentials": False, "fetch-depth": 0}, work, repository.push())
    job = actions.action(PLAN, repository.push(), given | secrets, work)
    assert (job.result, job.steps[-1].code) == ("failure", 5)
