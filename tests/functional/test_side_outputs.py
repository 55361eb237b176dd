"""What stands beside the result, in a CI step: where it can't be written, the result and its exit code stay."""

from __future__ import annotations

import json

import pytest

from reconciler.sandbox.store import Store
from tests.fakes.cli import run_cli

GOOD = "version: 1\nrunners:\n  a: {endpoint: 'https://a.example.com', tags: [gpu], status: active}\n"
OFF = GOOD.replace("active", "disabled")
SANDBOX = ("--sandbox", "live.db")
OUTCOMES = {
    "done": (GOOD, ("plan", *SANDBOX), 0),
    "changes": (GOOD, ("plan", *SANDBOX, "--detailed-exitcode"), 2),
    "applied": (GOOD, ("apply", "--yes", *SANDBOX), 0),
    "refused plan": (OFF, ("plan", *SANDBOX), 5),
    "refused apply": (OFF, ("apply", "--yes", *SANDBOX), 5),
    "bad manifest": ("version: 2\n", ("validate",), 1),
    "no token": (GOOD, ("plan",), 1),
    "usage": (GOOD, ("plan", "--nonsense"), 64),
}


@pytest.fixture(params=["missing", "folder", "link"])
def step(tmp_path, request):
    """The environment of a step whose summary and outputs can't be written."""
    place = {"missing": tmp_path / "missing" / "x", "folder": tmp_path, "link": tmp_path / "link"}[request.param]
    if request.param == "link":
        place.symlink_to(tmp_path / "theirs")
    return {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(place), "GITHUB_OUTPUT": str(place)}


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_summary_and_outputs_change_no_exit_code(tmp_path, step, outcome, form):
    """After any command and any outcome: two warnings, the same exit code, one document on stdout, no traceback."""
    manifest, arguments, code = OUTCOMES[outcome]
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "a.yaml").write_text(manifest)
    if code == 5:
        (tmp_path / "reconciler.yaml").write_text("version: 1\nguard: {max_disables: 0}\n")
        with Store(tmp_path / "live.db") as store:
            store.add_many([{"name": "a", "endpoint": "https://a.example.com", "tags": ["gpu"], "status": "active"}])
    ran = run_cli(*arguments, "--format", form, cwd=tmp_path, env=step)
    assert ran.code == code, ran.err
    for variable in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        assert ran.err.count(f"::warning::{variable}: ") == 1
    assert "Traceback" not in ran.err
    assert not (tmp_path / "theirs").exists()
    if form == "json":
        json.loads(ran.out)
