"""The documentation's own example: the runner of Get Runner brought to what Update Runner shows, over HTTP."""

from __future__ import annotations

import json

from tests.fakes.cli import run_cli
from tests.fakes.sandbox import example, running_sandbox

MANIFEST = """\
version: 1
runners:
  prod-a100-1:
    id: 550e8400-e29b-41d4-a716-446655440000
    name: Production GPU Runner - Updated
    endpoint: https://new-endpoint.example.com
    tags: [production, gpu-a100, video-generation]
    headers:
      Authorization: Bearer ${env:RECONCILER_PROD_TOKEN}
    status: active
"""
OWNED = ("name", "endpoint", "headers", "tags", "status")


def test_one_put_with_all_five_fields_then_nothing(tmp_path):
    """One complete PUT, tags whole, the dropped header gone; then an empty plan, and an apply that writes nothing."""
    (tmp_path / "gpu.yaml").write_text(MANIFEST)
    wanted = example("update_runner")
    with running_sandbox(runners=[example("get_runner")]) as sandbox:
        env = {
            "COMFYCONTROL_API_URL": sandbox.url,
            "COMFYCONTROL_API_TOKEN": sandbox.token,
            "RECONCILER_PROD_TOKEN": "new_token",
        }
        planned = run_cli("plan", "gpu.yaml", "--detailed-exitcode", cwd=tmp_path, env=env)
        assert planned.code == 2, planned.err
        assert sandbox.methods == ["GET"]
        applied = run_cli("apply", "gpu.yaml", "--yes", cwd=tmp_path, env=env)
        assert applied.code == 0, applied.err
        (put,) = [each for each in sandbox.requests if each.method != "GET"]
        assert (put.method, put.path) == ("PUT", f"/v1/runner/{wanted['id']}")
        assert json.loads(put.body) == {name: wanted[name] for name in OWNED}
        (live,) = sandbox.runners
        assert {name: live[name] for name in OWNED} == {name: wanted[name] for name in OWNED}
        assert (live["id"], live["created_at"]) == (wanted["id"], wanted["created_at"])
        sent = len(sandbox.requests)
        again = run_cli("plan", "gpu.yaml", "--detailed-exitcode", cwd=tmp_path, env=env)
        assert (again.code, again.out.splitlines()[-1]) == (0, "No changes. 1 runner matches the manifests.")
        idle = run_cli("apply", "gpu.yaml", "--yes", cwd=tmp_path, env=env)
        assert (idle.code, idle.out) == (0, again.out)
        assert {each.method for each in sandbox.requests[sent:]} == {"GET"}
    assert "Applied: 0 created, 1 updated, 0 disabled." in applied.out
    for secret in ("secret_token", "new_token"):
        assert secret not in planned.out + planned.err + applied.out + applied.err


def test_the_plan_shows_the_change(tmp_path):
    """Name, endpoint, the tag that comes and the one that goes, and both headers without their values."""
    (tmp_path / "gpu.yaml").write_text(MANIFEST)
    with running_sandbox(runners=[example("get_runner")]) as sandbox:
        env = {
            "COMFYCONTROL_API_URL": sandbox.url,
            "COMFYCONTROL_API_TOKEN": sandbox.token,
            "RECONCILER_PROD_TOKEN": "new_token",
        }
        (action,) = run_cli("plan", "gpu.yaml", "--format", "json", cwd=tmp_path, env=env).json["actions"]
    assert (action["action"], action["key"], action["matched_by"]) == ("update", "prod-a100-1", "id")
    changes = {change["field"]: change for change in action["changes"]}
    assert set(changes) == {"name", "endpoint", "tags", "headers"}
    assert changes["tags"]["added"] == ["video-generation"]
    assert changes["tags"]["removed"] == ["image-generation"]
    assert changes["headers"] == {
        "field": "headers",
        "added": [],
        "removed": ["X-Custom-Header"],
        "changed": ["Authorization"],
    }
    (request,) = action["requests"]
    assert request["body"]["headers"] == {"Authorization": "(sensitive)"}
    assert list(request["body"]) == list(OWNED)
