"""What a plan and an apply cost in requests, and that the plan says so: counted at the sandbox's HTTP door."""

from __future__ import annotations

import uuid

import pytest

from tests.fakes.cli import run_cli
from tests.fakes.sandbox import example, running_sandbox

WITHOUT_LIMIT = ("--rate-limit", "1000000/1")


def runner(number):
    """A live runner without headers."""
    return {**example("get_runner"), "id": str(uuid.uuid4()), "name": f"gpu-{number}", "tags": ["gpu"], "headers": {}}


def entry(live, *, tags="[gpu]", owned=True):
    """The manifest's entry for a live runner; one that is not owned leaves headers and status as they are."""
    lines = [f"  {live['name']}:", f"    endpoint: {live['endpoint']}", f"    tags: {tags}"]
    if owned:
        lines += ["    headers: {}", f"    status: {live['status']}"]
    return "\n".join(lines)


def run(sandbox, folder, entries, *arguments):
    """One command line over the runners of a manifest, its one JSON document, and what was asked of the service."""
    manifest = folder / "fleet.yaml"
    manifest.write_text("\n".join(("version: 1", "runners:" if entries else "runners: {}", *entries, "")))
    env = {"COMFYCONTROL_API_TOKEN": sandbox.token}
    connection = ("--api-url", sandbox.url, *WITHOUT_LIMIT, "--format", "json", "-q")
    ran = run_cli(*arguments, *connection, "--allow-empty", "fleet.yaml", cwd=folder, env=env)
    assert ran.code == 0, ran.err
    reads, writes = sandbox.count("GET"), len(sandbox.requests) - sandbox.count("GET")
    return ran.json, reads, writes


@pytest.mark.parametrize(
    ("size", "reads"), [(0, 1), (1, 1), (99, 1), (100, 2), (101, 2), (199, 2), (200, 3), (201, 3), (1_234, 13)]
)
def test_a_plan_takes_one_read_a_hundred_runners(tmp_path, size, reads):
    """A plan of N runners is ceil(N/100) GETs of the list, one more where the last page is full; its budget agrees."""
    fleet = [runner(number) for number in range(size)]
    with running_sandbox(fleet) as sandbox:
        plan, asked, written = run(sandbox, tmp_path, [entry(live) for live in fleet], "plan")
        assert {each.path.partition("?")[0] for each in sandbox.requests} == {"/v1/runner"}
    assert (asked, written) == (reads, 0)
    assert plan["summary"]["unchanged"] == size
    assert (plan["budget"]["reads"], plan["budget"]["writes"], plan["budget"]["checks"]) == (reads, 0, 0)


@pytest.mark.parametrize(
    ("size", "owned", "carrying", "reads"),
    [
        (1, 0, 0, 1),
        (1, 1, 0, 1),
        (1, 0, 1, 2),
        (100, 40, 0, 2),
        (100, 0, 40, 42),
        (101, 3, 2, 4),
        (1_234, 7, 5, 18),
    ],
)
def test_an_apply_takes_one_list_and_a_write_an_update(tmp_path, size, owned, carrying, reads):
    """An apply of M owned updates is one list and M writes; each update that carries unmanaged fields is a GET more.

    The plan's budget says the same before anything is written.
    """
    fleet = [runner(number) for number in range(size)]
    entries = [
        entry(live, tags="[gpu, new]" if index < owned + carrying else "[gpu]", owned=index < owned)
        for index, live in enumerate(fleet)
    ]
    writes = owned + carrying
    with running_sandbox(fleet) as sandbox:
        plan, _, _ = run(sandbox, tmp_path, entries, "plan")
        sandbox.requests.clear()
        report, asked, written = run(sandbox, tmp_path, entries, "apply", "--yes")
    budget = plan["budget"]
    assert (budget["reads"] + budget["checks"], budget["writes"], budget["checks"]) == (reads, writes, carrying)
    assert (asked, written) == (reads, writes)
    assert report["summary"]["applied"] == writes
    assert report["requests"] == {"reads": reads, "writes": writes, "retries": 0, "rate_limited": 0}
