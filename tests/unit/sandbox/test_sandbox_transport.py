import httpx
import pytest

from reconciler.sandbox.failures import StoreError
from reconciler.sandbox.service import Service
from reconciler.sandbox.store import Store
from reconciler.sandbox.transport import transport
from tests.fakes.sandbox import example

AUTH = {"Authorization": "Bearer cfc_sandbox"}


def test_the_transport_answers_as_the_service():
    """An httpx client over the transport creates, reads and pages without a network."""
    seen = []
    service = Service(Store(":memory:"), observe=seen.append)
    with httpx.Client(transport=transport(service), base_url="http://sandbox.localhost", headers=AUTH) as client:
        created = client.post("/v1/runner", json={"name": "é", "endpoint": "http://h"})
        assert (created.status_code, created.json()["name"]) == (201, "é")
        listed = client.get("/v1/runner", params={"page": 1, "per_page": 1})
        assert listed.json() == {"runners": [created.json()], "total": 1}
        assert client.get(f"/v1/runner/{created.json()['id']}").json() == created.json()
        assert client.delete("/v1/runner").headers["allow"] == "GET, POST"
        assert client.get("/v1/user", headers={"Authorization": "Bearer no"}).status_code == 401
    assert [(each.method, each.query) for each in seen[:2]] == [("POST", ""), ("GET", "page=1&per_page=1")]


def test_the_latency_is_waited_half_before_and_half_after():
    """The transport waits for the service's latency by the function it is given, on both sides of the answer."""
    waited, service = [], Service(Store(":memory:"), latency_s=3.0, observe=lambda _: waited.append("answered"))
    with httpx.Client(transport=transport(service, sleep=waited.append), headers=AUTH) as client:
        client.get("http://sandbox.localhost/v1/user")
    assert waited == [1.5, "answered", 1.5]


def test_closing_the_client_closes_the_store(tmp_path):
    """The store lives as long as the transport; its state survives in the file."""
    store = Store(tmp_path / "fleet.db")
    store.add_many([example("get_runner")])
    with httpx.Client(transport=transport(Service(store)), headers=AUTH) as client:
        client.get("http://sandbox.localhost/v1/user")
    with pytest.raises(StoreError):
        store.runners()
    with Store(tmp_path / "fleet.db") as store:
        assert store.runners() == [example("get_runner")]
