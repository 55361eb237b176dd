"""A release: its scripts run from the workflow file, the package really built and checked; uploads have stand-ins."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

from reconciler import __version__
from tests.fakes.workflow_runner import ROOT

RELEASE = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
COPIED = [".ci", ".github", "examples", "reconciler", "tests/data", "CHANGELOG.md", "LICENSE", "README.md"]
CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\n- Later.\n\n## {version} (2026-11-25)\n\n- A thing.\n\n## 0.0.1\n\n- Old.\n"
)


def script(job, name):
    """The script of one step."""
    (found,) = [step["run"] for step in RELEASE["jobs"][job]["steps"] if step.get("name") == name]
    return found


@pytest.fixture
def tree(tmp_path):
    """A checkout of the tag, its changelog with a section for it."""
    for name in [*COPIED, "pyproject.toml", "constraints.txt"]:
        source, target = ROOT / name, tmp_path / "tree" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (tmp_path / "tree" / "CHANGELOG.md").write_text(CHANGELOG.format(version=__version__))
    return tmp_path / "tree"


@pytest.fixture
def run(tmp_path):
    """Run a script as Actions would; commands of these names only write down what they were called with."""

    def run(text, cwd, stand_ins=(), **env):
        commands = tmp_path / "commands"
        commands.mkdir(exist_ok=True)
        for name in stand_ins:
            (commands / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >> {tmp_path / "called"}\n')
            (commands / name).chmod(0o755)
        path = f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
            cwd=cwd,
            env={"PATH": path, "HOME": str(tmp_path), **env},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_tag_becomes_a_release(tree, tmp_path, run):
    """Tag held against the version, built, checked; signed, uploaded without a token, and shown with its section."""
    tag = f"v{__version__}"
    held = run(
        script("build", "Hold the tag against the version, and take its section of the changelog"), tree, TAG=tag
    )
    assert held.returncode == 0, held.stdout + held.stderr
    assert (tree / "notes.md").read_text() == "- A thing.\n"
    built = run(script("build", "Build and check"), tree)
    assert built.returncode == 0, built.stdout + built.stderr
    wheel, archive = tree / "dist" / f"comfycontrol_reconciler-{__version__}-py3-none-any.whl", None
    (archive,) = (tree / "dist").glob("*.tar.gz")
    inside = set(zipfile.ZipFile(wheel).namelist())
    for shipped in ("reconcile.yml", "drift.yml"):
        assert f"reconciler/shipped/.github/workflows/{shipped}" in inside
    assert not any(name.startswith("tests") for name in inside)
    with tarfile.open(archive) as packed:
        assert f"{archive.name.removesuffix('.tar.gz')}/constraints.txt" in packed.getnames()

    for job, name in (("publish", "Attest"), ("publish", "Publish"), ("release", "Make the release")):
        ran = run(script(job, name), tree, ("python", "gh"), TAG=tag)
        assert ran.returncode == 0, ran.stderr
    files = f"dist/{wheel.name} dist/{archive.name}"
    assert (tmp_path / "called").read_text().splitlines() == [
        f"python -m pypi_attestations sign {files}",
        f"python -m twine upload --non-interactive --attestations {files}",
        f"gh release create {tag} --verify-tag --title {tag} --notes-file notes.md {files}",
    ]


@pytest.mark.parametrize(
    ("tag", "version", "said"),
    [
        (f"v{__version__}0", __version__, f"is not v{__version__}"),
        (__version__, __version__, "correct one of them"),
        ("v$(touch hacked)", __version__, "correct one of them"),
        (f"v{__version__}", "9.9.9", f"no section ## {__version__}"),
        (f"v{__version__}", f"{__version__}\n\n## 9", f"no section ## {__version__}"),
    ],
)
def test_a_tag_that_is_not_the_version_is_refused(tree, run, tag, version, said):
    """Nothing is built for a tag of another version, or one the changelog says nothing of."""
    (tree / "CHANGELOG.md").write_text(CHANGELOG.format(version=version))
    ran = run(script("build", "Hold the tag against the version, and take its section of the changelog"), tree, TAG=tag)
    assert ran.returncode == 1
    assert said in ran.stdout + ran.stderr
    assert not (tree / "hacked").exists()


def test_no_token_is_kept_for_publishing():
    """Only the job that publishes can prove who it is, behind an environment; no secret is named anywhere."""
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert "secrets." not in text
    holders = [name for name, job in RELEASE["jobs"].items() if "id-token" in job["permissions"]]
    assert holders == ["publish"]
    assert RELEASE["jobs"]["publish"]["environment"] == "release"
    assert not any("checkout" in step.get("uses", "") for step in RELEASE["jobs"]["publish"]["steps"])
