"""What the client reads of workflows and of managed runners: a sample, and the service's own runners."""

import json

import httpx
import pytest

from reconciler.api.client import Reader
from reconciler.errors import BadAnswer, UnstableList
from reconciler.model.demand import Asked, Demand, ManagedRunner
from reconciler.model.runner import Listing
from reconciler.model.secret import Secret
from reconciler.sandbox.entities import MANAGED, WORKFLOW
from reconciler.settings import RateLimit, Settings
from tests.fakes.clock import VirtualClock
from tests.fakes.sandbox import running_sandbox

NOTHING = Listing((), "2026-01-15T10:30:00Z", 1)
FIRST = "2024-01-01T00:00:00Z"


def settings(url, token=None, limit=100_000):
    """Settings without a limit that is felt."""
    return Settings(api_url=url, token=Secret(token or "t"), plan_key=Secret("k"), rate_limit=RateLimit(limit, 1.0))


def read(sandbox, recent, *, clock=None, limit=100_000):
    """What is read besides the runners."""
    with Reader(settings(sandbox.url, sandbox.token, limit), clock=clock or VirtualClock()) as reader:
        return reader.read_surroundings(NOTHING, recent=recent)


def workflows(status, count, tags=("gpu",), created_at=FIRST):
    """So many workflows of one status."""
    return [{"status": status, "tags": list(tags), "created_at": created_at} for _ in range(count)]


def test_those_under_way_are_read_whole_and_the_newest_others():
    """All four statuses under way count as such, however many; of the others the newest, and no older ones."""
    with running_sandbox() as sandbox:
        sandbox.store.add_many(workflows("completed", 3, ["old"]), kind=WORKFLOW)
        sandbox.store.add_many(workflows("completed", 2, ["gpu"]) + workflows("failed", 1, ["gpu"]), kind=WORKFLOW)
        for status in ("accepted", "uploaded", "queued", "running"):
            sandbox.store.add_many(workflows(status, 30, ["gpu", "sdxl"]), kind=WORKFLOW)
        demand = read(sandbox, 3).demand
    assert demand == Demand((Asked(("gpu",), 0, 3, FIRST), Asked(("gpu", "sdxl"), 120, 0, FIRST)), 3)


def test_since_is_the_first_of_those_counted():
    """`since` is the oldest creation among the workflows that ask for the set; no tags are a set of their own."""
    with running_sandbox() as sandbox:
        for day in (3, 1, 2):
            sandbox.store.add_many(workflows("queued", 1, [], f"2024-01-0{day}T00:00:00Z"), kind=WORKFLOW)
        (asked,) = read(sandbox, 10).demand.asked
    assert asked == Asked((), 3, 0, "2024-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("others", "recent", "reads"), [(0, 5, 5), (99, 99, 5), (100, 100, 5), (250, 101, 6), (250, 500, 7)]
)
def test_what_it_costs(others, recent, reads):
    """One read a status, one a hundred of the newest, one for managed runners; all are counted."""
    with running_sandbox() as sandbox:
        sandbox.store.add_many(workflows("completed", others), kind=WORKFLOW)
        found = read(sandbox, recent)
        assert sandbox.count("GET") == reads + 1
        assert found.reads == NOTHING.reads + reads + 1
    assert found.demand.recent == min(others, recent)


def test_reads_are_paced_by_the_same_limit():
    """The requests go through the limiter: none meets a 429 of a service that counts."""
    clock = VirtualClock()
    with running_sandbox() as sandbox:
        read(sandbox, 5, clock=clock, limit=2)
        assert {each.status for each in sandbox.requests} == {200, 403}
    assert clock.monotonic() >= 2


@pytest.mark.parametrize("tier", ["free", "enterprise"])
def test_a_tier_without_managed_runners_is_asked_once(tier):
    """403 is no error, and is remembered for the run."""
    with (
        running_sandbox(tier=tier) as sandbox,
        Reader(settings(sandbox.url, sandbox.token), clock=VirtualClock()) as reader,
    ):
        for _ in range(3):
            assert reader.read_surroundings(NOTHING, recent=0).managed is None
        assert sandbox.count("GET", "/v1/managed-runner") == 1
        assert reader.read_surroundings(NOTHING, recent=0).reads == NOTHING.reads


def test_managed_runners_are_read_whole():
    """All pages, each runner with its tags; without demand no workflow is read."""
    with running_sandbox(tier="plus") as sandbox:
        sandbox.store.add_many([{"name": f"m-{number}", "tags": ["gpu"]} for number in range(101)], kind=MANAGED)
        found = read(sandbox, 0)
        assert {each.path for each in sandbox.requests} == {"/v1/managed-runner"}
    assert found.demand is None
    assert len({each.id for each in found.managed}) == 101
    assert found.managed[0] == ManagedRunner(found.managed[0].id, "m-100", "active", ("gpu",))


def scripted(answers):
    """A reader whose workflows are answered by a function of the query."""

    def answer(request):
        if request.url.path == "/v1/managed-runner":
            return httpx.Response(403, json={"status": 403, "message": "no"})
        status, body = answers(dict(request.url.params))
        return httpx.Response(status, json=body)

    return Reader(settings("https://api.example.com"), clock=VirtualClock(), transport=httpx.MockTransport(answer))


def listed(ids, total=None):
    """One page of workflows."""
    found = [{"id": each, "status": "completed", "tags": ["gpu"], "created_at": FIRST, "name": "x"} for each in ids]
    return {"workflows": found, "total": len(found) if total is None else total}


def test_a_list_that_moves_is_a_sample():
    """A workflow on two pages counts once; pages that do not add up are no error, and are not read again."""
    seen = []

    def answers(query):
        if "status" in query:
            return 200, listed([])
        seen.append(query["page"])
        first = 60 * int(query["page"])
        return 200, listed([f"w-{number}" for number in range(first, first + 100)], 250)

    with scripted(answers) as reader:
        demand = reader.read_surroundings(NOTHING, recent=500).demand
    assert seen == ["1", "2", "3"]
    assert demand.asked[0].recent == demand.recent == 220


def test_a_status_that_changes_between_two_reads_counts_once():
    """Seen under way first and done later, a workflow is under way; one that only the newest show counts there."""

    def answers(query):
        page = listed(["a", "b"])
        if "status" in query:
            return 200, listed(["a"]) if query["status"] == "queued" else listed([])
        page["workflows"][1]["status"] = "running"
        return 200, page

    with scripted(answers) as reader:
        (asked,) = reader.read_surroundings(NOTHING, recent=5).demand.asked
    assert (asked.under_way, asked.recent) == (2, 0)


def test_a_status_that_cannot_be_filtered_by_is_no_error():
    """A 400 for a status leaves those workflows to the newest; any other refusal is one."""
    with scripted(lambda query: (400, {"message": "x"}) if "status" in query else (200, listed(["a"]))) as reader:
        assert reader.read_surroundings(NOTHING, recent=5).demand.recent == 1


@pytest.mark.parametrize("wrong", [{"tags": None}, {"tags": [1]}, {"status": 3}, {"id": None}, {"created_at": 1}])
def test_a_wrong_shape_is_named_by_its_place(wrong):
    """A BadAnswer names the place and shows nothing of the value."""

    def answers(_query):
        page = listed(["a"])
        page["workflows"][0] |= wrong
        return 200, page

    with scripted(answers) as reader, pytest.raises(BadAnswer, match=rf"workflows\[0\]\.{next(iter(wrong))}"):
        reader.read_surroundings(NOTHING, recent=5)


def test_managed_runners_that_do_not_add_up_are_no_list():
    """Their absence counts, so a list that does not add up is an error, and says of what."""

    def answer(request):
        number = int(request.url.params["page"])
        page = [{"id": f"m-{n}", "name": "m", "status": "active", "tags": []} for n in range(100 if number == 1 else 0)]
        return httpx.Response(200, content=json.dumps({"runners": page, "total": 101}))

    with (
        Reader(
            settings("https://api.example.com"), clock=VirtualClock(), transport=httpx.MockTransport(answer)
        ) as reader,
        pytest.raises(UnstableList, match="the list of managed runners did not add up"),
    ):
        reader.read_surroundings(NOTHING, recent=0)
