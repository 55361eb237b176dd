"""The operator's own requests, over a real socket."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace

import kopf
import pytest

from reconciler.operator.cluster.client import KubernetesCluster
from reconciler.operator.cluster.errors import Away, ClusterError, Conflict, NotAllowed, NotThere
from reconciler.operator.cluster.record import Record
from reconciler.operator.resources.crds import crds
from reconciler.operator.resources.resource import RUNNERS, Ref
from tests.fakes.clock import VirtualClock
from tests.fakes.kubernetes.api_server import TOKEN, ApiServer
from tests.fakes.kubernetes.cluster import Cluster, kubeconfig, runner, secret, until
from tests.fakes.kubernetes.scripted import Scripted

REF = Ref("default", "one")
EMPTY = (200, b"{}")
VALUE = "sk-planted-value"
RECORD = Record(holder="me", duration_s=12, acquired_at="a", renewed_at="r", transitions=0)
REFUSAL = json.dumps({"kind": "Status", "reason": "Forbidden", "message": VALUE}).encode()


@pytest.fixture(scope="module")
def server():
    """An API server."""
    made = ApiServer().start()
    yield made
    made.close()


@pytest.fixture
def user(server, tmp_path, monkeypatch):
    """A user of the server."""
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig(server.url))
    monkeypatch.setenv("KUBECONFIG", str(path))
    made = Cluster()
    yield made
    made.close()


@pytest.fixture
def connect():
    """Connect to an address; what was connected is closed."""
    made = []

    def connect(url, *, token=TOKEN, login=None, clock=None):
        found = login or (lambda: kopf.ConnectionInfo(server=url, token=token))
        made.append(KubernetesCluster(found, clock or VirtualClock()))
        return made[-1]

    yield connect
    for each in made:
        each.close()


def test_a_secret_is_decoded_and_not_shown(server, user, connect):
    """A secret's values are bytes by key; no repr shows them, and a secret that is not there is None."""
    user.apply(secret("default", "headers", key=VALUE))
    cluster = connect(server.url)
    data = cluster.get_secret("default", "headers")
    assert dict(data) == {"key": VALUE.encode()}
    assert "key" in repr(data)
    assert VALUE not in repr(data)
    assert base64.b64encode(VALUE.encode()).decode() not in repr(data)
    assert cluster.get_secret("default", "other") is None


def test_a_value_that_is_not_base64_names_its_key(connect):
    """A value that can't be decoded is an error that names the key and shows nothing; other keys are fine."""
    body = json.dumps({"data": {"bad": f"!{VALUE}!", "good": "Z29vZA=="}}).encode()
    with Scripted((200, body)) as server:
        data = connect(server.url).get_secret("ns", "name")
    assert data["good"] == b"good"
    with pytest.raises(ClusterError, match="key bad of secret ns/name") as caught:
        data["bad"]
    assert VALUE not in str(caught.value)


def test_a_status_is_merged(server, user, connect):
    """A patch changes what it names, removes what is null, and leaves the spec; one that is gone is passed over."""
    user.apply(*crds())
    until(lambda: ("reconciler.comfycontrol.app", "v1alpha1", RUNNERS) in server.kinds)
    user.apply(runner("default", "one"))
    cluster = connect(server.url)
    cluster.patch_status(RUNNERS, REF, {"id": "a", "observedGeneration": 1})
    cluster.patch_status(RUNNERS, REF, {"id": None, "differs": ["tags"]})
    found = user.get("Runner", *REF)
    assert found["status"] == {"observedGeneration": 1, "differs": ["tags"]}
    assert found["spec"]["endpoint"] == "https://one.example.com"
    cluster.patch_status(RUNNERS, Ref("default", "gone"), {"id": "a"})


@pytest.mark.parametrize(
    "ask",
    [
        lambda cluster: cluster.patch_status(RUNNERS, REF, {}),
        lambda cluster: cluster.get_lease(REF),
        lambda cluster: cluster.create_event({"metadata": {"namespace": "ns", "name": "it"}}),
    ],
)
def test_a_kind_that_is_not_installed_is_an_error(connect, ask):
    """A 404 that is about no object is no object that is gone; it says to install the definitions."""
    with Scripted((404, b"404 page not found")) as server, pytest.raises(NotThere, match="operator manifests"):
        ask(connect(server.url))


def test_an_event_is_created_once(server, user, connect):
    """An event that is there already counts as created."""
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "default", "name": "it.1"}, "reason": "X"}
    cluster = connect(server.url)
    cluster.create_event(event)
    cluster.create_event(event)
    assert user.get("Event", "default", "it.1")["reason"] == "X"


def test_an_event_of_a_namespace_that_goes_is_passed_over(server, connect):
    """Where the namespace is gone, or being deleted (a 403 that is no matter of roles), there is nothing to say."""
    details = {"causes": [{"reason": "NamespaceTerminating"}]}
    body = json.dumps({"kind": "Status", "details": details}).encode()
    with Scripted((403, body)) as scripted:
        connect(scripted.url).create_event({"metadata": {"namespace": "default", "name": "it.2"}})
        assert len(scripted.seen) == 1
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "gone", "name": "it.1"}}
    connect(server.url).create_event(event)


def test_a_lease_in_a_namespace_that_is_not_there(server, connect):
    """To create a Lease in a namespace that does not exist is an error that says so."""
    with pytest.raises(NotThere, match="no such object or namespace"):
        connect(server.url).create_lease(Ref("gone", "lease"), RECORD)


def test_a_lease_without_times_is_renewed(server, user, connect):
    """A Lease that was written by hand, without times, can be held, and gets no empty time."""
    cluster, ref = connect(server.url), Ref("default", "by-hand")
    meta = {"namespace": "default", "name": "by-hand"}
    user.apply({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": {}})
    cluster.update_lease(ref, replace(cluster.get_lease(ref), holder="me", duration_s=12, renewed_at="r"))
    assert user.get("Lease", *ref)["spec"] == {
        "holderIdentity": "me",
        "leaseDurationSeconds": 12,
        "leaseTransitions": 0,
        "renewTime": "r",
    }


def test_a_lease_is_written_on_one_version(server, user, connect):
    """A Lease is created once and updated on the version it was read at; labels of others stay."""
    cluster, ref = connect(server.url), Ref("default", "lease")
    assert cluster.get_lease(ref) is None
    made = cluster.create_lease(ref, RECORD)
    with pytest.raises(Conflict):
        cluster.create_lease(ref, RECORD)
    user.patch("Lease", *ref, {"metadata": {"labels": {"of": "another"}}})
    with pytest.raises(Conflict):
        cluster.update_lease(ref, replace(made, holder="you"))
    read = cluster.get_lease(ref)
    cluster.update_lease(ref, replace(read, holder="you", transitions=1))
    found = user.get("Lease", *ref)
    assert found["metadata"]["labels"] == {"of": "another"}
    assert found["spec"] == {
        "holderIdentity": "you",
        "leaseDurationSeconds": 12,
        "acquireTime": "a",
        "renewTime": "r",
        "leaseTransitions": 1,
    }


def test_a_right_that_lacks_is_named(connect):
    """A 403 names verb, resource, namespace and the rule; what the API server says is not shown."""
    with Scripted((403, REFUSAL)) as server, pytest.raises(NotAllowed) as caught:
        connect(server.url).patch_status(RUNNERS, REF, {})
    text = str(caught.value)
    assert "patch runners/status one in namespace default" in text
    assert 'apiGroups: ["reconciler.comfycontrol.app"], resources: ["runners/status"], verbs: ["patch"]' in text
    assert VALUE not in text


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refusal_shows_its_reason_only(connect, status):
    """Any other refusal shows the status and the reason, and nothing that was sent."""
    with Scripted((status, REFUSAL)) as server, pytest.raises(ClusterError, match=f"{status}, Forbidden") as caught:
        connect(server.url).patch_status(RUNNERS, REF, {"id": VALUE})
    assert VALUE not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"no JSON"])
def test_an_answer_that_is_no_object_is_an_error(connect, body):
    """A 2xx that is no JSON object is a ClusterError."""
    with Scripted((200, body)) as server, pytest.raises(ClusterError, match="no JSON object"):
        connect(server.url).get_secret("ns", "name")


@pytest.mark.parametrize("body", [b"{}", b'{"metadata": {"resourceVersion": "1"}, "spec": {"leaseTransitions": "x"}}'])
def test_a_lease_of_a_wrong_shape_is_an_error(connect, body):
    """A Lease that is none is a ClusterError."""
    with Scripted((200, body)) as server, pytest.raises(ClusterError, match="no Lease"):
        connect(server.url).get_lease(REF)


@pytest.mark.parametrize("failure", [(500, b""), (503, b""), (429, b"", ("Retry-After", "2")), None])
def test_what_passes_is_tried_again_twice(connect, failure):
    """5xx, 429 and broken connections are tried again, two times; Retry-After is honoured."""
    clock = VirtualClock()
    with Scripted(failure, failure, EMPTY) as server:
        connect(server.url, clock=clock).get_secret("ns", "name")
        assert len(server.seen) == 3
    asked_s = 2 if failure and len(failure) > 2 else 0
    assert [asked_s <= wait <= asked_s + 2 for wait in clock.waits] == [True, True]
    with Scripted(failure, failure, failure) as server, pytest.raises(Away):
        connect(server.url).get_secret("ns", "name")


def test_a_long_pause_is_bounded(connect):
    """However long the API server asks to wait, a pause is 10 s at most."""
    clock = VirtualClock()
    with Scripted((429, b"", ("Retry-After", "3600")), EMPTY) as server:
        connect(server.url, clock=clock).get_secret("ns", "name")
    assert clock.waits == [10.0]


def test_a_lease_is_asked_for_once(connect):
    """What fails about a Lease is not repeated here: its keeper decides when."""
    with Scripted((500, b"")) as server, pytest.raises(Away):
        connect(server.url).get_lease(REF)


def test_an_answer_that_dribbles_ends_in_time(connect):
    """A Lease's request is over after 2 s, however the answer trickles in."""
    began = time.monotonic()
    with Scripted(30) as server, pytest.raises(Away):
        connect(server.url).get_lease(REF)
    assert time.monotonic() - began < 4


def test_a_refused_token_is_read_anew_once(connect):
    """After a 401 the login is read again; a second 401 is an error that says what to check."""
    tokens = iter(["old", "new", "newer"])
    with Scripted((401, b""), EMPTY, (401, b""), (401, b"")) as server:
        cluster = connect(server.url, login=lambda: kopf.ConnectionInfo(server=server.url, token=next(tokens)))
        cluster.get_secret("ns", "name")
        assert [seen[2]["Authorization"] for seen in server.seen] == ["Bearer old", "Bearer new"]
        with pytest.raises(NotAllowed, match="401"):
            cluster.get_secret("ns", "name")
        assert len(server.seen) == 4


def test_a_token_that_rotates_is_read_before_it_expires(connect):
    """The login is read again after 30 s, and not at 29; where it says the same, the connection stays."""
    clock, logins = VirtualClock(), []

    def login():
        logins.append(clock.monotonic())
        return kopf.ConnectionInfo(server=server.url, token=f"token-{len(logins) // 2}")

    with Scripted(EMPTY, EMPTY, EMPTY, EMPTY) as server:
        cluster = connect(server.url, login=login, clock=clock)
        for pause_s in (29.0, 1.0, 30.0, 0.0):
            cluster.get_secret("ns", "name")
            clock.turn(pause_s)
    assert [seen[2]["Authorization"] for seen in server.seen] == [f"Bearer token-{n}" for n in (0, 0, 1, 1)]
    assert len(logins) == 3


def test_a_password_is_sent_as_basic(connect):
    """A user name and a password are basic authentication."""
    with Scripted(EMPTY) as server:
        cluster = connect("", login=lambda: kopf.ConnectionInfo(server=server.url, username="me", password="it"))
        cluster.get_secret("ns", "name")
        assert server.seen[0][2]["Authorization"] == "Basic " + base64.b64encode(b"me:it").decode()


def test_a_proxy_is_used(connect):
    """The proxy of a kubeconfig is used; one that is neither http nor https is an error."""
    with Scripted(EMPTY) as proxy:
        info = kopf.ConnectionInfo(server="http://kubernetes.example", token="x", proxy_url=proxy.url)
        connect("", login=lambda: info).get_secret("ns", "name")
        assert proxy.seen[0][1] == "http://kubernetes.example/api/v1/namespaces/ns/secrets/name"
    with pytest.raises(ClusterError, match="proxy"):
        connect("", login=lambda: replace(info, proxy_url="socks5://127.0.0.1:1")).get_secret("ns", "name")


def test_a_path_of_the_server_is_kept(connect):
    """A server behind a path, as gateways have it, is asked below that path."""
    with Scripted(EMPTY) as server:
        connect(f"{server.url}/k8s/clusters/one/").get_secret("ns", "name")
        assert server.seen[0][1] == "/k8s/clusters/one/api/v1/namespaces/ns/secrets/name"


def test_certificates_that_cannot_be_used_are_an_error(connect):
    """A certificate authority that is none is an error without its content."""
    info = kopf.ConnectionInfo(server="https://127.0.0.1:1", ca_data=VALUE)
    with pytest.raises(ClusterError, match="certificates") as caught:
        connect("", login=lambda: info).get_secret("ns", "name")
    assert VALUE not in str(caught.value)


def test_an_api_server_that_is_away_is_named(connect):
    """Without a connection the error names the host and what is asked."""
    with Scripted() as server:
        url = server.url
    with pytest.raises(Away, match=r"get secrets name in namespace ns: the API server at 127\.0\.0\.1"):
        connect(url).get_secret("ns", "name")
