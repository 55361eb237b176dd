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


@pytest.mark.parametrize("verify", ["list", "answer"])
@pytest.mark.parametrize(
    ("size", "owned", "carrying", "lists"),
    [(1, 0, 0, 1), (1, 1, 0, 1), (1, 0, 1, 1), (100, 40, 0, 2), (100, 0, 40, 2), (101, 3, 2, 2), (1_234, 7, 5, 13)],
)
def test_an_apply_takes_two_lists_and_a_write_an_update(tmp_path, size, owned, carrying, lists, verify):
    """An apply of M owned updates is M writes between two lists; each that carries unmanaged fields is a GET more.

    The plan's budget says the same before anything is written. Trusting the answers saves the second list.
    """
    fleet = [runner(number) for number in range(size)]
    entries = [
        entry(live, tags="[gpu, new]" if index < owned + carrying else "[gpu]", owned=index < owned)
        for index, live in enumerate(fleet)
    ]
    writes = owned + carrying
    with running_sandbox(fleet) as sandbox:
        budget = run(sandbox, tmp_path, entries, "plan")[0]["budget"]
        sandbox.requests.clear()
        report, asked, written = run(sandbox, tmp_path, entries, "apply", "--yes", "--verify", verify)
    closing = lists if writes else 0
    assert budget == {"reads": lists, "writes": writes, "checks": carrying, "verify": closing, "seconds": 0.0}
    assert (asked, written) == (lists + carrying + (closing if verify == "list" else 0), writes)
    assert report["summary"]["applied"] == writes
    assert report["requests"] == {"reads": asked, "writes": written, "retries": 0, "rate_limited": 0}


def test_an_apply_to_an_empty_account_asks_whose_it_is(tmp_path):
    """No runner says the account, and the lock is of the account: one more read, for `GET /v1/user`."""
    new = [entry(runner(number)) for number in range(3)]
    with running_sandbox() as sandbox:
        report, asked, written = run(sandbox, tmp_path, new, "apply", "--yes")
        assert sandbox.count("GET", "/v1/user") == 1
    assert (asked, written) == (3, 3)
    assert report["requests"] == {"reads": 3, "writes": 3, "retries": 0, "rate_limited": 0}
