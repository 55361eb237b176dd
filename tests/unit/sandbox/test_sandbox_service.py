import json
import subprocess
import sys

import pytest

from reconciler.sandbox.entities import DEFAULT_USER_ID, MANAGED, WORKFLOW
from reconciler.sandbox.exchange import Exchange, Request, Response
from reconciler.sandbox.service import RUNNER_LIMITS, Service
from reconciler.sandbox.store import Store, Token
from tests.fakes.sandbox import FakeClock, example

OTHER = "11111111-1111-4111-8111-111111111111"
AUTH = {"authorization": "Bearer cfc_sandbox"}


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
def service(store, clock):
    """The service without a limit."""
    return Service(store, clock=clock, rate_limit=None)


def call(service: Service, method: str, target: str, body=None, headers=None) -> Response:
    """One request; a body that is no bytes is sent as JSON."""
    path, _, query = target.partition("?")
    headers = {**AUTH, **(headers or {})}
    if body is not None:
        headers = {"content-type": "application/json", **headers}
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return service.handle(Request(method=method, path=path, query=query, headers=headers, body=content))


def answer(service: Service, method: str, target: str, body=None, headers=None):
    """Status and decoded body of one request."""
    response = call(service, method, target, body, headers)
    return response.status, json.loads(response.body)


def test_get_answers_the_documented_example(service, store):
    """Get Runner answers a runner in exactly the documented shape, field by field and in that order."""
    store.add_many([example("get_runner")])
    response = call(service, "GET", "/v1/runner/550e8400-e29b-41d4-a716-446655440000")
    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    assert json.loads(response.body) == example("get_runner")
    assert list(json.loads(response.body)) == list(example("get_runner"))


def test_update_brings_one_documented_example_to_the_other(service, store):
    """A PUT of five fields turns Get Runner's example into Update Runner's: tags and headers replaced whole."""
    store.add_many([example("get_runner")])
    wanted = example("update_runner")
    body = {name: wanted[name] for name in ("name", "endpoint", "headers", "tags", "status")}
    status, updated = answer(service, "PUT", f"/v1/runner/{wanted['id']}", body)
    assert (status, updated) == (200, wanted)
    assert answer(service, "GET", f"/v1/runner/{wanted['id']}") == (200, wanted)


@pytest.mark.parametrize("field", ["name", "endpoint", "headers", "tags", "status"])
def test_an_omitted_field_keeps_its_value(service, store, field):
    """A PUT changes what it names, and updated_at, and nothing else."""
    before, wanted = example("get_runner"), {**example("update_runner"), "status": "disabled"}
    store.add_many([before])
    status, updated = answer(service, "PUT", f"/v1/runner/{before['id']}", {field: wanted[field]})
    assert status == 200
    assert updated == {**before, field: wanted[field], "updated_at": wanted["updated_at"]}


def test_an_empty_update_is_an_update(service, store):
    """All fields are optional; a PUT of none moves updated_at alone."""
    before = example("get_runner")
    store.add_many([before])
    assert answer(service, "PUT", f"/v1/runner/{before['id']}", {}) == (
        200,
        {**before, "updated_at": "2024-01-16T14:20:00Z"},
    )


def test_tags_and_headers_can_be_cleared(service, store):
    """Empty tags and headers are values like others."""
    before = example("get_runner")
    store.add_many([before])
    _, updated = answer(service, "PUT", f"/v1/runner/{before['id']}", {"tags": [], "headers": {}})
    assert (updated["tags"], updated["headers"]) == ([], {})


def test_create_answers_201_and_an_active_runner(service, clock):
    """A new runner has an id, its owner, both timestamps to the second, no tags, no headers, and is active."""
    clock.now = clock.now.replace(microsecond=987_654)
    status, created = answer(service, "POST", "/v1/runner", {"name": "a", "endpoint": "http://192.168.1.100:8188"})
    assert status == 201
    runner_id = created.pop("id")
    assert len(runner_id) == 36
    assert runner_id[14] == "4"
    assert created == {
        "user_id": DEFAULT_USER_ID,
        "name": "a",
        "status": "active",
        "endpoint": "http://192.168.1.100:8188",
        "tags": [],
        "headers": {},
        "created_at": "2024-01-16T14:20:00Z",
        "updated_at": "2024-01-16T14:20:00Z",
    }
    assert answer(service, "GET", f"/v1/runner/{runner_id}")[1] == {"id": runner_id, **created}


def test_names_are_not_unique(service):
    """Two runners may carry one name: uniqueness is not promised."""
    body = {"name": "a", "endpoint": "http://h", "tags": ["t"], "headers": {"X-A": "1"}}
    first, second = answer(service, "POST", "/v1/runner", body), answer(service, "POST", "/v1/runner", body)
    assert first[0] == second[0] == 201
    assert first[1]["id"] != second[1]["id"]


def test_the_list_is_newest_first_and_stable(service, clock):
    """Runners come newest first; of those created within one second, the later one is newer."""
    for name in ("a", "b"):
        answer(service, "POST", "/v1/runner", {"name": name, "endpoint": "http://h"})
    clock.turn(60)
    answer(service, "POST", "/v1/runner", {"name": "c", "endpoint": "http://h"})
    _, listed = answer(service, "GET", "/v1/runner")
    assert [runner["name"] for runner in listed["runners"]] == ["c", "b", "a"]
    assert listed["total"] == 3


def test_an_update_does_not_move_a_runner_in_the_list(service, store, clock):
    """The order is that of creation."""
    store.add_many([{"name": "a"}, {"name": "b"}])
    clock.turn(3600)
    call(service, "PUT", f"/v1/runner/{store.runners()[1]['id']}", {"name": "a2"})
    assert [runner["name"] for runner in store.runners()] == ["b", "a2"]


def test_the_list_is_paged(service, store):
    """Pages of 10 unless told; a page past the end is empty and still has the total."""
    store.add_many({"name": f"r{number}"} for number in range(45))
    _, first = answer(service, "GET", "/v1/runner")
    assert [runner["name"] for runner in first["runners"]] == [f"r{number}" for number in range(44, 34, -1)]
    assert first["total"] == 45
    _, last = answer(service, "GET", "/v1/runner?page=5&per_page=10")
    assert [runner["name"] for runner in last["runners"]] == ["r4", "r3", "r2", "r1", "r0"]
    assert answer(service, "GET", "/v1/runner?page=6&per_page=10") == (200, {"runners": [], "total": 45})
    assert len(answer(service, "GET", "/v1/runner?per_page=100")[1]["runners"]) == 45


def test_the_list_is_filtered_by_status(service, store):
    """With a status, runners and total are those of that status."""
    store.add_many([{"name": "a"}, {"name": "b", "status": "disabled"}, {"name": "c"}])
    _, active = answer(service, "GET", "/v1/runner?status=active")
    assert ([runner["name"] for runner in active["runners"]], active["total"]) == (["c", "a"], 2)
    _, disabled = answer(service, "GET", "/v1/runner?status=disabled&per_page=1")
    assert ([runner["name"] for runner in disabled["runners"]], disabled["total"]) == (["b"], 1)


def test_a_disabled_runner_moves_between_the_filters(service, store):
    """The status a PUT sets is the one that is filtered by."""
    store.add_many([{"name": "a"}])
    call(service, "PUT", f"/v1/runner/{store.runners()[0]['id']}", {"status": "disabled"})
    assert answer(service, "GET", "/v1/runner?status=active")[1]["total"] == 0
    assert answer(service, "GET", "/v1/runner?status=disabled")[1]["total"] == 1


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_runner_of_another_account_is_not_there(service, store, method):
    """404 for a runner that is not there, and the same for somebody else's; the list leaves it out."""
    store.set_user({"id": OTHER})
    store.add_many([example("get_runner")], user_id=OTHER)
    refused = (404, {"status": 404, "message": "requested entity not found"})
    body = {"name": "mine now"} if method == "PUT" else None
    assert answer(service, method, f"/v1/runner/{example('get_runner')['id']}", body) == refused
    assert answer(service, method, f"/v1/runner/{OTHER}", body) == refused
    assert answer(service, "GET", "/v1/runner")[1] == {"runners": [], "total": 0}
    assert store.runners(OTHER)[0]["name"] == "Production GPU Runner"


def test_each_token_sees_its_own_account(service, store):
    """Several accounts live in one store, each with its tokens."""
    store.set_user({"id": OTHER, "name": "Other"})
    store.add_token("cfc_other", Token(OTHER))
    other = {"authorization": "Bearer cfc_other"}
    answer(service, "POST", "/v1/runner", {"name": "theirs", "endpoint": "http://h"}, other)
    assert answer(service, "GET", "/v1/runner", headers=other)[1]["total"] == 1
    assert answer(service, "GET", "/v1/runner")[1]["total"] == 0
    assert answer(service, "GET", "/v1/user", headers=other)[1]["name"] == "Other"


@pytest.mark.parametrize("tier", list(RUNNER_LIMITS))
def test_the_tier_limits_the_runners(service, store, tier):
    """Below the tier's limit a create works, at the limit it is 403; updates go on working."""
    limit = RUNNER_LIMITS[tier]
    store.set_user({"id": DEFAULT_USER_ID, "tier": tier})
    if tier == "enterprise":
        assert limit >= 10_000
        return
    store.add_many({"name": f"r{number}"} for number in range(limit - 1))
    body = {"name": "last", "endpoint": "http://h"}
    status, created = answer(service, "POST", "/v1/runner", body)
    assert status == 201
    refused = {"status": 403, "message": "Runner limit exceeded for your tier"}
    assert answer(service, "POST", "/v1/runner", body) == (403, refused)
    assert len(store.runners()) == limit
    assert answer(service, "PUT", f"/v1/runner/{created['id']}", {"name": "still"})[0] == 200


def test_the_user_is_answered(service, store):
    """GET /v1/user has id, name, email, deleted, tier, provider and both timestamps."""
    store.set_user({"id": DEFAULT_USER_ID, "tier": "pro"})
    status, user = answer(service, "GET", "/v1/user")
    assert status == 200
    assert list(user) == ["id", "name", "email", "deleted", "tier", "provider", "created_at", "updated_at"]
    assert (user["id"], user["tier"], user["deleted"]) == (DEFAULT_USER_ID, "pro", False)


@pytest.mark.parametrize(("tier", "status"), [("free", 403), ("pro", 200), ("plus", 200), ("enterprise", 403)])
def test_managed_runners_are_for_pro_and_plus(service, store, tier, status):
    """Managed runners are listed for the pro and plus tiers and refused to every other; only active ones are listed."""
    store.set_user({"id": DEFAULT_USER_ID, "tier": tier})
    store.add_many([{"name": "m", "runner_type": "pro"}, {"name": "n", "status": "disabled"}], kind=MANAGED)
    found, body = answer(service, "GET", "/v1/managed-runner")
    assert found == status
    if status == 200:
        assert [runner["name"] for runner in body["runners"]] == ["m"]
        fields = ["id", "name", "runner_type", "status", "tags", "created_at", "updated_at"]
        assert list(body["runners"][0]) == fields
        assert body["total"] == 1
    else:
        assert body == {"status": 403, "message": "Managed runners require Pro or Plus tier"}


def test_workflows_are_listed(service, store):
    """Workflows come newest first, by page and status."""
    store.add_many([{"name": "a", "tags": ["gpu"]}, {"name": "b", "status": "failed"}], kind=WORKFLOW)
    _, listed = answer(service, "GET", "/v1/workflow")
    assert ([each["name"] for each in listed["workflows"]], listed["total"]) == (["b", "a"], 2)
    assert set(listed["workflows"][0]) == {
        *("id", "name", "status", "tags", "created_at", "updated_at", "started_at", "completed_at"),
    }
    assert answer(service, "GET", "/v1/workflow?status=failed")[1]["total"] == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/runner/550e8400-e29b-41d4-a716-446655440000"),
        ("PATCH", "/v1/runner/550e8400-e29b-41d4-a716-446655440000"),
        ("POST", "/v1/runner/550e8400-e29b-41d4-a716-446655440000"),
        ("DELETE", "/v1/runner"),
        ("PUT", "/v1/runner"),
        ("POST", "/v1/user"),
        ("DELETE", "/v1/workflow"),
        ("HEAD", "/v1/managed-runner"),
    ],
)
def test_an_undocumented_method_is_405(service, store, method, path):
    """There is no delete, nor any other method that is not documented; Allow says what there is."""
    store.add_many([example("get_runner")])
    response = call(service, method, path)
    assert response.status == 405
    assert method not in response.headers["allow"].split(", ")
    assert store.runners() == [example("get_runner")]


@pytest.mark.parametrize("path", ["/", "", "/v1", "/v1/runners", "/v1/runner/", "/v1/runner/a/b", "/V1/runner", "//"])
def test_an_unknown_path_is_404(service, path):
    """What is no path of the API is 404, in the API's shape."""
    assert answer(service, "GET", path) == (404, {"status": 404, "message": "requested entity not found"})


def test_every_answer_is_observed(store, clock):
    """The observer is told method, path, status, arrival, query and body of each request, refused ones included."""
    seen: list[Exchange] = []
    service = Service(store, clock=clock, rate_limit=(1, 10.0), observe=seen.append)
    call(service, "GET", "/v1/runner?page=2")
    clock.turn(1)
    call(service, "POST", "/v1/runner", b"x")
    assert seen == [
        Exchange("GET", "/v1/runner", 200, 1000.0, "page=2", b""),
        Exchange("POST", "/v1/runner", 429, 1001.0, "", b"x"),
    ]


def test_a_store_that_fails_is_503(service, store):
    """A store that is gone or busy is "service unavailable", in the API's shape."""
    store.close()
    status, body = answer(service, "GET", "/v1/runner")
    assert (status, body["status"]) == (503, 503)


def test_the_description_needs_no_token(service):
    """/openapi.json is for everyone."""
    response = service.handle(Request(method="GET", path="/openapi.json"))
    assert response.status == 200
    assert json.loads(response.body)["openapi"] == "3.1.0"


def test_the_service_and_its_server_load_nothing_heavy_to_start():
    """Opening a store, seeding it and making the service costs no HTTP library; only the doors bring theirs."""
    modules = "store, seed, service, server, openapi"
    script = f"import sys; from reconciler.sandbox import {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"httpx", "starlette", "uvicorn", "pydantic", "anyio"} & set(loaded)
