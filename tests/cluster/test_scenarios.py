"""What an operator does for whoever applies resources, from the first `kubectl apply` to the last deletion."""

import time

from tests.fakes.kubernetes.cluster import account, runner, until

INTERVAL_S = 2


def fleet(world, *names, **spec):
    """Runners of the world's namespace, as they are wanted."""
    return [runner(world.ns, name, **{"tags": ["gpu"], "headers": [], "state": "active", **spec}) for name in names]


def owned(world, **spec):
    """The Account of the world's namespace, which writes."""
    return account(world.ns, **{"apiUrl": world.sandbox.url, "mode": "apply", "interval": INTERVAL_S, **spec})


def test_an_account_and_twenty_runners_are_one_plan_at_the_floor_of_requests(world):
    """One read, one request about the account of an empty fleet, a write for each runner, one read that verifies."""
    names = [f"gpu-{number}" for number in range(20)]
    replica = world.operate()
    until(lambda: replica.leads)
    world.cluster.apply(owned(world, interval=600), *fleet(world, *names))
    world.are_ready(*names)
    assert world.becomes("Account", "default", "Ready", "True")
    count = world.sandbox.count
    assert (count("GET", "/v1/runner"), count("GET", "/v1/user"), count("POST"), count("PUT")) == (2, 1, 20, 0)
    status = world.cluster.get("Account", world.ns, "default")["status"]
    assert {key: status[key] for key in ("runners", "inSync", "drifted", "unmanaged")} == {
        "runners": 20,
        "inSync": 20,
        "drifted": 0,
        "unmanaged": 0,
    }
    assert world.events("default") == [("Applied", "20 written")]
    one = world.cluster.get("Runner", world.ns, "gpu-7")
    assert one["status"]["id"] == world.sandbox.runner("gpu-7")["id"]
    assert not one["metadata"].keys() & {"annotations", "finalizers"}


def test_drift_is_healed_within_the_interval_and_two_seconds(world):
    """What another writer changes is written back by the next cycle, and nothing else is."""
    world.operate()
    world.cluster.apply(owned(world), *fleet(world, "a", "b"))
    world.are_ready("a", "b")
    before = len(world.writes())
    began = time.monotonic()
    world.sandbox.edit("a", tags=["other"])
    until(lambda: world.sandbox.runner("a")["tags"] == ["gpu"])
    assert time.monotonic() - began <= INTERVAL_S + 2
    until(lambda: ("Applied", "written: tags") in world.events("a"))
    assert [method for method, _path in world.writes()[before:]] == ["PUT"]


def test_the_last_active_runner_of_a_promised_set_is_not_disabled(world):
    """A guard refuses the plan: nothing is written, and condition and event say why."""
    world.operate()
    promise = {"coverage": [{"tags": ["gpu"], "minActive": 1}]}
    world.cluster.apply(owned(world, **promise), *fleet(world, "a"), *fleet(world, "spare", tags=["other"]))
    world.are_ready("a", "spare")
    before = world.writes()
    world.cluster.patch("Runner", world.ns, "a", {"spec": {"state": "disabled"}})
    message = world.becomes("Account", "default", "Ready", "False")
    assert "coverage" in message
    assert world.cluster.condition("Runner", world.ns, "a", "Synced", part="reason") == "GuardRefused"
    until(lambda: any(reason == "GuardRefused" for reason, _text in world.events("a")))
    assert world.sandbox.runner("a")["status"] == "active"
    assert world.writes() == before
    world.cluster.patch("Runner", world.ns, "a", {"spec": {"state": "active"}})
    world.are_ready("a")


def test_a_runner_that_is_deleted_is_unmanaged(world):
    """There is no delete: the live runner stays as it is, and is counted."""
    world.operate()
    world.cluster.apply(owned(world), *fleet(world, "a", "b"))
    world.are_ready("a", "b")
    before, live = world.writes(), world.sandbox.runner("a")
    world.cluster.delete("Runner", world.ns, "a")
    assert world.cluster.get("Runner", world.ns, "a") is None
    until(lambda: world.cluster.get("Account", world.ns, "default")["status"]["unmanaged"] == 1)
    assert world.sandbox.runner("a") == live
    assert world.writes() == before


def test_one_name_in_two_namespaces_is_an_error_of_both(world):
    """What was in force stays so; both Runners say which the other one is."""
    other = world.create_namespace()
    world.operate(namespaces=[other])
    world.cluster.apply(owned(world), *fleet(world, "a"))
    world.are_ready("a")
    before = world.writes()
    world.cluster.apply(runner(other, "a", tags=["gpu"]))
    assert f"{other}/a" in world.becomes("Runner", "a", "Ready", "False")
    assert f"{world.ns}/a" in world.becomes("Runner", "a", "Ready", "False", ns=other)
    world.sandbox.edit("a", tags=["drift"])
    until(lambda: world.sandbox.runner("a")["tags"] == ["gpu"])
    assert {method for method, _path in world.writes()[len(before) :]} == {"PUT"}
    world.cluster.patch("Runner", other, "a", {"spec": {"name": "another"}})
    world.are_ready("a")
    world.becomes("Runner", "a", "Ready", "True", ns=other)


def test_a_runner_without_an_account_says_so(world):
    """The condition says which Account is missing; with it the Runner becomes ready."""
    world.operate()
    world.cluster.apply(*fleet(world, "a"))
    assert "Account default" in world.becomes("Runner", "a", "Ready", "False")
    world.cluster.apply(owned(world))
    world.are_ready("a")


def test_an_account_that_is_deleted_is_left_alone(world):
    """Its loop ends: nothing is asked of the service any more."""
    replica = world.operate()
    world.cluster.apply(owned(world, interval=1), *fleet(world, "a"))
    world.are_ready("a")
    world.cluster.delete("Account", world.ns, "default")
    until(lambda: not replica.asked("/status.json").json()["accounts"])
    before = len(world.sandbox.requests)
    assert "Account default" in world.becomes("Runner", "a", "Ready", "False")
    assert len(world.sandbox.requests) == before


def test_a_suspended_account_writes_nothing(world):
    """It plans and reports, and says that it is suspended; resumed, it writes."""
    world.operate()
    world.cluster.apply(owned(world, suspend=True), *fleet(world, "a"))
    world.becomes("Account", "default", "Suspended", "True")
    assert world.writes() == []
    world.cluster.patch("Account", world.ns, "default", {"spec": {"suspend": False}})
    world.are_ready("a")
