"""Answers that do not tell what is stored, and another writer at the same moment: the closing list finds it, exit 3."""

from __future__ import annotations

import json

import pytest

from tests.faults.bench import World, live, use_virtual_clock
from tests.faults.proxy import Fault, proxied

NEW = "version: 1\nrunners:\n  gpu-new: {endpoint: 'https://gpu-new.example.com', tags: [gpu], headers: {}}\n"
OFF = NEW.replace("headers: {}", "headers: {}, status: disabled")
TAGS = "version: 1\nrunners:\n  gpu-1: {endpoint: 'https://gpu-1.example.com', tags: [more], headers: {}}\n"
OLD = live(1, "gpu-1", headers={})


@pytest.fixture
def world_of(tmp_path, monkeypatch):
    """A world with one manifest."""

    def make(proxy, manifest):
        world = World(tmp_path, proxy)
        (tmp_path / "runners").mkdir()
        (tmp_path / "runners" / "fleet.yaml").write_text(manifest)
        use_virtual_clock(monkeypatch, world)
        return world

    return make


def outcome_of(world, *options):
    """The one outcome of an apply, and its exit code."""
    ran = world.run("apply", "--yes", "--format", "json", *options)
    (outcome,) = ran.json["outcomes"]
    return ran.code, outcome


@pytest.mark.parametrize("manifest", [NEW, OFF], ids=["active", "disabled"])
def test_a_create_answered_with_an_old_id_touches_nobody(world_of, manifest):
    """No PUT goes to the runner that was there before, not even to disable what was just created."""
    with proxied([OLD]) as proxy:
        world = world_of(proxy, manifest)

        def rewrite(_proxy, content):
            found = json.loads(content)
            return json.dumps(found | {"id": OLD["id"]}).encode() if "id" in found else content

        proxy.expect({2: Fault(done=True, body=rewrite)})
        code, outcome = outcome_of(world)
        assert (code, outcome["status"]) == (3, "unverified")
        assert OLD["id"] in outcome["error"]["message"]
        assert [each.method for each in proxy.writes] == ["POST"]
        assert next(each for each in proxy.runners if each["id"] == OLD["id"])["status"] == "active"


def test_another_writers_runner_of_the_same_name_is_a_duplicate(world_of):
    """It came between the list and the create: both ids are named, and what to do."""
    with proxied([OLD]) as proxy:
        world = world_of(proxy, NEW)
        twin = live(77, "gpu-new")

        def create(seen, _number):
            if seen.method == "POST":
                proxy.store.add_many([twin])

        proxy.before = create
        code, outcome = outcome_of(world)
        assert (code, outcome["status"], outcome["error"]["code"]) == (3, "unverified", "duplicate")
        assert {twin["id"], outcome["id"]} < set(
            outcome["error"]["message"].replace(",", " ").replace(":", " ").split()
        )


@pytest.mark.parametrize(
    ("manifest", "method", "changes", "code"),
    [(NEW, "POST", {}, "not-there"), (TAGS, "PUT", {"id": OLD["id"]}, "not-taken")],
    ids=["create", "update"],
)
def test_an_echo_that_stored_nothing_is_unverified(world_of, manifest, method, changes, code):
    """The answer is as it should be; the list is not. With `--verify answer` the answer is trusted."""
    with proxied([OLD]) as proxy:
        world = world_of(proxy, manifest)

        def echo(proxy, _content):
            sent = json.loads(proxy.writes[-1].body)
            told = live(42, "x") | {"user_id": "u", "created_at": "t", "updated_at": "t"}
            return json.dumps(told | sent | changes).encode()

        number = 3 if method == "PUT" else 2
        proxy.expect({number: Fault(status=200, body=echo)})
        exit_code, outcome = outcome_of(world)
        assert (exit_code, outcome["status"], outcome["error"]["code"]) == (3, "unverified", code)
        assert len(proxy.runners) == 1
        assert proxy.runners[0]["tags"] == OLD["tags"]
        proxy.expect({number: Fault(status=200, body=echo)})
        assert outcome_of(world, "--verify", "answer")[0] == 0
