"""The JSON documents of the contract, each the only thing on stdout, held against what the contract shows."""

from __future__ import annotations

import json

import jsonschema
import pytest

from reconciler.workflow.schema import schema
from tests.fakes.cli import run_cli
from tests.fakes.sandbox import running_sandbox

ID = "550e8400-e29b-41d4-a716-446655440000"
OTHER = "650e8400-e29b-41d4-a716-446655440000"
LIVE = [
    {
        "id": ID,
        "name": "GPU one",
        "endpoint": "https://a.example.com",
        "tags": ["a"],
        "headers": {"Authorization": "old-secret-value", "X-Old": "old-secret-value"},
        "status": "active",
    },
    {"id": OTHER, "name": "somebody's", "endpoint": "https://o.example.com", "tags": ["x"], "status": "active"},
]
MANIFEST = f"""\
version: 1
runners:
  gpu-1:
    id: {ID}
    name: GPU one
    endpoint: https://a.example.com
    tags: [a, b]
    headers: {{Authorization: "Bearer ${{env:RECONCILER_T}}"}}
    status: active
  gpu-2:
    endpoint: https://b.example.com
    tags: [a]
    status: disabled
"""
PLAN_SCHEMA = json.loads(schema("plan"))
SECRETS = ("old-secret-value", "new-secret-value")


@pytest.fixture
def fleet(tmp_path):
    """A runner to update, one to create disabled, one that is nobody's; and a command line with the token set."""
    (tmp_path / "m.yaml").write_text(MANIFEST)
    with running_sandbox(runners=LIVE) as sandbox:
        env = {
            "COMFYCONTROL_API_URL": sandbox.url,
            "COMFYCONTROL_API_TOKEN": sandbox.token,
            "RECONCILER_T": "new-secret-value",
            "RECONCILER_FORMAT": "json",
        }

        def run(*words, stdin=b"", **more):
            ran = run_cli(*words, cwd=tmp_path, env=env | more, stdin=stdin)
            assert not any(secret in ran.out + ran.err for secret in SECRETS)
            return ran

        run.sandbox = sandbox
        yield run


def valid(document):
    """The plan document, after the published schema had its say."""
    jsonschema.Draft202012Validator(PLAN_SCHEMA, format_checker=jsonschema.FormatChecker()).validate(document)
    return document


def test_schemas_are_schemas():
    """All three are JSON Schema 2020-12."""
    for kind in ("manifest", "project", "plan"):
        document = json.loads(schema(kind))
        assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        jsonschema.Draft202012Validator.check_schema(document)


def test_the_plan_document(fleet):
    """Every key that the contract shows, with its meaning."""
    plan = valid(fleet("plan", "m.yaml").json)
    assert plan["format_version"] == "1.0"
    assert plan["api_url"] == fleet.sandbox.url
    assert plan["environment"] is None
    assert (plan["complete"], plan["applyable"]) == (True, True)
    assert plan["summary"] == {
        "create": 1,
        "update": 1,
        "disable": 0,
        "turned_off": 0,
        "unchanged": 0,
        "unmanaged": 1,
    }
    assert plan["budget"] == {"reads": 1, "writes": 3, "checks": 0, "verify": 1, "seconds": 0.0}
    assert plan["unmanaged"] == [{"id": OTHER, "name": "somebody's"}]
    update, create = plan["actions"]
    assert {name: update[name] for name in ("action", "key", "id", "name", "matched_by", "file", "line")} == {
        "action": "update",
        "key": "gpu-1",
        "id": ID,
        "name": "GPU one",
        "matched_by": "id",
        "file": "m.yaml",
        "line": 3,
    }
    assert update["live_updated_at"]
    assert update["changes"] == [
        {"field": "headers", "added": [], "removed": ["X-Old"], "changed": ["Authorization"]},
        {"field": "tags", "before": ["a"], "after": ["a", "b"], "added": ["b"], "removed": []},
    ]
    (put,) = update["requests"]
    assert (put["method"], put["path"]) == ("PUT", f"/v1/runner/{ID}")
    assert put["body"] == {
        "name": "GPU one",
        "endpoint": "https://a.example.com",
        "headers": {"Authorization": "(sensitive)"},
        "tags": ["a", "b"],
        "status": "active",
    }
    assert (create["action"], create["matched_by"], create["id"]) == ("create", "none", None)
    assert [request["method"] for request in create["requests"]] == ["POST", "PUT"]
    assert "status" not in create["requests"][0]["body"]
    (finding,) = plan["findings"]
    assert {name: finding[name] for name in ("code", "severity", "key", "file", "line", "accepted")} == {
        "code": "briefly-active",
        "severity": "warning",
        "key": "gpu-2",
        "file": "m.yaml",
        "line": 13,
        "accepted": False,
    }


def test_a_saved_plan_is_the_same_document_and_more(fleet, tmp_path):
    """`fingerprints` and `signature` are added; `show` gives the plan back, in every format the same as `plan`."""
    plan = fleet("plan", "m.yaml", "--out", "p.plan").json
    saved = valid(json.loads((tmp_path / "p.plan").read_text()))
    assert {name: saved[name] for name in plan} == plan
    assert {"fingerprints", "signature"} <= set(saved)
    assert (tmp_path / "p.plan").stat().st_mode & 0o777 == 0o600
    assert fleet("show", "p.plan").json == plan
    for form in ("text", "markdown"):
        shown = fleet("show", "p.plan", "--format", form).out
        assert "gpu-1" in shown
        assert "(sensitive)" in shown
    assert "<!doctype html>" in fleet("show", "p.plan", "--format", "html").out


def test_outcomes(fleet):
    """One entry an action, the counts and the requests."""
    done = fleet("apply", "m.yaml", "--yes")
    assert done.code == 0, done.err
    outcomes = {each["key"]: each for each in done.json["outcomes"]}
    created = next(runner["id"] for runner in fleet.sandbox.runners if runner["name"] == "gpu-2")
    assert {key: (each["action"], each["id"], each["status"], each["error"]) for key, each in outcomes.items()} == {
        "gpu-1": ("update", ID, "applied", None),
        "gpu-2": ("create", created, "applied", None),
    }
    assert done.json["summary"] == {
        "applied": 2,
        "failed": 0,
        "stale": 0,
        "not_attempted": 0,
        "unverified": 0,
        "widened_only": 0,
    }
    assert done.json["requests"] == {"reads": 2, "writes": 3, "retries": 0, "rate_limited": 0}
    idle = fleet("apply", "m.yaml", "--yes").json
    assert (idle["outcomes"], idle["requests"]["writes"]) == ([], 0)


ERRORS = [
    # arguments, exit code, error code
    (["plan", "absent.yaml"], 1, "manifest"),
    (["plan", "m.yaml", "--target", "none"], 64, "usage"),
    (["plan", "--nonsense"], 64, "usage"),
    (["nonsense"], 64, "usage"),
    (["apply", "m.yaml"], 64, "usage"),
    (["show", "m.yaml"], 1, "plan-file"),
    (["list", "--timeout", "0"], 64, "usage"),
]


@pytest.mark.parametrize(("arguments", "code", "name"), ERRORS, ids=[" ".join(row[0]) for row in ERRORS])
def test_errors(fleet, arguments, code, name):
    """An error is the one document, with the exit code of the text."""
    ran = fleet(*arguments)
    assert ran.code == code
    assert ran.json["format_version"] == "1.0"
    assert ran.json["error"]["code"] == name
    assert ran.json["error"]["message"]
    assert isinstance(ran.json["error"]["problems"], list)
    assert fleet(*arguments, RECONCILER_FORMAT="text").code == code


def test_problems_have_their_places(fleet, tmp_path):
    """Each problem is file, line, column and message."""
    (tmp_path / "bad.yaml").write_text("version: 1\nrunners:\n  a: {endpoint: 7, tgs: []}\n")
    error = fleet("validate", "bad.yaml").json["error"]
    assert [(each["file"], each["line"], each["column"]) for each in error["problems"]] == [
        ("bad.yaml", 3, 17),
        ("bad.yaml", 3, 20),
    ]
    assert "did you mean tags" in error["problems"][1]["message"]


def test_a_refused_plan_is_printed_and_a_refused_apply_is_an_error_with_it(fleet, tmp_path):
    """`plan` at exit 5 prints the plan; `apply` at 5 the error with the plan under `plan`."""
    (tmp_path / "reconciler.yaml").write_text("version: 1\nguard: {max_creates: 0}\n")
    planned = fleet("plan", "m.yaml")
    assert (planned.code, valid(planned.json)["applyable"]) == (5, False)
    refused = fleet("apply", "m.yaml", "--yes")
    assert (refused.code, refused.json["error"]["code"]) == (5, "guard")
    assert valid(refused.json["plan"])["actions"] == planned.json["actions"]
    assert fleet.sandbox.count("PUT") + fleet.sandbox.count("POST") == 0
    accepted = fleet("plan", "m.yaml", "--acknowledge", "too-many-creates").json
    assert [each["accepted"] for each in accepted["findings"] if each["code"] == "too-many-creates"] == [True]


def test_a_stale_plan_is_an_error_with_the_plan_as_it_is_now(fleet):
    """`apply --plan` at 4 says what moved and gives the plan of now."""
    assert fleet("plan", "m.yaml", "--out", "p.plan").code == 0
    fleet.sandbox.edit("GPU one", tags=["moved"])
    stale = fleet("apply", "--plan", "p.plan")
    assert (stale.code, stale.json["error"]["code"]) == (4, "stale")
    assert valid(stale.json["plan"])["actions"][0]["changes"][1]["before"] == ["moved"]
    assert fleet.sandbox.count("PUT") + fleet.sandbox.count("POST") == 0


def test_the_list_document(fleet):
    """`read_at`, `api_url` and the runners with their values hidden; it can be planned against."""
    listed = fleet("list", "m.yaml")
    document = listed.json
    assert (document["format_version"], document["api_url"]) == ("1.0", fleet.sandbox.url)
    assert document["read_at"].endswith("Z")
    (first,) = [runner for runner in document["runners"] if runner["id"] == ID]
    assert first["headers"] == {"Authorization": "(sensitive)", "X-Old": "(sensitive)"}
    assert {runner["id"]: runner["standing"] for runner in document["runners"]} == {ID: "drifted", OTHER: "unmanaged"}


def test_a_plan_against_a_snapshot(fleet, tmp_path):
    """Offline: no request, no token, no secret; header values are not known and the plan cannot be applied."""
    (tmp_path / "live.json").write_text(fleet("list").out)
    sent = len(fleet.sandbox.requests)
    ran = fleet("plan", "m.yaml", "--live", "live.json", COMFYCONTROL_API_TOKEN="", RECONCILER_T="")
    assert ran.code == 0, ran.err
    assert len(fleet.sandbox.requests) == sent
    assert (valid(ran.json)["complete"], ran.json["applyable"]) == (False, False)
    assert [change["field"] for change in ran.json["actions"][0]["changes"]] == ["headers", "tags"]


def test_a_plan_against_a_snapshot_is_saved_to_be_shown(fleet, tmp_path):
    """--live and --out: `show` and the comment say that it can't be applied; apply refuses it with the reason."""
    (tmp_path / "live.json").write_text(fleet("list").out)
    ran = fleet("plan", "m.yaml", "--live", "live.json", "--out", "p.plan", COMFYCONTROL_API_TOKEN="", RECONCILER_T="")
    assert ran.code == 0, ran.err
    shown = fleet("show", "p.plan")
    assert valid(shown.json)["applyable"] is False
    assert shown.json["actions"] == ran.json["actions"]
    assert "cannot be applied" in fleet("show", "p.plan", "--format", "markdown").out
    refused = fleet("apply", "--plan", "p.plan")
    assert refused.code == 1
    assert "against a saved list" in refused.json["error"]["message"]
    assert fleet.sandbox.count("PUT") == 0


def test_an_incomplete_plan(fleet):
    """--allow-unresolved: `complete` is false, header names are compared, and a saved plan of it is refused."""
    ran = fleet("plan", "m.yaml", "--allow-unresolved", "--out", "p.plan", RECONCILER_T="")
    assert ran.code == 0, ran.err
    assert (valid(ran.json)["complete"], ran.json["applyable"]) == (False, False)
    assert ran.json["actions"][0]["changes"][0]["removed"] == ["X-Old"]
    refused = fleet("apply", "--plan", "p.plan")
    assert refused.code == 1
    assert "a secret was not resolved" in refused.json["error"]["message"]
    assert fleet("plan", "m.yaml", RECONCILER_T="").code == 1


def test_other_documents(fleet, tmp_path):
    """validate, render, export, doctor and init give one document each."""
    assert fleet("validate", "m.yaml").json["environments"] == [
        {"environment": None, "runners": 2, "files": ["m.yaml"]}
    ]
    rendered = {each["key"]: each for each in fleet("render", "m.yaml").json["runners"]}
    assert rendered["gpu-1"]["headers"] == {"Authorization": "Bearer ${env:RECONCILER_T}"}
    assert rendered["gpu-2"]["unmanaged"] == ["headers"]
    origins = fleet("render", "m.yaml", "--explain", "gpu-1").json["origins"]
    assert ("tags", "b", "m.yaml", 7) in [(o["field"], o["value"], o["file"], o["line"]) for o in origins]
    exported = fleet("export", "--headers").json
    assert exported["variables"] == ["RECONCILER_GPU_ONE_AUTHORIZATION", "RECONCILER_GPU_ONE_X_OLD"]
    assert f"id: {ID}" in exported["manifest"]
    assert fleet("doctor").json["ok"] is True
    assert {each["how"] for each in fleet("init", "new").json["files"]} == {"wrote"}
    assert (tmp_path / "new" / "reconciler.yaml").exists()


def test_reports_from_one_read(fleet, tmp_path):
    """Several reports, each in the format of its suffix, and stdout; all of the same plan and of one read."""
    words = [word for suffix in ("txt", "json", "md", "html") for word in ("--report", f"r.{suffix}")]
    ran = fleet("plan", "m.yaml", *words)
    assert fleet.sandbox.methods == ["GET"]
    assert json.loads((tmp_path / "r.json").read_text()) == ran.json
    assert (
        (tmp_path / "r.txt")
        .read_text()
        .endswith("Plan: 1 to create, 1 to update, 0 to disable, 0 unchanged, 1 unmanaged.\n")
    )
    assert (tmp_path / "r.md").read_text().startswith("## Plan\n")
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("report", ["absent/r.md", "folder.md"])
@pytest.mark.parametrize("words", [["plan", "m.yaml"], ["apply", "m.yaml", "--yes"]])
def test_a_report_that_has_no_place(fleet, tmp_path, words, report):
    """It is told before anything is read or written."""
    (tmp_path / "folder.md").mkdir()
    ran = fleet(*words, "--report", report)
    assert (ran.code, ran.json["error"]["code"]) == (1, "output")
    assert fleet.sandbox.requests == []
