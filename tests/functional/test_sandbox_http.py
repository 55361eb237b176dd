"""The sandbox over real sockets: as a context manager in tests, and as a process that is told to stop."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from reconciler.sandbox.failures import ListenError
from reconciler.sandbox.rules import MAX_BODY
from reconciler.sandbox.server import SandboxServer, serve_forever
from reconciler.sandbox.service import Service
from reconciler.sandbox.store import Store
from tests.fakes.sandbox import FakeClock, example, running_sandbox

AUTH = {"Authorization": "Bearer cfc_sandbox"}

SERVE = """
import sys
from reconciler.sandbox.server import serve_forever
from reconciler.sandbox.service import Service
from reconciler.sandbox.store import Store
with Store(sys.argv[1]) as store:
    service = Service(store, latency_s=float(sys.argv[2]), observe=lambda _: print("handled", flush=True))
    serve_forever(service, ready=lambda url: print(url, flush=True))
print("stopped", flush=True)
"""


@pytest.fixture
def client():
    """An httpx client that talks to loopback directly and is authorised."""
    with httpx.Client(headers=AUTH, trust_env=False, timeout=20) as client:
        yield client


def test_the_documented_story_over_a_socket(client):
    """Create, list, get, update as documented, and every request is recorded in order."""
    with running_sandbox([example("get_runner")]) as sandbox:
        wanted = example("update_runner")
        body = {name: wanted[name] for name in ("name", "endpoint", "headers", "tags", "status")}
        updated = client.put(f"{sandbox.url}/v1/runner/{wanted['id']}", json=body).json()
        assert {**updated, "updated_at": None} == {**wanted, "updated_at": None}
        assert updated["updated_at"] > wanted["updated_at"]
        created = client.post(f"{sandbox.url}/v1/runner", json={"name": "é", "endpoint": "http://h"})
        assert created.status_code == 201
        listed = client.get(f"{sandbox.url}/v1/runner", params={"per_page": 100}).json()
        assert listed == {"runners": [created.json(), updated], "total": 2}
        assert sandbox.methods == ["PUT", "POST", "GET"]
        assert [(each.path, each.status) for each in sandbox.requests[1:]] == [("/v1/runner", 201), ("/v1/runner", 200)]
        assert json.loads(sandbox.requests[0].body) == body
        assert (sandbox.count("GET"), sandbox.count("PUT", "/v1/runner/"), sandbox.count("DELETE")) == (1, 1, 0)


def test_a_test_may_edit_behind_the_clients_back(client):
    """The fake changes and finds runners by name, without a request."""
    with running_sandbox([example("get_runner")]) as sandbox:
        sandbox.edit("Production GPU Runner", tags=[])
        assert client.get(f"{sandbox.url}/v1/runner/{example('get_runner')['id']}").json()["tags"] == []
        assert sandbox.runner("Production GPU Runner")["tags"] == []
        assert sandbox.methods == ["GET"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/runner/not-a-uuid", 400),
        ("GET", "/v1/runner/550e8400-e29b-41d4-a716-446655440000", 404),
        ("GET", "/v1/runner/a%2Fb", 404),
        ("DELETE", "/v1/runner/550e8400-e29b-41d4-a716-446655440000", 405),
        ("GET", "/v1/runner?page=0", 400),
        ("GET", "/v1/managed-runner", 403),
        ("GET", "/", 404),
    ],
)
def test_errors_have_the_documented_shape(client, method, path, status):
    """Every error is JSON with its own status and a message."""
    with running_sandbox() as sandbox:
        response = client.request(method, f"{sandbox.url}{path}")
        assert response.status_code == response.json()["status"] == status
        assert response.headers["content-type"] == "application/json"
        assert response.json()["message"]


def test_head_has_no_body(client):
    """HEAD is not documented: 405, and as to every HEAD no body."""
    with running_sandbox() as sandbox:
        response = client.head(f"{sandbox.url}/v1/runner")
        assert (response.status_code, response.content) == (405, b"")


def test_a_header_given_twice_is_no_token():
    """Two Authorization headers are not one good one."""
    with running_sandbox() as sandbox:
        headers = [("Authorization", "Bearer cfc_sandbox"), ("Authorization", "Bearer cfc_sandbox")]
        assert httpx.get(f"{sandbox.url}/v1/user", headers=headers, trust_env=False).status_code == 401


def test_a_body_beyond_the_bound_is_answered(client):
    """A body far over 1 MiB is read to its end, not kept, and refused with an answer that arrives."""
    with running_sandbox() as sandbox:
        headers = {"Content-Type": "application/json"}
        response = client.post(f"{sandbox.url}/v1/runner", content=b" " * (5 * MAX_BODY), headers=headers)
        assert (response.status_code, response.json()["message"]) == (400, f"the request body is over {MAX_BODY} bytes")


def test_the_limit_holds_over_parallel_connections(client):
    """Of many requests at once exactly the limit is admitted; after the cooldown all is well again."""
    clock = FakeClock()
    with running_sandbox(rate_limit=(40, 10.0), clock=clock) as sandbox, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.get(f"{sandbox.url}/v1/user"), range(60)))
        statuses = [answer.status_code for answer in answers]
        assert (statuses.count(200), statuses.count(429)) == (40, 20)
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.headers["retry-after"] == "10"
        assert refused.headers["content-type"].startswith("text/html")
        clock.turn(10)
        assert client.get(f"{sandbox.url}/v1/user").status_code == 200


def test_parallel_writes_lose_nothing(client, tmp_path):
    """Creates and updates from several connections all take, on a file as in memory."""
    with running_sandbox(path=tmp_path / "fleet.db") as sandbox, ThreadPoolExecutor(8) as pool:

        def create(number):
            body = {"name": f"r{number}", "endpoint": "http://h"}
            made = client.post(f"{sandbox.url}/v1/runner", json=body).json()
            return client.put(f"{sandbox.url}/v1/runner/{made['id']}", json={"status": "disabled"}).status_code

        assert set(pool.map(create, range(50))) == {200}
        assert sorted(runner["name"] for runner in sandbox.runners) == sorted(f"r{number}" for number in range(50))
        assert {runner["status"] for runner in sandbox.runners} == {"disabled"}


def test_a_client_that_goes_away_disturbs_nobody(client):
    """A connection dropped in the middle of a request, or that speaks no HTTP, leaves the server serving."""
    with running_sandbox() as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        for sent in (
            b"POST /v1/runner HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n{",
            b"\x16\x03\x01\x00\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", port)) as raw:
                raw.sendall(sent)
        assert client.get(f"{sandbox.url}/v1/user").status_code == 200
    assert sandbox.methods == ["GET"]


def test_latency_delays_the_answer(client):
    """Every answer takes at least the latency."""
    with running_sandbox(latency_s=0.05) as sandbox, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.get(f"{sandbox.url}/v1/user"), range(4)))
    assert all(answer.elapsed.total_seconds() >= 0.05 for answer in answers)


def test_a_taken_port_is_an_error():
    """A port that somebody listens on is an error that says which and what to do."""
    with Store(":memory:") as store, SandboxServer(Service(store)) as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(ListenError, match=rf"cannot listen on 127\.0\.0\.1 port {port}: .*; choose another"):
            SandboxServer(Service(store), port=port)


def test_an_unknown_host_is_an_error():
    """So is an address that is not ours."""
    with Store(":memory:") as store, pytest.raises(ListenError):
        SandboxServer(Service(store), host="192.0.2.1")


def test_ipv6_is_served(client):
    """An IPv6 address stands in brackets in the URL."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with Store(":memory:") as store:
        try:
            server = SandboxServer(Service(store), host="::1")
        except ListenError:
            pytest.skip("no IPv6 loopback here")
        with server:
            assert server.url.startswith("http://[::1]:")
            assert client.get(f"{server.url}/v1/user").status_code == 200


def test_it_stops_when_nobody_can_be_told_its_address():
    """If the callback fails, the server is stopped and the signals' handlers are what they were."""
    before = signal.getsignal(signal.SIGTERM), threading.active_count()

    def gone(_url):
        raise BrokenPipeError

    with Store(":memory:") as store, pytest.raises(BrokenPipeError):
        serve_forever(Service(store), ready=gone)
    assert (signal.getsignal(signal.SIGTERM), threading.active_count()) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_requests_finish(client, tmp_path, number):
    """SIGINT and SIGTERM: the request under way is answered and kept, then the process ends with code 0, in silence."""
    file = tmp_path / "fleet.db"
    command = [sys.executable, "-c", SERVE, str(file), "1.0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        with ThreadPoolExecutor(1) as pool:
            body = {"name": "last", "endpoint": "http://h"}
            answer = pool.submit(client.post, f"{url}/v1/runner", json=body)
            assert process.stdout.readline() == "handled\n"  # half of the latency is still to come
            os.kill(process.pid, number)
            assert answer.result().status_code == 201
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "stopped\n", "")
    with Store(file) as store:
        assert [runner["name"] for runner in store.runners()] == ["last"]
    with pytest.raises(httpx.ConnectError):
        client.get(f"{url}/v1/user")


def test_state_survives_a_kill(client, tmp_path):
    """What was answered is kept, whatever happens to the process afterwards."""
    file = tmp_path / "fleet.db"
    command = [sys.executable, "-c", SERVE, str(file), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        created = client.post(f"{url}/v1/runner", json={"name": "kept", "endpoint": "http://h"}).json()
        process.kill()
    with running_sandbox(path=file) as sandbox:
        assert client.get(f"{sandbox.url}/v1/runner").json()["runners"] == [created]
