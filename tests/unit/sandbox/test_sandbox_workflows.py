"""Workflows of the emulator: what a create takes, who runs them, and what becomes of those that nobody runs."""

import json
from collections import Counter

import httpx
import pytest

from reconciler.sandbox.entities import DEFAULT_USER_ID, MANAGED, WORKFLOW
from reconciler.sandbox.exchange import Request
from reconciler.sandbox.service import SANDBOX_TOKEN, Service
from reconciler.sandbox.store import Store
from reconciler.sandbox.transport import transport
from reconciler.sandbox.workflows import Run, Schedule
from tests.fakes.sandbox import FakeClock

DURATION_S = 60.0


@pytest.fixture
def store():
    """A store in memory."""
    with Store(":memory:") as store:
        yield store


@pytest.fixture
def clock():
    """A clock that stands still."""
    return FakeClock()


@pytest.fixture
def client(store, clock):
    """A client of the emulator, without a limit; among several runners the first one is picked."""
    service = Service(store, clock=clock, rate_limit=None, schedule=Schedule(DURATION_S, lambda ids: ids[0]))
    headers = {"Authorization": f"Bearer {SANDBOX_TOKEN}"}
    with httpx.Client(transport=transport(service), base_url="http://sandbox", headers=headers) as client:
        yield client


def ask(client, tags: str = "gpu", **parts) -> dict:
    """Create a workflow as the documentation shows it: multipart, tags as one string."""
    answer = client.post("/v1/workflow", data={"tags": tags, **parts}, files={"workflow": ("w.json", b"{}")})
    assert answer.status_code == 201, answer.text
    return answer.json()


def statuses(client) -> list[str]:
    """The statuses of all workflows, oldest first."""
    return [each["status"] for each in client.get("/v1/workflow").json()["workflows"]][::-1]


@pytest.mark.parametrize(
    ("sent", "tags"),
    [
        ("production,gpu-a100", ["production", "gpu-a100"]),
        (" a , b ,, a", ["a", "b"]),
        ("", []),
        ("Größe", ["Größe"]),
    ],
)
def test_tags_are_one_string_with_commas(client, sent, tags):
    """Tags come separated by commas; blanks around each, empty ones and repeated ones are dropped."""
    created = ask(client, sent, name="Poster")
    assert (created["tags"], created["name"], created["status"]) == (tags, "Poster", "accepted")


def test_a_workflow_runs_on_a_matching_runner(client, store, clock):
    """It runs at once on an active runner that carries all its tags, is done after its duration, with its times."""
    store.add_many([{"name": "r", "tags": ["gpu", "sdxl"]}])
    ask(client, "gpu,sdxl")
    (running,) = client.get("/v1/workflow?status=running").json()["workflows"]
    assert (running["started_at"], running["completed_at"]) == ("2024-01-16T14:20:00Z", None)
    clock.turn(DURATION_S)
    (done,) = client.get("/v1/workflow?status=completed").json()["workflows"]
    assert (done["started_at"], done["completed_at"]) == ("2024-01-16T14:20:00Z", "2024-01-16T14:21:00Z")


@pytest.mark.parametrize(
    ("runner", "status"),
    [
        ({"tags": ["gpu", "sdxl"]}, "running"),
        ({"tags": []}, "running"),
        ({"tags": ["gpu"]}, "queued"),
        ({"tags": ["GPU", "sdxl"]}, "queued"),
        ({"tags": [], "status": "disabled"}, "queued"),
        ({"tags": ["gpu", "sdxl"], "status": "disabled"}, "queued"),
    ],
)
def test_what_matches(client, store, runner, status):
    """All tags on one active runner, or one without tags; else it waits, however long."""
    store.add_many([{"name": "r", **runner}, {"name": "other", "tags": ["sdxl"]}])
    ask(client, "gpu,sdxl")
    assert statuses(client) == [status]


def test_one_at_a_time_in_order(client, store, clock):
    """A runner has one workflow at a time; the next begins when it ends, also while nobody looks."""
    store.add_many([{"name": "r", "tags": ["gpu"]}])
    for _ in range(3):
        ask(client)
    assert statuses(client) == ["running", "queued", "queued"]
    clock.turn(2.5 * DURATION_S)
    assert statuses(client) == ["completed", "completed", "running"]


def test_stranding_is_seen(client, store, clock):
    """A runner that loses its tag finishes what it began; what waited for it waits until another one takes it."""
    store.add_many([{"name": "r", "tags": ["gpu"]}])
    (runner,) = store.runners()
    for _ in range(2):
        ask(client)
    client.put(f"/v1/runner/{runner['id']}", json={"tags": ["cpu"]})
    clock.turn(10 * DURATION_S)
    assert statuses(client) == ["completed", "queued"]
    client.post("/v1/runner", json={"name": "new", "endpoint": "http://127.0.0.1:1", "tags": ["gpu"]})
    assert statuses(client) == ["completed", "running"]


def test_any_matching_runner_is_picked_at_random():
    """Among several matching runners each gets some; one that does not match gets none."""
    runs = [Run(frozenset({"gpu"})) for _ in range(200)]
    fleet = {"a": frozenset({"gpu"}), "b": frozenset(), "c": frozenset({"gpu", "x"}), "d": frozenset({"x"})}
    Schedule(1.0).advance(runs, fleet, 0.0)
    assert set(Counter(run.runner for run in runs)) == {"a", "b", "c"}


def test_managed_runners_take_workflows_where_the_tier_has_them(client, store):
    """A managed runner takes workflows in a tier that has them, and none in another."""
    store.add_many([{"name": "m", "tags": ["gpu"]}], kind=MANAGED)
    ask(client)
    assert statuses(client) == ["queued"]
    store.set_user({"id": DEFAULT_USER_ID, "tier": "plus"})
    assert statuses(client) == ["running"]


def test_what_a_seed_holds_stays_as_it_is(client, store, clock):
    """A workflow that was not created here keeps its status, whatever time passes."""
    store.add_many([{"name": "r"}])
    store.add_many([{"status": "queued"}, {"status": "uploaded"}], kind=WORKFLOW)
    clock.turn(10 * DURATION_S)
    assert statuses(client) == ["queued", "uploaded"]


def test_another_process_goes_on_with_the_file(tmp_path, clock):
    """What runs is in the file: another service over it goes on where the first one left off."""
    for expected in (["running"], ["completed"]):
        with Store(tmp_path / "fleet.db") as store:
            service = Service(store, clock=clock, rate_limit=None, schedule=Schedule(DURATION_S))
            with httpx.Client(
                transport=transport(service),
                base_url="http://sandbox",
                headers={"Authorization": f"Bearer {SANDBOX_TOKEN}"},
            ) as client:
                if not store.runners():
                    store.add_many([{"name": "r"}])
                    ask(client)
                assert statuses(client) == expected
        clock.turn(DURATION_S)


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("application/json", b"{}", "the Content-Type must be multipart/form-data with a boundary"),
        ("multipart/form-data", b"--x--", "the Content-Type must be multipart/form-data with a boundary"),
        ("multipart/form-data; boundary=x", b"--x--\r\n", "invalid multipart form: it has no part, or no end"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="tags"\r\n\r\na',
            "invalid multipart form: it has no part, or no end",
        ),
        (
            "multipart/form-data; boundary=x",
            2 * b'--x\r\nContent-Disposition: form-data; name="tags"\r\n\r\na\r\n' + b"--x--",
            "tags must be given once",
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="tags"\r\n\r\n\xff\r\n--x--',
            "tags must be UTF-8",
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n \r\n--x--',
            "name cannot be empty",
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="w"\r\n\r\n' + b"w" * 1024 * 1024 + b"\r\n--x--",
            "the request body is over 1048576 bytes",
        ),
    ],
)
def test_what_is_no_such_form_is_refused(store, kind, body, message):
    """400, and nothing is created."""
    headers = {"authorization": f"Bearer {SANDBOX_TOKEN}", "content-type": kind}
    answer = Service(store).handle(Request(method="POST", path="/v1/workflow", headers=headers, body=body))
    assert (answer.status, json.loads(answer.body)["message"]) == (400, message)
    assert store.page(WORKFLOW, DEFAULT_USER_ID, limit=1, offset=0)[1] == 0
