"""A large fleet over HTTP: requests are counted, and what a manifest does not own is carried over unchanged."""

from __future__ import annotations

import json

import pytest

from tests.fakes.cli import run_cli
from tests.fakes.sandbox import running_sandbox

FLEET = [
    {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "name": f"gpu-{number:04d}",
        "endpoint": f"https://comfy-{number}.example.com",
        "tags": ["gpu", f"pool-{number % 7}"],
        "headers": {"Authorization": f"Bearer secret-of-{number}", "X-Pool": str(number)},
        "status": "disabled" if number % 3 == 0 else "active",
    }
    for number in range(1234)
]
CHANGED = FLEET[600]
MANIFEST = """\
version: 1
runners:
  gpu-0600: {endpoint: https://comfy-600.example.com, tags: [gpu, pool-5, sdxl]}
"""


@pytest.fixture
def fleet(tmp_path):
    """1,234 live runners, a manifest that changes the tags of one, and the environment to reach them."""
    (tmp_path / "gpu.yaml").write_text(MANIFEST)
    with running_sandbox(runners=FLEET) as sandbox:
        yield sandbox, {"COMFYCONTROL_API_URL": sandbox.url, "COMFYCONTROL_API_TOKEN": sandbox.token}


def test_a_plan_is_thirteen_list_requests(fleet, tmp_path):
    """ceil(1234 / 100) pages and nothing else: a plan cannot write."""
    sandbox, env = fleet
    ran = run_cli("plan", "gpu.yaml", "--format", "json", cwd=tmp_path, env=env)
    assert ran.code == 0, ran.err
    assert sandbox.methods == ["GET"] * 13
    assert {each.path for each in sandbox.requests} == {"/v1/runner"}
    assert ran.json["budget"] == {"reads": 13, "writes": 1, "checks": 1, "verify": 13, "seconds": 0.0}
    assert ran.json["summary"]["unmanaged"] == 1233
    assert "13 pages" in ran.err


def test_one_changed_runner_is_one_put_that_carries_the_rest(fleet, tmp_path):
    """Headers and status, which the manifest does not own, are sent as they were read, after one look at them."""
    sandbox, env = fleet
    ran = run_cli("apply", "gpu.yaml", "--yes", cwd=tmp_path, env=env)
    assert ran.code == 0, ran.err
    after_list = [(each.method, each.path) for each in sandbox.requests[13:]]
    path = f"/v1/runner/{CHANGED['id']}"
    assert after_list[:2] == [("GET", path), ("PUT", path)]
    assert after_list[2:] == [("GET", "/v1/runner")] * 13, "and the closing list"
    body = json.loads(sandbox.requests[14].body)
    assert body == {
        "name": "gpu-0600",
        "endpoint": "https://comfy-600.example.com",
        "headers": CHANGED["headers"],
        "tags": ["gpu", "pool-5", "sdxl"],
        "status": "disabled",
    }
    untouched = [runner for runner in sandbox.runners if runner["name"] != "gpu-0600"]
    assert len(untouched) == 1233
    assert "secret-of" not in ran.out + ran.err


def test_export_of_all_is_no_change(fleet, tmp_path):
    """1,234 exported runners, planned again, are no change."""
    _, env = fleet
    assert run_cli("export", "--out", "runners", cwd=tmp_path, env=env).code == 0
    ran = run_cli("plan", "runners", "--detailed-exitcode", cwd=tmp_path, env=env)
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "No changes. 1234 runners match the manifests.")
