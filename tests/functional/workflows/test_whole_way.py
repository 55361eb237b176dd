"""A pull request's whole way, from event to comment to apply: the shipped workflows, run as Actions would run them."""

from __future__ import annotations

import json

import pytest

from reconciler.sandbox.entities import DEFAULT_USER_ID
from reconciler.sandbox.store import Token
from tests.fakes.forge_repository import KEY, manifest
from tests.fakes.workflow_runner import DRIFT, RECONCILE

INPUTS = {"requirement": "comfycontrol-reconciler==0.1.0"}


def results(jobs):
    """The result of every job, by name."""
    return {name: job.result for name, job in jobs.items()}


def test_a_first_pull_request(actions, repository, github, fleet):
    """The base has no project file: the branch adds it, and a variable with its first user; from event to apply."""
    files = {
        "reconciler.yaml": "version: 1\nvars: {pool: blue}\ndefaults: {tags: [team-x]}\n",
        "runners/gpu.yaml": manifest(gpu_1=["gpu", "'${var:pool}'"]),
    }
    repository.commit(files, "topic", start="main")
    jobs = actions.run(RECONCILE, repository.pull_request("topic"), INPUTS)
    assert results(jobs) == {"validate": "success", "plan": "success", "comment": "success", "apply": "skipped"}, jobs[
        "plan"
    ].log
    assert "gpu-1" in github.comments[0]["body"]
    assert fleet.runners == []

    jobs = actions.run(RECONCILE, repository.merge("topic"), INPUTS)
    assert results(jobs) == {"validate": "success", "plan": "success", "comment": "skipped", "apply": "success"}, jobs[
        "apply"
    ].log
    assert sorted(fleet.runner("gpu-1")["tags"]) == ["blue", "gpu", "team-x"]


def test_a_header_secret_arrives_whole_and_shows_nowhere(actions, repository, fleet):
    """The last `=` of a value is a part of it; the log masks the value and nothing else has it."""
    repository.commit({"runners/gpu.yaml": manifest(gpu_1=["gpu", "new"])}, "topic", start="main")
    jobs = actions.run(RECONCILE, repository.merge("topic"), INPUTS)
    assert fleet.runner("gpu-1")["headers"] == {"X-Key": KEY}
    for job in jobs.values():
        shown = [line for line in job.log.splitlines() if KEY in line]
        assert all(line == f"::add-mask::{KEY}" for line in shown)
        assert KEY not in job.summary
    assert not any(KEY.encode() in content for files in actions.artifacts.values() for content in files.values())


def test_a_pull_request_cannot_loosen_the_policy(actions, repository, github):
    """It is planned under the base's policy, refused by it, and the comment's headline says what it changes."""
    repository.commit({"reconciler.yaml": "version: 1\nguard: {max_creates: 1}\n"})
    files = {
        "reconciler.yaml": "version: 1\nguard: {max_creates: 99}\nenv_allow: ['*']\n",
        "runners/gpu.yaml": manifest(gpu_1=["gpu"], gpu_2=["gpu"], gpu_3=["gpu"]),
    }
    repository.commit(files, "loose", start="main")
    jobs = actions.run(RECONCILE, repository.pull_request("loose"), INPUTS)
    assert results(jobs) == {"validate": "success", "plan": "failure", "comment": "success", "apply": "skipped"}
    assert jobs["plan"].outputs["exit-code"] == "5"
    headline = github.comments[0]["body"].partition("### ")[0]
    assert "policy" in headline
    assert "too-many-creates" in github.comments[0]["body"]


def test_the_policy_is_that_of_the_branch_merged_into(actions, repository, github):
    """An event may name an old base: what counts is the base that GitHub merged with, not what the event remembers."""
    old = repository.commit({"reconciler.yaml": "version: 1\n"})
    repository.commit({"runners/gpu.yaml": manifest(gpu_1=["gpu"], gpu_2=["gpu"])}, "topic", start="main")
    repository.commit({"reconciler.yaml": "version: 1\nguard: {max_creates: 1}\n"})
    jobs = actions.run(RECONCILE, repository.pull_request("topic", base_sha=old), INPUTS)
    assert jobs["plan"].outputs["exit-code"] == "5"
    assert "policy-changed" not in github.comments[0]["body"]


def test_the_project_file_counts_on_every_event(actions, repository, fleet):
    """A project in a folder of its own, its file by another name: its guard refuses a push and a run by hand."""
    files = {"fleet/my.yaml": "version: 1\nguard: {max_creates: 0}\n", "fleet/runners/a.yaml": manifest(a=["gpu"])}
    repository.commit(files)
    inputs = INPUTS | {"working-directory": "fleet", "project": "my.yaml"}
    for event in (repository.push(), repository.push("workflow_dispatch")):
        jobs = actions.run(RECONCILE, event, inputs)
        assert (jobs["plan"].outputs["exit-code"], jobs["apply"].result) == ("5", "skipped")
    assert fleet.runners == []


def test_two_projects_share_nothing(actions, repository, github, fleet):
    """Two folders, and two environments of one: each its own artifacts, comment, plan and apply."""
    project = "version: 1\nenvironments: {blue: {manifests: [blue]}, green: {manifests: [green]}}\n"
    repository.commit({"runners/gpu.yaml": None, "README": "x"})
    files = {
        "a/reconciler.yaml": project,
        "a/blue/r.yaml": manifest(a_blue=["gpu"]),
        "a/green/r.yaml": manifest(a_green=["gpu"]),
        "a-blue/runners/r.yaml": manifest(other=["gpu"]),
    }
    repository.commit(files, "topic", start="main")
    event = repository.pull_request("topic")
    calls = [
        {"working-directory": "a", "environment": "blue"},
        {"working-directory": "a", "environment": "green"},
        {"working-directory": "a-blue"},
    ]
    for call in calls:
        assert actions.run(RECONCILE, event, INPUTS | call)["comment"].result == "success"
    assert len(actions.artifacts) == 3
    assert len(github.comments) == 3
    event = repository.merge("topic")
    for call in calls:
        assert actions.run(RECONCILE, event, INPUTS | call)["apply"].result == "success"
    assert sorted(runner["name"] for runner in fleet.runners) == ["a-blue", "a-green", "other"]


@pytest.mark.parametrize(
    "case",
    [
        (["push"], False, "has a run of its own", 0),
        ([], False, "A new run of runners.yml plans again", 1),
        (["schedule"], False, "A new run of runners.yml plans again", 1),
        ([], True, "::warning::runners.yml can't be started again", 0),
    ],
)
def test_a_superseded_plan_is_not_applied(actions, repository, github, fleet, case):
    """While its apply waits for approval the branch moves on: a notice, exit 0, nothing written.

    Where the newer commit has no run, as one that a `paths:` filter leaves out, one is started.
    """
    runs, refused, said, started = case
    github.runs = [{"event": each} for each in runs]
    if refused:
        _refuse(github, "dispatches")
    event = repository.push()
    actions.before_job = lambda job: job == "apply" and repository.commit({"README": "moved on"})
    jobs = actions.run(RECONCILE, event, INPUTS)
    assert jobs["apply"].result == "success"
    assert "::notice::Superseded" in jobs["apply"].log
    assert said in jobs["apply"].log
    assert jobs["apply"].step("Apply") is None
    assert (fleet.runners, len(github.dispatches)) == ([], started)


def test_a_head_that_cannot_be_seen_is_red(actions, repository, github, fleet):
    """Nobody says whether the plan is superseded: nothing is applied."""
    actions.before_job = lambda job: job == "apply" and github.heads.clear()
    jobs = actions.run(RECONCILE, repository.push(), INPUTS)
    assert jobs["apply"].result == "failure"
    assert fleet.runners == []


def _refuse(github, what):
    """Let GitHub answer 403 to whatever has this part in its path."""
    real = github._repository
    github._repository = lambda method, parts, body: (
        (403, {}, {"message": "no"}) if what in parts else real(method, parts, body)
    )


def test_a_stale_plan_is_made_again(actions, repository, github, fleet):
    """Exit 4 plans again: with changes a new run asks for approval; without any there is nothing left to do."""
    repository.commit({"runners/gpu.yaml": manifest(gpu_1=["gpu"], gpu_2=["gpu"])})
    other = {"name": "gpu-2", "endpoint": "https://gpu-2.example.com", "tags": ["gpu"], "headers": {"X-Key": KEY}}
    actions.before_job = lambda job: job == "apply" and fleet.store.add_many([other | {"status": "active"}])
    jobs = actions.run(RECONCILE, repository.push(), INPUTS)
    assert jobs["apply"].result == "success", jobs["apply"].log
    assert github.dispatches == [("runners.yml", {"ref": "main"})]
    assert [runner["name"] for runner in fleet.runners] == ["gpu-2"]

    actions.before_job = None
    assert actions.run(RECONCILE, repository.push("workflow_dispatch"), INPUTS)["apply"].result == "success"
    assert sorted(runner["name"] for runner in fleet.runners) == ["gpu-1", "gpu-2"]

    repository.commit({"runners/gpu.yaml": manifest(gpu_1=["gpu", "x"], gpu_2=["gpu"])})
    actions.before_job = lambda job: job == "apply" and fleet.edit("gpu-1", tags=["gpu", "x"])
    jobs = actions.run(RECONCILE, repository.push(), INPUTS)
    assert jobs["apply"].result == "success", jobs["apply"].log
    assert len(github.dispatches) == 1


def test_a_stale_plan_that_cannot_be_started_again_fails(actions, repository, github, fleet):
    """Without the trigger or the permission the job is red, and says what to do."""
    repository.commit({"runners/gpu.yaml": manifest(gpu_1=["gpu"])})
    other = {"name": "gpu-1", "endpoint": "https://gpu-9.example.com", "tags": ["y"], "headers": {}}
    actions.before_job = lambda job: job == "apply" and fleet.store.add_many([other])
    _refuse(github, "dispatches")
    jobs = actions.run(RECONCILE, repository.push(), INPUTS)
    assert (jobs["apply"].result, "workflow_dispatch" in jobs["apply"].log) == ("failure", True)


@pytest.mark.parametrize("who", [{"fork": True}, {"user": "dependabot[bot]"}, {"base": "release"}])
def test_a_pull_request_without_secrets(actions, repository, github, fleet, who):
    """Of a fork, of Dependabot, or to another branch: validated, and planned and posted where a list is committed."""
    repository.commit({}, "release", start="main")
    base = who.get("base", "main")
    repository.commit({"runners/gpu.yaml": manifest(gpu_1=["gpu", "new"])}, "topic", start=base)
    secrets = {} if base == "main" else None
    jobs = actions.run(RECONCILE, repository.pull_request("topic", **who), INPUTS, secrets=secrets)
    assert results(jobs) == {"validate": "success", "plan": "skipped", "comment": "skipped", "apply": "skipped"}
    assert "::notice::Validated only" in jobs["validate"].log

    listed = {"format_version": "1.0", "read_at": "2026-11-25T12:00:00Z", "api_url": fleet.url, "runners": []}
    repository.commit({"live.json": json.dumps(listed)}, "topic")
    jobs = actions.run(RECONCILE, repository.pull_request("topic", **who), INPUTS, secrets=secrets)
    assert results(jobs) == {"validate": "success", "plan": "skipped", "comment": "success", "apply": "skipped"}, (
        jobs["validate"].log + jobs["comment"].log
    )
    assert "cannot be applied" in github.comments[0]["body"]
    assert fleet.requests == []

    github.forbidden = True
    jobs = actions.run(RECONCILE, repository.pull_request("topic", **who), INPUTS, secrets=secrets)
    assert jobs["comment"].result == "success"
    assert "gpu-1" in jobs["comment"].summary


def test_a_wrong_manifest_is_annotated_where_it_is(actions, repository):
    """As the repository sees the file, also below a working directory; nothing is planned."""
    repository.commit({"fleet/runners/bad.yaml": "version: 1\nrunners:\n  x: {endpoint: nope, tagz: []}\n"})
    jobs = actions.run(RECONCILE, repository.push(), INPUTS | {"working-directory": "fleet"})
    assert results(jobs) == {"validate": "failure", "plan": "skipped", "comment": "skipped", "apply": "skipped"}
    assert "::error file=fleet/runners/bad.yaml,line=3" in jobs["validate"].log


@pytest.mark.parametrize("event", ["push", "workflow_dispatch"])
def test_only_the_default_branch_is_applied(actions, repository, fleet, event):
    """A push to, or a run by hand on, another branch is validated and gets no secret; a tag named main neither."""
    repository.commit({}, "other", start="main")
    for made in (repository.push(event, "other"), repository.push(event) | {"ref": "refs/tags/main"}):
        jobs = actions.run(RECONCILE, made, INPUTS)
        assert results(jobs) == {"validate": "success", "plan": "skipped", "comment": "skipped", "apply": "skipped"}
    assert fleet.requests == []


@pytest.mark.parametrize(
    ("rules", "result", "said"),
    [
        (None, "failure", "There is no environment 'production'"),
        ([], "failure", "has no protection"),
        (["wait_timer"], "success", "no required reviewers"),
        (["branch_policy", "required_reviewers"], "success", ""),
    ],
)
def test_an_environment_that_protects_nothing_is_refused(actions, repository, github, fleet, rules, result, said):
    """Before the apply job starts and GitHub makes one up; an environment without reviewers is a warning."""
    github.environments = {} if rules is None else {"production": rules}
    jobs = actions.run(RECONCILE, repository.push(), INPUTS)
    assert jobs["plan"].result == result
    assert said in jobs["plan"].log
    assert ("::" in jobs["plan"].step("Refuse an environment that protects nothing").out) is bool(said)
    assert bool(fleet.runners) is (result == "success")


def test_an_environment_out_of_sight_is_a_warning(actions, repository, github):
    """The token of the job may not see it: the plan says so and goes on."""
    _refuse(github, "environments")
    jobs = actions.run(RECONCILE, repository.push(), INPUTS)
    assert jobs["apply"].result == "success"
    assert "::warning::The environment 'production' can't be seen (403)" in jobs["plan"].log


def test_the_secrets_of_the_environment_are_what_the_apply_gets(actions, repository, fleet):
    """A secret of the environment has the name of the workflow's, and so takes its place; a plan key is shared."""
    actions.secrets["RECONCILER_PLAN_KEY"] = "k" * 32
    actions.environments["production"] = {"COMFYCONTROL_API_TOKEN": fleet.token}
    fleet.store.add_token("cfc_plan", Token(DEFAULT_USER_ID))
    actions.secrets["COMFYCONTROL_API_TOKEN"] = "cfc_plan"
    jobs = actions.run(RECONCILE, repository.push(), INPUTS)
    assert jobs["apply"].result == "success", jobs["apply"].log
    assert fleet.count("POST") == 1


def test_a_token_by_another_name(actions, repository, github, fleet):
    """Where an environment of the project file names the token's variable, the workflows set that one."""
    project = "version: 1\nenvironments: {staging: {token_env: COMFYCONTROL_STAGING_TOKEN}}\n"
    repository.commit({"reconciler.yaml": project})
    inputs = INPUTS | {"environment": "staging", "token-env": "COMFYCONTROL_STAGING_TOKEN"}
    assert actions.run(DRIFT, repository.push("schedule"), inputs)["issue"].result == "success"
    jobs = actions.run(RECONCILE, repository.push(), inputs)
    assert jobs["apply"].result == "success", jobs["plan"].log
    assert [runner["name"] for runner in fleet.runners] == ["gpu-1"]
    assert len(github.issues) == 1


def test_drift_has_one_issue(actions, repository, github):
    """On the clock and by hand: opened, closed after the repair; a plan that fails is red."""
    for event in ("schedule", "workflow_dispatch"):
        assert results(actions.run(DRIFT, repository.push(event), INPUTS)) == {"plan": "success", "issue": "success"}
    assert [issue["state"] for issue in github.issues] == ["open"]
    actions.run(RECONCILE, repository.push("workflow_dispatch"), INPUTS)
    actions.run(DRIFT, repository.push("schedule"), INPUTS)
    assert [issue["state"] for issue in github.issues] == ["closed"]
    actions.secrets["COMFYCONTROL_API_TOKEN"] = "cfc_wrong"
    for workflow in (DRIFT, RECONCILE):
        assert actions.run(workflow, repository.push("workflow_dispatch"), INPUTS)["plan"].result == "failure"
