"""Replicas that end, an API server that is away, tokens that are rotated: one writer at most, and nothing lost."""

import signal
import time
from collections import Counter

import pytest

from reconciler.sandbox.entities import DEFAULT_USER_ID
from reconciler.sandbox.store import Token
from tests.cluster.conftest import REAL
from tests.cluster.test_scenarios import fleet, owned
from tests.fakes.kubernetes.cluster import secret, until

TAKEOVER_S = 15.0
needs_a_fake = pytest.mark.skipif(bool(REAL), reason="a real API server is not ours to stop")


def leader_of(*replicas):
    """Wait for the one that acts; it and the others."""
    until(lambda: any(each.leads for each in replicas))
    (leader,) = [each for each in replicas if each.leads]
    return leader, [each for each in replicas if each is not leader]


def test_a_replica_that_is_asked_to_stop_hands_over_at_once(world):
    """SIGTERM: exit 0, the Lease is released, and the standby, healthy all the while, goes on."""
    leader, (standby,) = leader_of(world.operate(), world.operate())
    until(lambda: standby.asked("/readyz").status_code == 200)
    assert standby.asked("/healthz").status_code == 200
    assert not standby.leads
    world.cluster.apply(owned(world), *fleet(world, "a"))
    world.are_ready("a")
    assert leader.end() == 0
    began = time.monotonic()
    until(lambda: standby.leads)
    assert time.monotonic() - began < 5.0
    world.cluster.apply(*fleet(world, "b"))
    world.are_ready("a", "b")
    assert [method for method, _path in world.writes()] == ["POST", "POST"]


@pytest.mark.long
def test_a_leader_that_is_killed_is_replaced_and_no_write_happens_twice(world):
    """Kill -9 amid the writes of a plan: within the time of the Lease another replica writes the rest."""
    names = [f"gpu-{number}" for number in range(30)]
    world.sandbox.service.latency_s = 0.2
    leader, (standby,) = leader_of(world.operate("--parallelism=1"), world.operate("--parallelism=1"))
    world.cluster.apply(owned(world, interval=600), *fleet(world, *names))
    until(lambda: len(world.writes()) >= 5)
    leader.end(signal.SIGKILL)
    began = time.monotonic()
    assert len(world.sandbox.runners) < len(names)
    until(lambda: standby.leads, patience_s=TAKEOVER_S)
    world.sandbox.service.latency_s = 0.0
    until(lambda: len(world.sandbox.runners) == len(names), patience_s=TAKEOVER_S - (time.monotonic() - began))
    world.are_ready(*names)
    assert set(Counter(each["name"] for each in world.sandbox.runners).values()) == {1}
    assert {method for method, _path in world.writes()} == {"POST"}
    assert len(world.writes()) == len(names)


@needs_a_fake
@pytest.mark.long
def test_an_api_server_that_is_away_ends_all_writing_until_it_is_back(world):
    """Without a renewal the Lease is given up; the process lives on, and acts again when it holds it again."""
    replica = world.operate()
    world.cluster.apply(owned(world, interval=1), *fleet(world, "a"))
    world.are_ready("a")
    world.server.stop()
    until(lambda: not replica.leads)
    before = world.writes()
    world.sandbox.edit("a", tags=["drift"])
    assert replica.asked("/healthz").status_code == 200
    assert "can't be reached" in str(replica.asked("/status.json").json()["problems"])
    assert world.writes() == before
    world.server.start()
    until(lambda: world.sandbox.runner("a")["tags"] == ["gpu"])
    world.cluster.apply(*fleet(world, "b"))
    world.are_ready("a", "b")


@pytest.mark.parametrize("access", ["get", "list"])
def test_a_token_that_is_rotated_is_used_from_then_on(world, access):
    """The old token is refused and the new one is in the secret: with list at once, with get at the next cycle."""
    world.operate(f"--secrets={access}")
    world.cluster.apply(owned(world, interval=600 if access == "list" else 1), *fleet(world, "a"))
    world.are_ready("a")
    world.sandbox.store.add_token("cfc_rotated", Token(DEFAULT_USER_ID))
    del world.sandbox.service._tokens[world.sandbox.token]
    world.cluster.apply(secret(world.ns, "comfycontrol", token="cfc_rotated"))
    world.sandbox.edit("a", tags=["drift"])
    until(lambda: world.sandbox.runner("a")["tags"] == ["gpu"])
    world.are_ready("a")


def test_a_token_that_comes_later_is_waited_for(world):
    """The Account says which secret is missing; with it everything goes on by itself."""
    world.cluster.delete("Secret", world.ns, "comfycontrol")
    replica = world.operate()
    world.cluster.apply(owned(world, interval=1), *fleet(world, "a"))
    message = world.becomes("Account", "default", "Ready", "False")
    assert f"secret {world.ns}/comfycontrol" in message
    assert replica.asked("/healthz").status_code == 200
    world.cluster.apply(secret(world.ns, "comfycontrol", token=world.sandbox.token))
    world.are_ready("a")


def test_a_secret_of_a_header_that_comes_later_is_waited_for(world):
    """The condition says which secret is missing; with it everything goes on, long before the next interval."""
    header = {"name": "X-Proxy", "valueFrom": {"secretKeyRef": {"name": "proxy", "key": "password"}}}
    world.operate()
    world.cluster.apply(owned(world, interval=600), *fleet(world, "a", headers=[header]))
    assert f"{world.ns}/proxy" in world.becomes("Runner", "a", "Ready", "False")
    world.cluster.apply(secret(world.ns, "proxy", password="hunter2"))
    world.are_ready("a")
    assert world.sandbox.runner("a")["headers"] == {"X-Proxy": "hunter2"}


@needs_a_fake
def test_a_secret_that_may_not_be_read_is_named_with_the_rule_that_lacks(world):
    """The condition says which secret and which rule of RBAC; once it is given, all goes on by itself."""
    world.cluster.apply(secret(world.ns, "proxy", password="hunter2"))
    header = {"name": "X-Proxy", "valueFrom": {"secretKeyRef": {"name": "proxy", "key": "password"}}}
    world.operate()
    world.cluster.apply(owned(world, interval=1), *fleet(world, "a"))
    world.are_ready("a")
    world.server.forbidden.add(("get", "secrets"))
    world.cluster.apply(*fleet(world, "a", headers=[header]))
    message = world.becomes("Account", "default", "Ready", "False")
    assert "get secrets" in message
    assert f"in namespace {world.ns}" in message
    assert 'apiGroups: [""], resources: ["secrets"], verbs: ["get"]' in message
    world.server.forbidden.clear()
    world.are_ready("a")
    assert world.sandbox.runner("a")["headers"] == {"X-Proxy": "hunter2"}


def test_a_header_from_a_secret_is_written_and_shown_nowhere(world):
    """A value is sent to the service alone: no status, event, log or page has it, nor the one that it is rotated to."""
    values = ["hunter2-first", "hunter2-second"]
    world.cluster.apply(secret(world.ns, "proxy", password=values[0]))
    replica = world.operate("--secrets=list", "-vv")
    header = {"name": "X-Proxy", "valueFrom": {"secretKeyRef": {"name": "proxy", "key": "password"}}}
    world.cluster.apply(owned(world, interval=600), *fleet(world, "a", headers=[header]))
    world.are_ready("a")
    assert world.sandbox.runner("a")["headers"] == {"X-Proxy": values[0]}
    world.cluster.apply(secret(world.ns, "proxy", password=values[1]))
    until(lambda: world.sandbox.runner("a")["headers"] == {"X-Proxy": values[1]})
    until(lambda: ("Applied", "written: headers") in world.events("a"))
    pages = [replica.asked(path).text for path in ("/", "/status.json", "/metrics", f"/accounts/{world.ns}/default")]
    kept = [world.cluster.list(kind, world.ns) for kind in ("Account", "Runner", "Event", "Lease")]
    shown = "\n".join((*pages, replica.text, str(kept)))
    assert not [value for value in (*values, world.sandbox.token) if value in shown]


def test_the_status_of_every_account_is_served(world):
    """Pages, data and metrics of two Accounts, the metrics by NAMESPACE/NAME."""
    replica = world.operate()
    first, second = f"{world.ns}/default", f"{world.ns}/other"
    world.cluster.apply(owned(world), *fleet(world, "a"))
    report = owned(world, mode="report")
    report["metadata"]["name"] = "other"
    world.cluster.apply(report)
    world.are_ready("a")
    world.becomes("Account", "other", "Ready", "True")
    assert [each["environment"] for each in replica.asked("/status.json").json()["accounts"]] == [first, second]
    metrics = replica.asked("/metrics").text
    assert metrics.count("# TYPE reconciler_drifted_runners gauge") == 1
    for each in (first, second):
        assert f'reconciler_drifted_runners{{environment="{each}"}} 0.0' in metrics
        assert f'<a href="/accounts/{each}">' in replica.asked("/").text
        assert replica.asked(f"/accounts/{each}").status_code == 200
    assert replica.asked("/accounts/none/such").status_code == 404
