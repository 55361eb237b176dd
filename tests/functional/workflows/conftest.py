"""A forge, its repository and runners, and the service, for the shipped workflows to run against."""

from __future__ import annotations

import sysconfig
import venv

import pytest

from tests.fakes.forge_repository import KEY, Repository, manifest
from tests.fakes.github import running_github
from tests.fakes.sandbox import running_sandbox
from tests.fakes.workflow_runner import ROOT, Actions


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """An environment like the one that the step Install makes, with this checkout in it."""
    folder = tmp_path_factory.mktemp("installed") / "reconciler"
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "checkout.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
    return folder


@pytest.fixture
def github():
    """GitHub, with a protected environment."""
    with running_github() as running:
        running.environments["production"] = ["required_reviewers"]
        yield running


@pytest.fixture
def fleet():
    """The service, no runner in it."""
    with running_sandbox() as running:
        yield running


@pytest.fixture
def repository(tmp_path, github):
    """A repository with one runner in it, and no project file."""
    made = Repository(tmp_path, github)
    made.commit({"runners/gpu.yaml": manifest(gpu_1=["gpu"])})
    return made


@pytest.fixture
def actions(tmp_path, repository, github, fleet, installed):
    """The runners of that repository."""
    return Actions(
        folder=tmp_path,
        remote=repository.bare,
        api_url=github.url,
        secrets={"COMFYCONTROL_API_TOKEN": fleet.token, "RECONCILER_HEADER_SECRETS": f"RECONCILER_GPU_KEY={KEY}"},
        machine={"COMFYCONTROL_API_URL": fleet.url},
        installed=installed,
    )
