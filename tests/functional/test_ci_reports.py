"""What a CI shows beside a merge request: counts, problems at their lines, test cases, from files of `--report`."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest

from reconciler.errors import ManifestError
from reconciler.model.enums import Format
from reconciler.model.position import Position, Problem
from reconciler.model.results import Applied, Valid, Validity
from reconciler.render.formats.layout import Layout
from reconciler.render.formats.registry import render
from tests.fakes import sample_plans as sample
from tests.fakes.cli import run_cli
from tests.fakes.hostile import HOSTILE
from tests.fakes.sandbox import running_sandbox

SECRET = "Bearer ghp_0123456789abcdefghijABCDEFGHIJ012345"
MANIFEST = (
    "version: 1\nrunners:\n"
    "  gpu-1: {endpoint: 'https://gpu-1.example.com', tags: [gpu], headers: {"
    f"Authorization: '{SECRET}'"
    "}}\n"
    "  gpu-2: {endpoint: 'https://gpu-2.example.com', tags: [gpu], status: disabled}\n"
    "  gpu-3: {endpoint: 'https://gpu-3.example.com', tags: []}\n"
)
LIVE = [
    {"name": "gpu-2", "endpoint": "https://gpu-2.example.com", "tags": ["gpu"], "status": "active", "headers": {}},
    {"name": "old", "endpoint": "https://old.example.com", "tags": ["gpu"], "status": "active", "headers": {}},
]
PROJECT = "version: 1\nunmanaged: disable\nunmanaged_scope: ['old']\nguard: {max_disables: 5}\n"
REPORTS = ("r.terraform.json", "r.codequality.json", "r.junit.xml")
ASKED = [word for name in REPORTS for word in ("--report", name)]
SEVERITIES = {"info", "minor", "major", "critical", "blocker"}


@pytest.fixture
def project(tmp_path):
    """A project of three runners, below the root of a checkout."""
    folder = tmp_path / "checkout" / "fleets" / "a"
    (folder / "runners").mkdir(parents=True)
    (folder / "reconciler.yaml").write_text(PROJECT)
    (folder / "runners" / "gpu.yaml").write_text(MANIFEST)
    return folder


@pytest.fixture
def service():
    """The variables of a service with two runners."""
    with running_sandbox(runners=LIVE) as running:
        yield {"COMFYCONTROL_API_URL": running.url, "COMFYCONTROL_API_TOKEN": running.token}


def counts(folder):
    """The counts for the widget; exactly the keys that it reads."""
    return json.loads((folder / "r.terraform.json").read_text())


def quality(folder):
    """The entries, each held to what GitLab documents."""
    entries = json.loads((folder / "r.codequality.json").read_text())
    check_quality(entries)
    return entries


def check_quality(entries):
    """Every entry has the documented members and no other, fingerprints are unique, paths relative."""
    assert isinstance(entries, list)
    for entry in entries:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in SEVERITIES
        assert set(entry["location"]) == {"path", "lines"}
        assert not entry["location"]["path"].startswith(("/", "./"))
        assert entry["location"]["lines"]["begin"] >= 1
        assert re.fullmatch(r"[0-9a-f]{64}", entry["fingerprint"])
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


def cases(folder):
    """The test cases by suite and name: failure, skipped or passed."""
    return check_junit((folder / "r.junit.xml").read_bytes())


def check_junit(content):
    """The document is whole XML, its counts are those of its cases, and each case has a class and a name."""
    root = ET.fromstring(content)  # noqa: S314 - our own
    found = {}
    assert root.tag == "testsuites"
    total = 0
    for suite in root:
        assert suite.tag == "testsuite"
        assert int(suite.get("tests")) == len(suite)
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))
        total += len(suite)
        for case in suite:
            assert case.tag == "testcase"
            assert case.get("classname") == suite.get("name")
            assert {child.tag for child in case} <= {"failure", "skipped", "system-out"}
            result = case[0].tag if len(case) and case[0].tag != "system-out" else "passed"
            found[suite.get("name"), case.get("name")] = result
    assert int(root.get("tests")) == total
    assert int(root.get("failures")) == len(root.findall("*/testcase/failure"))
    return found


def test_a_plan_is_counted_checked_and_listed(project, service):
    """A disable counts as delete, an update that turns a runner off as update; the same from the saved plan."""
    ran = run_cli("plan", "--out", "p", *ASKED, cwd=project, env=service)
    assert ran.code == 0, ran.err
    assert not any(SECRET in (project / name).read_text() for name in REPORTS)
    assert counts(project) == {"create": 2, "update": 1, "delete": 1}
    assert {("literal-secret", "runners/gpu.yaml", 3)} <= {
        (each["check_name"], each["location"]["path"], each["location"]["lines"]["begin"]) for each in quality(project)
    }
    found = cases(project)
    assert found["runners", "gpu-1: create"] == "passed"
    assert [result for (_, name), result in found.items() if name.endswith(": disable")] == ["passed"]
    assert found["findings", "literal-secret gpu-1"] == "passed"
    written = [(project / name).read_bytes() for name in REPORTS]
    assert run_cli("show", "p", *ASKED, cwd=project).code == 0
    assert [(project / name).read_bytes() for name in REPORTS] == written


def test_a_refusal_is_a_failure_and_an_accepted_one_is_skipped(project, service):
    """The reports are written at exit 5 too."""
    (project / "reconciler.yaml").write_text(PROJECT.replace("max_disables: 5", "max_disables: 1"))
    refused = run_cli("plan", *ASKED, cwd=project, env=service)
    assert refused.code == 5
    assert cases(project)["findings", "too-many-disables"] == "failure"
    assert [each["severity"] for each in quality(project) if each["check_name"] == "too-many-disables"] == ["critical"]
    accepted = run_cli("plan", *ASKED, "--acknowledge", "too-many-disables", cwd=project, env=service)
    assert accepted.code == 0, accepted.err
    assert cases(project)["findings", "too-many-disables"] == "skipped"
    assert [each["severity"] for each in quality(project) if each["check_name"] == "too-many-disables"] == ["info"]


def test_an_apply_counts_what_was_done(project, service):
    """Every runner is a case with its outcome."""
    ran = run_cli("apply", "--yes", *ASKED, cwd=project, env=service)
    assert ran.code == 0, ran.err
    assert counts(project) == {"create": 2, "update": 1, "delete": 1}
    assert cases(project)["runners", "gpu-2: update"] == "passed"


def test_validate_needs_no_token_and_names_every_runner(project):
    """It changes nothing, which the counts say."""
    ran = run_cli("validate", *ASKED, cwd=project)
    assert ran.code == 0, ran.err
    assert counts(project) == {"create": 0, "update": 0, "delete": 0}
    assert {("runners", key) for key in ("gpu-1", "gpu-2", "gpu-3")} <= set(cases(project))
    quality(project)


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_problems_are_at_their_lines_as_seen_from_the_checkouts_root(project, command):
    """Wrong manifests are exit 1 and reported all the same: GitLab and others take paths from the root."""
    (project / "runners" / "bad.yaml").write_text("version: 1\nrunners:\n  x: {endpoint: nope, tagz: []}\n")
    env = {"CI_PROJECT_DIR": str(project.parents[1]), "COMFYCONTROL_API_TOKEN": "cfc_x"}
    ran = run_cli(command, *ASKED, "--report", "r.md", cwd=project, env=env)
    assert ran.code == 1
    entries = quality(project)
    assert len(entries) == 2
    assert {(each["location"]["path"], each["location"]["lines"]["begin"]) for each in entries} == {
        ("fleets/a/runners/bad.yaml", 3)
    }
    assert set(cases(project).values()) == {"failure"}
    assert not (project / "r.terraform.json").exists()
    assert not (project / "r.md").exists()


def test_an_entry_is_known_again_after_an_edit_above_it(project):
    """The fingerprint leaves the line out."""
    assert run_cli("validate", *ASKED, cwd=project).code == 0
    before = quality(project)
    manifest = project / "runners" / "gpu.yaml"
    manifest.write_text("# a comment\n" + manifest.read_text())
    assert run_cli("validate", *ASKED, cwd=project).code == 0
    assert [each["fingerprint"] for each in quality(project)] == [each["fingerprint"] for each in before]
    assert before
    assert before[0]["location"]["lines"] != quality(project)[0]["location"]["lines"]


def test_a_command_that_has_no_such_report_refuses_it(project):
    """Before anything is read or written."""
    ran = run_cli("render", "--report", "r.junit.xml", cwd=project)
    assert ran.code == 64
    assert ".junit.xml" in ran.err


@pytest.mark.parametrize("raw", HOSTILE)
def test_hostile_text_breaks_no_report(raw):
    """Every document is still whole, and no line of it is a command of a CI log."""
    plan = sample.hostile(raw)
    at = Position(raw, 1, 1)
    results = (
        plan,
        Applied(sample.report("applied", "failed", "not_attempted"), plan),
        Validity((Valid(raw, 1, (raw,), plan.findings, (raw,)),)),
        ManifestError([Problem(at, raw), Problem(at, raw)]),
    )
    for result in results:
        shown = "".join(render(result, Format.JUNIT, Layout()))
        check_junit(shown.encode("utf-8"))
        quality_text = "".join(render(result, Format.CODEQUALITY, Layout(folder="fleets")))
        for entry in json.loads(quality_text):
            assert entry["location"]["lines"]["begin"] == 1
        for line in (*shown.splitlines(), *quality_text.splitlines()):
            assert not re.match(r"\s*::|.*##\w*\[", line)
