"""The exit codes of the contract, over the sandbox's HTTP door."""

from __future__ import annotations

import pytest

from tests.fakes.cli import run_cli
from tests.fakes.clock import VirtualClock
from tests.fakes.sandbox import running_sandbox

MANIFEST = """\
version: 1
runners:
  gpu-1:
    endpoint: https://comfy-1.example.com
    tags: [gpu]
    headers: {X-Key: 'k-1-secret-value'}
    status: active
"""
LIVE = {
    "id": "550e8400-e29b-41d4-a716-446655440000",
    "name": "gpu-1",
    "endpoint": "https://comfy-1.example.com",
    "tags": ["gpu"],
    "headers": {"X-Key": "k-1-secret-value"},
    "status": "active",
}
GUARDED = "version: 1\nguard: {max_creates: 0}\n"

TABLE = [
    # id, arguments, live runners, manifest, project file, exit code
    ("plan without changes", ["plan"], [LIVE], MANIFEST, None, 0),
    ("plan with changes", ["plan"], [], MANIFEST, None, 0),
    ("detailed without changes", ["plan", "--detailed-exitcode"], [LIVE], MANIFEST, None, 0),
    ("detailed with changes", ["plan", "--detailed-exitcode"], [], MANIFEST, None, 2),
    ("detailed and refused", ["plan", "--detailed-exitcode"], [], MANIFEST, GUARDED, 5),
    ("plan refused by a guard", ["plan"], [], MANIFEST, GUARDED, 5),
    ("plan acknowledged", ["plan", "--acknowledge", "too-many-creates"], [], MANIFEST, GUARDED, 0),
    ("apply", ["apply", "--yes"], [], MANIFEST, None, 0),
    ("apply without changes", ["apply", "--yes"], [LIVE], MANIFEST, None, 0),
    ("apply refused by a guard", ["apply", "--yes"], [], MANIFEST, GUARDED, 5),
    ("apply as a dry run", ["apply", "--dry-run"], [], MANIFEST, None, 0),
    ("apply without a terminal", ["apply"], [], MANIFEST, None, 64),
    ("bad manifest", ["plan"], [], "version: 1\nrunners: {a: {endpoint: 7}}\n", None, 1),
    ("no runner", ["plan"], [], "version: 1\nrunners: {}\n", None, 1),
    ("no runner, allowed", ["plan", "--allow-empty"], [], "version: 1\nrunners: {}\n", None, 0),
    ("list", ["list"], [LIVE], MANIFEST, None, 0),
    ("export", ["export"], [LIVE], MANIFEST, None, 0),
    ("validate", ["validate"], [], MANIFEST, None, 0),
    ("validate a bad manifest", ["validate"], [], "version: 2\nrunners: {}\n", None, 1),
    ("render", ["render"], [], MANIFEST, None, 0),
    ("doctor", ["doctor"], [], MANIFEST, None, 0),
    ("wrong option", ["plan", "--detailed-exit-code"], [], MANIFEST, None, 64),
    ("wrong command", ["aply"], [], MANIFEST, None, 64),
    ("wrong value", ["plan", "--rate-limit", "fast"], [], MANIFEST, None, 64),
    ("unknown report suffix", ["plan", "--report", "plan.pdf"], [], MANIFEST, None, 64),
    ("target that matches nothing", ["plan", "--target", "cpu-*"], [], MANIFEST, None, 64),
    ("no such plan file", ["apply", "--plan", "absent.plan"], [], MANIFEST, None, 1),
    ("help", ["plan", "--help"], [], MANIFEST, None, 0),
    ("nothing", [], [], MANIFEST, None, 0),
    ("version", ["--version"], [], MANIFEST, None, 0),
]


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
@pytest.mark.parametrize(
    ("arguments", "live", "manifest", "project", "code"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_exit_codes(tmp_path, arguments, live, manifest, project, code, form):
    """A command line ends with the contract's code, in every format."""
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "gpu.yaml").write_text(manifest)
    if project:
        (tmp_path / "reconciler.yaml").write_text(project)
    with running_sandbox(runners=live) as sandbox:
        env = {"COMFYCONTROL_API_URL": sandbox.url, "COMFYCONTROL_API_TOKEN": sandbox.token, "RECONCILER_FORMAT": form}
        ran = run_cli(*arguments, cwd=tmp_path, env=env)
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.out + ran.err
    if form == "json" and arguments and arguments[0] not in ("export", "--version") and "--help" not in arguments:
        assert ran.json["format_version"] == "1.0"


def test_a_wrong_token_is_exit_1(tmp_path):
    """A token that the service does not know fails before anything is written, and says what to do."""
    (tmp_path / "gpu.yaml").write_text(MANIFEST)
    with running_sandbox() as sandbox:
        env = {"COMFYCONTROL_API_URL": sandbox.url, "COMFYCONTROL_API_TOKEN": "cfc_wrong_token"}
        ran = run_cli("apply", "--yes", "gpu.yaml", cwd=tmp_path, env=env)
    assert ran.code == 1
    assert "token" in ran.err
    assert "cfc_wrong_token" not in ran.out + ran.err


def test_an_unreachable_service_is_exit_1(tmp_path, monkeypatch):
    """Nobody listening is exit 1 with the address in the message."""
    monkeypatch.setattr("reconciler.engine.connected.SystemClock", VirtualClock)
    (tmp_path / "gpu.yaml").write_text(MANIFEST)
    env = {"COMFYCONTROL_API_URL": "http://127.0.0.1:9", "COMFYCONTROL_API_TOKEN": "cfc_x"}
    ran = run_cli("plan", "gpu.yaml", cwd=tmp_path, env=env)
    assert ran.code == 1
    assert "127.0.0.1:9" in ran.err


def test_no_token_is_exit_1(tmp_path):
    """A missing token names the variable to set."""
    (tmp_path / "gpu.yaml").write_text(MANIFEST)
    ran = run_cli("plan", "gpu.yaml", cwd=tmp_path)
    assert ran.code == 1
    assert "COMFYCONTROL_API_TOKEN" in ran.err
