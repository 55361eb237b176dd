"""`init --ci gitlab`: what it writes is what GitLab takes, and its jobs tell the whole story against a stand-in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from string import Template

import pytest
import yaml

from tests.fakes import gitlab as gitlab_fake
from tests.fakes.cli import run_cli
from tests.fakes.gitlab import running_gitlab
from tests.fakes.sandbox import running_sandbox

ROOT = Path(__file__).parents[2]
COMPONENT = ROOT / "examples" / "gitlab" / "templates" / "reconcile.yml"
COMMIT = "comfycontrol-reconciler @ git+https://git.example.com/a/reconciler@" + "0123456789" * 4
WHO = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}
HOOKED = "version: 1\nenvironments:\n  staging: {token_env: COMFYCONTROL_STAGING}\n  production: {}\n"
MANIFEST = (
    "version: 1\nrunners:\n  gpu-1: {endpoint: 'https://gpu-1.example.com', tags: [gpu], status: active,"
    " headers: {X-Key: '${env:RECONCILER_GPU_KEY}'}}\n"
)
LIVE = {"name": "gpu-1", "endpoint": "https://gpu-1.example.com", "tags": ["old"], "status": "active", "headers": {}}


def git(folder, *words):
    """One git command that must work."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **WHO}
    done = subprocess.run(["git", *words], cwd=folder, check=True, env=env, capture_output=True, text=True)  # noqa: S607 - the git of the PATH is meant
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """A repository whose remote is on GitLab."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "remote", "add", "origin", "git@gitlab.example.com:example/fleet.git")
    return folder


def init(folder, *options, requirement=COMMIT):
    """Run init in a folder; what it wrote, as JSON."""
    ran = run_cli("init", "--requirement", requirement, "--format", "json", *options, cwd=folder)
    assert ran.code == 0, ran.err
    return ran.json


def checked(path):
    """The pipeline, after GitLab's published schema and yamllint have found nothing in it."""
    tools = Path(sys.executable).parent
    published = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    for command in ([tools / "check-jsonschema", *published, path], [tools / "yamllint", "--strict", path]):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_jobs_are_what_a_merge_request_needs(repository):
    """By the remote alone; one file, accepted by GitLab's schema and yamllint."""
    made = init(repository)
    assert made["notes"] == []
    jobs = checked(repository / ".gitlab-ci.yml")
    assert set(jobs) == {".reconciler", "validate", "plan", "comment", "apply", "drift"}
    assert jobs["apply"]["resource_group"]
    assert jobs["apply"]["environment"] == {"name": "production"}
    assert [rule["when"] for rule in jobs["apply"]["rules"]] == ["manual"]
    assert jobs["comment"]["variables"]["GIT_STRATEGY"] == "none"
    assert "schedule" in jobs["drift"]["rules"][0]["if"]
    assert all(job["artifacts"]["public"] is False for job in jobs.values() if "artifacts" in job)
    assert {"plan", "validate", "apply", "drift"} == {name for name, job in jobs.items() if "artifacts" in job}
    assert jobs[".reconciler"]["variables"]["REQUIREMENT"] == COMMIT
    assert not (repository / ".github").exists()


def test_nothing_of_a_branch_is_run(repository):
    """Every Python is isolated, and the environment that it runs from is made outside of the checkout."""
    init(repository)
    text = (repository / ".gitlab-ci.yml").read_text()
    assert all("python -I" in line for line in text.splitlines() if "python " in line)
    assert "cd /tmp\n" in text
    assert "/tmp/reconciler/bin/python -I -m reconciler" in text  # noqa: S108 - in a job's own container


def test_each_environment_has_jobs_and_a_token_of_its_own(repository):
    """Names that GitLab takes, its own protected environment, the variable that the project file names."""
    (repository / "reconciler.yaml").write_text(HOOKED)
    init(repository)
    jobs = checked(repository / ".gitlab-ci.yml")
    assert {"plan-staging", "plan-production", "apply-staging", "apply-production"} <= set(jobs)
    assert jobs["apply-staging"]["environment"] == {"name": "staging"}
    assert jobs[".reconciler-staging"]["variables"]["RECONCILER_ENV"] == "staging"
    assert '"$COMFYCONTROL_STAGING"' in jobs["plan-staging"]["script"][0]
    assert '"$COMFYCONTROL_API_TOKEN"' in jobs["plan-production"]["script"][0]
    assert jobs["apply-staging"]["resource_group"] != jobs["apply-production"]["resource_group"]


def test_a_folder_below_the_root_is_included(repository):
    """Its jobs are in a file of its own, run in that folder and for its paths, with a file that includes them."""
    init(repository, "fleets/a")
    assert yaml.safe_load((repository / ".gitlab-ci.yml").read_text()) == {
        "include": [{"local": ".gitlab/runners-fleets-a.yml"}]
    }
    checked(repository / ".gitlab-ci.yml")
    jobs = checked(repository / ".gitlab" / "runners-fleets-a.yml")
    assert jobs[".reconciler"]["variables"]["FOLDER"] == "fleets/a"
    assert "fleets/a/**/*" in jobs["plan"]["rules"][1]["changes"]


def test_a_pipeline_that_is_there_is_kept_and_the_line_to_add_is_said(repository):
    """Nothing is overwritten; once it is included nothing is left to say."""
    (repository / ".gitlab-ci.yml").write_text("test: {script: [make]}\n")
    made = init(repository)
    assert (repository / ".gitlab-ci.yml").read_text() == "test: {script: [make]}\n"
    assert any("include" in note and ".gitlab/runners.yml" in note for note in made["notes"])
    checked(repository / ".gitlab" / "runners.yml")
    (repository / ".gitlab-ci.yml").write_text("include: [{local: .gitlab/runners.yml}]\n")
    assert init(repository)["notes"] == []


@pytest.mark.parametrize(
    "requirement",
    ["a==1", "reconciler @ file:///a/$b", "a==1 \\\n  --hash=sha256:" + "0" * 64, "a \"b\" 'c' : # d", "a  b", "ü€"],
)
def test_any_requirement_arrives_as_it_is(repository, requirement):
    """Whatever is in it, YAML and GitLab's own variables included."""
    init(repository, requirement=requirement)
    jobs = yaml.safe_load((repository / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    held = jobs[".reconciler"]["variables"]["REQUIREMENT"]
    assert Template(held).substitute() == requirement


@pytest.mark.parametrize("name", ["a b", "a$b", "[x]", "ü", 'q"q', "{a,b}", "a*"])
def test_any_folder_arrives_as_it_is(repository, name):
    """Its name is the folder that jobs work in, and a pattern that matches it alone."""
    init(repository, name)
    file = next((repository / ".gitlab").iterdir())
    jobs = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert Template(jobs[".reconciler"]["variables"]["FOLDER"]).substitute() == name


def test_what_is_written_is_the_component_with_its_inputs_filled_in(repository):
    """Nobody has to compare the two by hand: the component's jobs are the pipeline's, and every input is used."""
    header, _, body = COMPONENT.read_text().partition("\n---\n")
    inputs = yaml.safe_load(header)["spec"]["inputs"]
    used = {part.partition(" ]]")[0] for part in body.split("$[[ inputs.")[1:]}
    assert used == set(inputs)
    assert [name for name, facts in inputs.items() if "default" not in facts] == ["requirement"]
    init(repository, requirement="the-requirement")
    filled = body.replace("$[[ inputs.requirement ]]", "the-requirement").replace("$[[ inputs.changes ]]", "[]")
    for name, facts in inputs.items():
        filled = filled.replace(f"$[[ inputs.{name} ]]", str(facts.get("default", "")))
    jobs, written = yaml.safe_load(filled), yaml.safe_load((repository / ".gitlab-ci.yml").read_text())
    for job in (*jobs.values(), *written.values()):
        for rule in job.get("rules", []):
            rule.pop("changes", None)
    assert written == jobs


class Pipeline:
    """Runs a pipeline's jobs as a runner does: rules by hand, variables expanded, artifacts left where they are."""

    def __init__(self, folder, variables):
        self.folder, self.variables = folder, variables
        self.jobs = yaml.safe_load((folder / ".gitlab-ci.yml").read_text())

    def run(self, name, **variables):
        """One job; its exit code and what it printed. The copy under test stands in for what it would install."""
        job = self.jobs[name]
        known = {"CI_PROJECT_DIR": str(self.folder), **self.variables, **variables}
        for level in (self.jobs[job["extends"]], job):
            for key, held in level.get("variables", {}).items():
                known[key] = Template(held).substitute(known)
        start = f'reconciler() {{ "{sys.executable}" -I -m reconciler "$@"; }}\ncd "$CI_PROJECT_DIR/$FOLDER"\n'
        done = subprocess.run(
            ["sh", "-e", "-c", start + "\n".join(job["script"])],  # noqa: S607 - as a runner does
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder.parent), **known},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def ran(self, name, **variables):
        """One job that must succeed; what it printed."""
        code, said = self.run(name, **variables)
        assert code == 0, said
        return said


def test_the_whole_story(repository):
    """Merge request without secrets, comment, merge, plan, apply by hand, drift: as the written pipeline does it."""
    init(repository)
    (repository / "runners" / "gpu.yaml").write_text(MANIFEST.replace("[gpu]", "[old]"))
    (repository / "runners" / "first.yaml").unlink()
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "base")
    base = git(repository, "rev-parse", "HEAD")
    (repository / "runners" / "gpu.yaml").write_text(MANIFEST)
    git(repository, "commit", "-qam", "change a tag")
    with running_sandbox(runners=[LIVE]) as fleet, running_gitlab() as gitlab:
        public = {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": f"{gitlab.url}/api/v4",
            "CI_PROJECT_ID": str(gitlab_fake.PROJECT),
            "CI_PROJECT_URL": "https://gitlab.test/example/fleets/gpu",
            "CI_PIPELINE_ID": "10",
            "CI_JOB_TOKEN": gitlab_fake.JOB_TOKEN,
            "GITLAB_TOKEN": gitlab_fake.TOKEN,
            "COMFYCONTROL_API_URL": fleet.url,
        }
        merge_request = public | {"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
        token = {"COMFYCONTROL_API_TOKEN": fleet.token}
        secrets = token | {"RECONCILER_HEADER_SECRETS": "RECONCILER_GPU_KEY=a-very-secret-value"}

        bare = Pipeline(repository, merge_request)
        bare.ran("validate")
        assert "Validated only" in bare.ran("plan")
        bare.ran("comment")
        assert gitlab.notes == []

        listed = run_cli("list", "--format", "json", cwd=repository, env=public | token)
        (repository / "live.json").write_text(listed.out)
        bare.ran("plan")
        bare.ran("comment")
        assert "gpu-1" in gitlab.notes[0]["body"]

        trusted = Pipeline(repository, merge_request | {"CI_PIPELINE_ID": "11"} | token)
        trusted.ran("plan")
        trusted.ran("comment")
        assert len(gitlab.notes) == 1
        out = repository / "reconciler-out"
        assert json.loads((out / "plan.terraform.json").read_text()) == {"create": 0, "update": 1, "delete": 0}
        refused, _ = trusted.run("apply", **secrets)
        assert refused == 1
        assert fleet.runner("gpu-1")["tags"] == ["old"]

        main = Pipeline(repository, public | secrets)
        said = main.ran("plan") + main.ran("apply")
        assert fleet.runner("gpu-1")["tags"] == ["gpu"]
        main.ran("drift")
        assert gitlab.issues == []
        (repository / "runners" / "gpu.yaml").write_text(MANIFEST.replace("[gpu]", "[gpu, more]"))
        main.ran("drift")
        assert [each["state"] for each in gitlab.issues] == ["opened"]
        written = "".join(path.read_text() for path in out.iterdir()) + str(gitlab.notes) + str(gitlab.issues) + said
        assert "a-very-secret-value" not in written
