"""How the shipped workflows and actions are written: pins, permissions, secrets, conditions, where files go."""

from __future__ import annotations

import itertools
import json
import re

import pytest
import yaml

from reconciler.workflow.init import init
from tests.fakes.workflow_expressions import holds
from tests.fakes.workflow_runner import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
SHIPPED = [path for path in WORKFLOWS if path.name in ("reconcile.yml", "drift.yml")]
EVERY = pytest.mark.parametrize("path", WORKFLOWS + ACTIONS, ids=lambda path: path.parent.name + "/" + path.name)
READ = {path.name: yaml.safe_load(path.read_text()) for path in SHIPPED}
JOBS = READ["reconcile.yml"]["jobs"]
CALLS = {name: document[True]["workflow_call"] for name, document in READ.items()}
KEYED = re.compile(r"inputs\.working-directory .*inputs\.project .*inputs\.environment ")


def steps_of(path):
    """Every step of a workflow or action, with the name of its job."""
    document = yaml.safe_load(path.read_text())
    if "runs" in document:
        return [("", step) for step in document["runs"]["steps"]]
    return [(name, step) for name, job in document["jobs"].items() for step in job.get("steps", [])]


@EVERY
def test_actions_of_others_are_pinned_by_commit(path):
    """A tag can be moved; a commit can't."""
    for _, step in steps_of(path):
        if "uses" in step:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", step["uses"]), step["uses"]


@EVERY
def test_no_input_reaches_a_script_but_through_env(path):
    """An expression inside a script would be code from outside."""
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


@pytest.mark.parametrize("path", SHIPPED + ACTIONS, ids=lambda path: path.parent.name + "/" + path.name)
def test_no_interpreter_can_import_from_the_checkout(path):
    """Installed before the checkout, outside of it, and every Python runs isolated; nothing is written into it."""
    jobs = itertools.groupby(steps_of(path), key=lambda pair: pair[0])
    for _, pairs in jobs:
        steps = [step for _, step in pairs]
        uses = [step.get("uses", "").partition("@")[0] for step in steps]
        (install,) = [at for at, step in enumerate(steps) if step.get("name") == "Install"]
        assert steps[install]["working-directory"] == "${{ runner.temp }}"
        assert all(at > install for at, name in enumerate(uses) if name == "actions/checkout")
        for step in steps:
            shell = step.get("shell", "bash")
            assert shell in ("bash", "python -I {0}")
            for words in re.findall(r"\S*python3?\"? +\S+", step.get("run", "") if shell == "bash" else shell):
                assert words.split()[1] == "-I", words
            if "download-artifact" in step.get("uses", ""):
                assert step["with"]["path"] == "${{ runner.temp }}/plan"


def test_secrets_are_given_to_single_steps():
    """Only Plan and Apply get them; no job, and no workflow, has them in its environment."""
    for name, document in READ.items():
        assert "secrets." not in json.dumps(document.get("env", {}))
        for job, facts in document["jobs"].items():
            assert "secrets." not in json.dumps({key: value for key, value in facts.items() if key != "steps"})
            holders = [step["name"] for step in facts["steps"] if "secrets." in json.dumps(step)]
            assert holders == {"plan": ["Plan"], "apply": ["Apply"]}.get(job, []), (name, job)


def test_the_comment_job_has_no_checkout():
    """It alone may write to the pull request, so nothing of the pull request runs in it."""
    assert JOBS["comment"]["permissions"] == {"pull-requests": "write"}
    assert not any("checkout" in step.get("uses", "") for step in JOBS["comment"]["steps"])


def test_concurrency_and_artifacts_are_a_projects_and_an_environments():
    """Their names hold folder, project file and environment; an apply is queued and never cancelled."""
    for name, document in READ.items():
        for job, facts in document["jobs"].items():
            if "concurrency" in facts:
                assert KEYED.search(facts["concurrency"]["group"]), (name, job)
            for step in facts["steps"]:
                if "artifact@" in step.get("uses", ""):
                    assert re.search(r"-\$\{\{ (needs|steps)\.\w+\.outputs\.key \}\}$", step["with"]["name"])
    assert {job for job, facts in JOBS.items() if "concurrency" in facts} == {"plan", "comment", "apply"}
    assert JOBS["apply"]["concurrency"]["cancel-in-progress"] is False
    assert JOBS["apply"]["environment"] == "${{ inputs.apply-environment }}"


def test_a_run_that_is_repeated_overwrites_its_artifacts():
    """An artifact's name is taken by the first attempt of a run."""
    for document in READ.values():
        for job in document["jobs"].values():
            uploads = [step for step in job["steps"] if "upload-artifact@" in step.get("uses", "")]
            assert all(step["with"]["overwrite"] for step in uploads)


def test_the_contract_names_what_a_caller_gives():
    """Jobs, inputs and secrets have the names that callers rely on; what pip installs is never left to a bare name."""
    assert list(JOBS) == ["validate", "plan", "comment", "apply"]
    assert list(READ["drift.yml"]["jobs"]) == ["plan", "issue"]
    inputs = CALLS["reconcile.yml"]["inputs"]
    assert {"environment", "apply-environment", "project", "working-directory", "requirement"} <= set(inputs)
    assert "without any" in inputs["apply-environment"]["description"]
    for call in CALLS.values():
        assert {"COMFYCONTROL_API_TOKEN", "RECONCILER_HEADER_SECRETS"} <= set(call["secrets"])
        assert call["inputs"]["requirement"] == call["inputs"]["requirement"] | {"required": True}
        assert "default" not in call["inputs"]["requirement"]
    for name, document in READ.items():
        assert document["env"]["RECONCILER_PROJECT"] == "${{ inputs.project }}", name
    for path in ACTIONS:
        given = yaml.safe_load(path.read_text())["inputs"]
        assert {"working-directory", "requirement", "api-token", "header-secrets"} <= set(given)


def test_the_caller_that_init_writes_gives_what_the_workflows_ask_for(tmp_path):
    """Every permission of their jobs, required inputs, and secrets by their names; it can be started by hand."""
    init(tmp_path)
    caller = yaml.safe_load((tmp_path / ".github" / "workflows" / "runners.yml").read_text())
    assert "workflow_dispatch" in caller[True]
    levels = ["none", "read", "write"]
    for job in caller["jobs"].values():
        name = job["uses"].rpartition("/")[2]
        for facts in READ[name]["jobs"].values():
            for what, level in facts["permissions"].items():
                assert levels.index(job["permissions"].get(what, "none")) >= levels.index(level), (name, what)
        required = {each for each, facts in CALLS[name]["inputs"].items() if facts.get("required")}
        assert required <= set(job["with"]) <= set(CALLS[name]["inputs"])
        assert {"COMFYCONTROL_API_TOKEN", "RECONCILER_HEADER_SECRETS"} <= set(job["secrets"])
        assert set(job["secrets"]) <= set(CALLS[name]["secrets"])


@pytest.mark.parametrize("event_name", ["push", "pull_request", "workflow_dispatch", "pull_request_target", "schedule"])
@pytest.mark.parametrize("ref", ["refs/heads/main", "refs/heads/other", "refs/tags/main", "refs/pull/7/merge"])
@pytest.mark.parametrize("base", ["main", "other", ""])
def test_who_is_planned_with_secrets(event_name, ref, base):
    """The default branch itself, or a pull request of this repository to it; every other pull request without."""
    (offline,) = [step for step in JOBS["validate"]["steps"] if step.get("id") == "offline"]
    for repository, user in itertools.product(["o/r", "fork/r", None], ["dev", "dependabot[bot]", None]):
        pull = {"base": {"ref": base}, "head": {"repo": {"full_name": repository}}, "user": {"login": user}}
        event = {"repository": {"default_branch": "main"}, "pull_request": pull if "pull" in event_name else None}
        github = {"event_name": event_name, "ref": ref, "repository": "o/r", "event": event}
        contexts = {"github": github, "needs": {}, "inputs": {}}
        own = (base, repository) == ("main", "o/r") and user != "dependabot[bot]"
        by_hand = event_name in ("push", "workflow_dispatch") and ref == "refs/heads/main"
        assert holds(JOBS["plan"]["if"], contexts) is (by_hand or (event_name == "pull_request" and own))
        assert holds(offline["if"], contexts) is (event_name == "pull_request" and not own)
