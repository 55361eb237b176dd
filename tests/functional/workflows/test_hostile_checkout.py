"""A branch that attacks the jobs which plan it: committed modules, links and git tricks."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.fakes.forge_repository import KEY, manifest
from tests.fakes.workflow_runner import DRIFT, PATH, RECONCILE, ROOT, git

MODULES = [
    "pip.py",
    "venv.py",
    "shutil.py",
    "sitecustomize.py",
    "usercustomize.py",
    "json.py",
    "os.py",
    "runpy.py",
    "urllib/__init__.py",
    "ensurepip/__init__.py",
    "reconciler.py",
    "reconciler/__init__.py",
    "reconciler/__main__.py",
    "yaml.py",
    "click.py",
    "httpx.py",
    "dotenv.py",
]
COMMANDS = ["git", "python", "python3", "sh", "bash", "env", "mkdir", "sha256sum", "reconciler.sh"]
WRITTEN = [
    "reconciler.plan",
    "reconciler-plan.html",
    "reconciler.journal",
    "reconciler.base.yaml",
    "requirement.txt",
    "step.sh",
    "plan/reconciler.plan",
    "plan/reconciler-plan.html",
    "plan/reconciler.journal",
]
ATTRIBUTES = "* filter=evil diff=evil merge=evil text eol=crlf ident export-subst\n"


class Attack:
    """What the branch commits. `ran` appears when any of it is run, `victim` is what its links point at."""

    def __init__(self, folder):
        self.ran, self.victim = folder / "ran", folder / "victim"
        self.victim.mkdir()
        (self.victim / "file").write_text("untouched")
        self.shell = f"echo ran >> {self.ran}"

    def files(self, place):
        """Below a folder of the repository; a Path is the target of a link."""
        code = f"open({str(self.ran)!r}, 'a').write(__name__ + chr(10))\n"
        files: dict[str, str | Path] = dict.fromkeys(MODULES, code)
        files |= dict.fromkeys(COMMANDS, f"#!/bin/sh\n{self.shell}\n")
        files |= dict.fromkeys(WRITTEN, self.victim / "file")
        files |= {
            ".gitattributes": ATTRIBUTES,
            ".gitconfig": self.config(),
            ".gitmodules": f'[submodule "x"]\n\tpath = x\n\turl = ext::sh\n\tupdate = !{self.shell}\n',
            "setup.cfg": "[install]\nuser = true\n",
            "pip.conf": "[global]\nindex-url = http://127.0.0.1:9/\n",
            "pyvenv.cfg": "home = .\n",
            ".env": "COMFYCONTROL_API_URL=http://127.0.0.1:9\n",
            # A bare repository, which git would take for the one it runs in.
            "HEAD": "ref: refs/heads/main\n",
            "config": self.config() + "[core]\n\tbare = false\n\tworktree = .\n",
            "objects/x": "",
            "refs/x": "",
        }
        return {f"{place}{name}": content for name, content in files.items()}

    def config(self):
        """What makes git run a command, where git reads it from a folder or its repository."""
        return (
            f"[core]\n\tfsmonitor = {self.shell}; false\n\tpager = {self.shell}\n\tsshCommand = {self.shell}\n"
            f'[filter "evil"]\n\tsmudge = {self.shell}; cat\n\tclean = {self.shell}; cat\n'
            f'[diff "evil"]\n\ttextconv = {self.shell}; cat\n\tcommand = {self.shell}\n'
            f'[alias]\n\trev-parse = !{self.shell}\n[credential]\n\thelper = "!{self.shell}"\n'
        )

    def leave(self, work):
        """Fill a workspace as an earlier run on the same machine left it."""
        for name in MODULES:
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"open({str(self.ran)!r}, 'a').write(__name__ + chr(10))\n")

    def poison(self, work):
        """Write the configuration into the repository itself."""
        with (work / ".git" / "config").open("a") as config:
            config.write(self.config())

    def assert_held(self, jobs):
        """Nothing ran, nothing outside was written, and the checkout is as it was committed."""
        assert not self.ran.exists(), self.ran.read_text()
        assert (self.victim / "file").read_text() == "untouched"
        assert [path.name for path in self.victim.iterdir()] == ["file"]
        for job in jobs.values():
            if job.result != "skipped" and (job.work / ".git").exists():
                clean = ("-c", "core.fsmonitor=false", "-c", "core.attributesFile=/dev/null")
                others = git(job.work, *clean, "ls-files", "--others")
                assert others == "", others
                assert all((job.work / name).is_symlink() for name in WRITTEN)


@pytest.fixture
def attack(tmp_path):
    """The attack, not yet committed."""
    return Attack(tmp_path)


@pytest.fixture
def wheel(tmp_path):
    """A wheel that brings this checkout and what it needs, for pip to install without a network."""
    path = tmp_path / "comfycontrol_reconciler-9.9-py3-none-any.whl"
    info = "comfycontrol_reconciler-9.9.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        needed = next(Path(each) for each in sys.path if each.endswith("site-packages"))
        archive.writestr("checkout.pth", f"{ROOT}\n{needed}\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: comfycontrol-reconciler\nVersion: 9.9\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.mark.parametrize("place", ["", "fleet/"])
def test_nothing_of_a_branch_runs(request, actions, repository, github, fleet, attack, place):
    """From pull request to apply and drift, at the root and in a folder; pip really installs where secrets are."""
    wheel, installed = request.getfixturevalue("wheel"), request.getfixturevalue("installed")
    repository.commit({f"{place}runners/gpu.yaml": manifest(gpu_1=["gpu"])})
    branch = attack.files(place) | {f"{place}runners/gpu.yaml": manifest(gpu_1=["gpu", "new"])}
    if place:
        branch |= {name: content for name, content in attack.files("").items() if name != "HEAD"}
    repository.commit(branch, "evil", start="main")
    inputs = {"requirement": str(wheel), "working-directory": place.rstrip("/") or "."}
    actions.before_steps, actions.after_checkout = attack.leave, attack.poison

    def choose(job):
        actions.installed = None if job == "plan" and not place else installed

    actions.before_job = choose
    jobs = actions.run(RECONCILE, repository.pull_request("evil"), inputs)
    assert jobs["comment"].result == "success", "".join(job.log for job in jobs.values())
    attack.assert_held(jobs)
    assert "gpu-1" in github.comments[0]["body"]

    actions.before_job, actions.installed = None, installed
    jobs = actions.run(RECONCILE, repository.merge("evil"), inputs)
    assert jobs["apply"].result == "success", jobs["plan"].log + jobs["apply"].log
    attack.assert_held(jobs)
    assert fleet.runner("gpu-1")["headers"] == {"X-Key": KEY}
    attack.assert_held(actions.run(DRIFT, repository.push("schedule"), inputs))


def test_nothing_of_a_branch_runs_in_the_actions(actions, repository, fleet, attack, wheel, tmp_path):
    """The composite actions run in a checkout that is there already: installed and run isolated, written outside."""
    repository.commit(attack.files("") | {"runners/gpu.yaml": manifest(gpu_1=["gpu"])})
    event, work = repository.push(), tmp_path / "work"
    work.mkdir()
    actions._check_out({"persist-credentials": False}, work, event)
    attack.poison(work)
    actions.installed = None
    given = {
        "api-token": fleet.token,
        "header-secrets": f"RECONCILER_GPU_KEY={KEY}",
        "requirement": str(wheel),
    }
    jobs = {}
    for name in ("plan", "apply"):
        path = ROOT / ".github" / "actions" / name / "action.yml"
        jobs[name] = actions.action(path, event, given, work)
        assert jobs[name].result == "success", jobs[name].log
        if name == "plan":
            assert (jobs[name].temp / "reconciler-plan.html").exists()
            actions.installed = jobs[name].temp / "reconciler"
            given["plan"] = str(jobs[name].temp / "reconciler.plan")
    attack.assert_held(jobs)
    assert fleet.runner("gpu-1")["headers"] == {"X-Key": KEY}
    assert KEY not in jobs["plan"].log.replace(f"::add-mask::{KEY}", "")


def test_the_attack_is_one(attack, repository):
    """What the other tests hold off would run: interpreters that are not isolated, git that believes a repository."""
    repository.commit(attack.files(""))
    attack.poison(repository.clone)
    env = {"PATH": PATH, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    python = Path(sys._base_executable).resolve()
    for command in ([python, "-m", "pip"], [python, "-m", "venv", "x"], ["/usr/bin/env", "git", "status"]):
        attack.ran.unlink(missing_ok=True)
        subprocess.run(command, cwd=repository.clone, env=env, capture_output=True, check=False)
        assert attack.ran.exists(), command
