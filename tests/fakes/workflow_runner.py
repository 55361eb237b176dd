"""Runs workflow files as GitHub Actions would, as far as ours go: jobs in order, their conditions, steps, artifacts.

Every `run:` is really run, in a shell, with exactly the environment that the file gives it. Of the actions that are
used, four have a stand-in: checkout, setup-python, upload-artifact and download-artifact.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.fakes.workflow_expressions import expand, holds

ROOT = Path(__file__).parents[2]
RECONCILE = ROOT / ".github" / "workflows" / "reconcile.yml"
DRIFT = ROOT / ".github" / "workflows" / "drift.yml"
PATH = "/usr/local/bin:/usr/bin:/bin"
WHO = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}


def git(folder, *words):
    """Run git in a folder, with no configuration but the repository's; what it prints."""
    env = {"PATH": PATH, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **WHO}
    ran = subprocess.run(["git", *words], cwd=folder, env=env, check=True, capture_output=True, text=True)  # noqa: S607 - the git of the PATH is meant
    return ran.stdout.strip()


@dataclass
class StepRun:
    """One step that ran: what it printed, and whether it failed."""

    name: str
    code: int
    out: str
    err: str


@dataclass
class JobRun:
    """One job: `result` is success, failure or skipped; `work` its workspace, `temp` the runner's temp folder."""

    result: str
    outputs: dict[str, str] = field(default_factory=dict)
    steps: list[StepRun] = field(default_factory=list)
    summary: str = ""
    work: Path = Path()
    temp: Path = Path()

    @property
    def log(self):
        """Everything that its steps printed."""
        return "".join(step.out + step.err for step in self.steps)

    def step(self, name):
        """The one step of that name; None where it was skipped."""
        found = [step for step in self.steps if step.name == name]
        return found[0] if found else None


@dataclass(kw_only=True)
class Actions:
    """A repository on the forge and its runners. `installed` is a Python environment that stands for what pip made.

    `before_job` is called with a job's name, `before_steps` and `after_checkout` with its workspace.
    """

    folder: Path
    remote: Path
    api_url: str
    secrets: dict[str, str]
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)
    installed: Path | None = None
    artifacts: dict[str, dict[str, bytes]] = field(default_factory=dict)
    before_job: Any = None
    before_steps: Any = None
    after_checkout: Any = None
    runs: int = 0

    def run(self, workflow, event, inputs=None, *, secrets=None):
        """Run every job of a reusable workflow; the results by job."""
        self.runs += 1
        document = yaml.safe_load(Path(workflow).read_text(encoding="utf-8"))
        call = document[True]["workflow_call"]  # YAML 1.1 reads the key `on` so
        given = {name: facts.get("default") for name, facts in call["inputs"].items()} | (inputs or {})
        handed = {name: self.secrets.get(name, "") for name in call["secrets"]} if secrets is None else secrets
        contexts = {"github": event | {"token": "ghs_the_job_token"}, "inputs": given, "needs": {}}
        done: dict[str, JobRun] = {}
        for name, job in document["jobs"].items():
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            here = contexts | {"needs": {each: _seen(done[each]) for each in needs}}
            failed = any(done[each].result != "success" for each in needs)
            if not holds(job.get("if"), here, failed=failed):
                done[name] = JobRun("skipped")
                continue
            if self.before_job is not None:
                self.before_job(name)
            environment = expand(job.get("environment"), here)
            here["secrets"] = handed | (self.environments.get(environment, {}) if environment else {})
            done[name] = self._job(name, document.get("env", {}), job, here, event)
        return done

    def action(self, path, event, inputs, work):
        """Run a composite action in a workspace."""
        self.runs += 1
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        given = {name: facts.get("default", "") for name, facts in document["inputs"].items()} | inputs
        machine = self.machine
        self.machine = machine | {"GITHUB_ACTION_PATH": str(Path(path).parent)}
        try:
            return self._job("action", {}, document["runs"], {"github": event, "inputs": given}, event, work=work)
        finally:
            self.machine = machine

    def _job(self, name, env, job, contexts, event, work=None):
        root = self.folder / f"run-{self.runs}-{name}"
        run = JobRun("success", work=work or root / "work", temp=root / "temp")
        for folder in (run.work, run.temp, root / "bin"):
            folder.mkdir(parents=True, exist_ok=True)
        if self.before_steps is not None:
            self.before_steps(run.work)
        files = {key: root / key for key in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
        (root / "event.json").write_text(json.dumps(event["event"]))
        base = {
            "PATH": f"{root / 'bin'}:{PATH}",
            "HOME": str(root),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.api_url,
            "GITHUB_EVENT_NAME": event["event_name"],
            "GITHUB_EVENT_PATH": str(root / "event.json"),
            "GITHUB_REF": event["ref"],
            "GITHUB_REPOSITORY": event["repository"],
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": str(9000 + self.runs),
            "GITHUB_RUN_NUMBER": str(self.runs),
            "GITHUB_SERVER_URL": "https://github.test",
            "GITHUB_SHA": event["sha"],
            "GITHUB_WORKFLOW_REF": f"{event['repository']}/.github/workflows/runners.yml@{event['ref']}",
            "GITHUB_WORKSPACE": str(run.work),
            "RUNNER_TEMP": str(run.temp),
            **self.machine,
            **{key: str(path) for key, path in files.items()},
        }
        here = contexts | {"runner": {"temp": str(run.temp)}, "steps": {}}
        common = expand(env, contexts)
        for step in job["steps"]:
            failed = run.result == "failure"
            if not holds(step.get("if"), here, failed=failed):
                continue
            for path in files.values():
                if path.name != "GITHUB_STEP_SUMMARY" or not path.exists():
                    path.write_text("")
            if "uses" in step:
                self._use(step["uses"], expand(step.get("with", {}), here), run, root, event)
                continue
            ran = self._script(step, here, run, base | common)
            run.steps.append(ran)
            run.summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
            assert not files["GITHUB_ENV"].read_text(), "a job's environment is not changed by its steps"
            if "id" in step:
                here["steps"][step["id"]] = {"outputs": _outputs(files["GITHUB_OUTPUT"])}
            if ran.code:
                run.result = "failure"
        run.outputs = expand(job.get("outputs", {}), here)
        return run

    def _script(self, step, contexts, run, env):
        name = step.get("name", "")
        if name == "Install" and self.installed is not None:
            (run.temp / "reconciler").symlink_to(self.installed)
            return StepRun(name, 0, "", "")
        script = run.temp / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        shell = step.get("shell", "bash")
        command = (
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
            if shell == "bash"
            else [part.replace("{0}", str(script)) for part in shlex.split(shell)]
        )
        given = {key: str(value) for key, value in expand(step.get("env", {}), contexts).items()}
        folder = run.work / expand(step.get("working-directory", "."), contexts)
        everything = env | given
        program = shutil.which(command[0], path=everything["PATH"])
        ran = subprocess.run(
            [program, *command[1:]], cwd=folder, env=everything, capture_output=True, text=True, check=False
        )
        script.unlink()
        return StepRun(name, ran.returncode, ran.stdout, ran.stderr)

    def _use(self, action, given, run, root, event):
        name = action.partition("@")[0]
        if name == "actions/setup-python":
            for each in ("python", "python3"):
                (root / "bin" / each).symlink_to(Path(sys._base_executable).resolve())
        elif name == "actions/checkout":
            self._check_out(given, run.work, event)
        elif name == "actions/upload-artifact":
            self._upload(given)
        elif name == "actions/download-artifact":
            for path, content in self.artifacts[given["name"]].items():
                target = Path(given.get("path") or run.work) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        else:
            raise AssertionError(f"no stand-in for {action}")

    def _check_out(self, given, work, event):
        assert given["persist-credentials"] is False
        git(work, "init", "-q")
        git(work, "config", "remote.origin.url", str(self.remote))
        if given.get("fetch-depth") == 0:
            git(work, "fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*", event["sha"])
        else:
            git(work, "fetch", "-q", "--depth=1", "origin", event["sha"])
        git(work, "checkout", "-q", "--force", "--detach", event["sha"])
        if self.after_checkout is not None:
            self.after_checkout(work)

    def _upload(self, given):
        path = Path(given["path"])
        files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
        if not files:
            return
        folder = path if path.is_dir() else path.parent
        self.artifacts[given["name"]] = {os.path.relpath(each, folder): each.read_bytes() for each in files}


def _seen(job):
    return {"result": job.result, "outputs": job.outputs}


def _outputs(path):
    """What a step put into GITHUB_OUTPUT: NAME=VALUE, or NAME<<END with lines up to END."""
    outputs, lines = {}, iter(path.read_text(encoding="utf-8").splitlines())
    for line in lines:
        name, fence, end = line.partition("<<")
        if fence:
            outputs[name] = "\n".join(iter(lambda end=end: _next(lines, end), None))
        else:
            name, _, outputs_value = line.partition("=")
            outputs[name] = outputs_value
    return outputs


def _next(lines, end):
    line = next(lines)
    return None if line == end else line
