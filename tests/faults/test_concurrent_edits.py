"""Somebody else edits a runner while an apply runs: what the manifest does not own is never undone."""

from __future__ import annotations

import pytest

from tests.faults.bench import SECRET_HEADERS, Operation, World, live, use_virtual_clock
from tests.faults.proxy import Fault, gateway, proxied

PARTLY = Operation(
    "partly owned",
    (live(1, "gpu-1"),),
    f"version: 1\nrunners:\n  gpu-1: {{endpoint: https://gpu-1.example.com, headers: {SECRET_HEADERS}}}\n",
)
REPEATED = {
    "reset": Fault(how="reset"),
    "reset, done": Fault(how="reset", done=True),
    "refused": Fault(how="refuse"),
    "truncated": Fault(how="truncate", done=True),
    "429": Fault(**gateway(429)),
    "502": Fault(**gateway(502)),
    "502, done": Fault(done=True, **gateway(502)),
    "wrong shape, done": Fault(done=True, body=b"[]"),
}
NOT_PROCESSED = (REPEATED["refused"], REPEATED["429"])
"""After these the PUT was certainly not done."""

EDITS = {"tags": ["theirs"], "status": "disabled"}


@pytest.fixture
def world_of(tmp_path, monkeypatch):
    """The world of an operation behind a proxy."""

    def make(operation, proxy):
        world = World(tmp_path, proxy)
        world.write(operation)
        use_virtual_clock(monkeypatch, world)
        return world

    return make


@pytest.mark.parametrize("edit", EDITS.items(), ids=EDITS.keys())
@pytest.mark.parametrize("fault", REPEATED.values(), ids=REPEATED.keys())
def test_a_repeated_write_undoes_nobodys_edit(world_of, fault, edit):
    """Before a PUT that carries unmanaged fields is repeated, the runner is read again; one that moved stays so."""
    field, value = edit
    with proxied(PARTLY.before) as proxy:
        world = world_of(PARTLY, proxy)
        edits = []

        def meanwhile():
            if not edits:
                edits.append(proxy.store.update(proxy.runners[0]["id"], {field: value}))

        proxy.meanwhile = meanwhile
        proxy.expect({3: fault})
        ran = world.run("apply", "--yes", "--format", "json")
        assert edits
        assert proxy.runners[0][field] == value
        assert ran.code == 3
        (outcome,) = ran.json["outcomes"]
        assert outcome["status"] == ("stale" if fault in NOT_PROCESSED else "unverified")
        assert field in outcome["error"]["message"]
        assert world.run("apply", "--yes").code == 0
        assert proxy.runners[0][field] == value
        assert "X-File" in proxy.runners[0]["headers"]
        assert not world.leaks()


@pytest.mark.parametrize("fault", REPEATED.values(), ids=REPEATED.keys())
def test_a_write_that_was_lost_is_repeated_where_nobody_edited(world_of, fault):
    """A runner that is as it was, or as it was sent already, is written again, and that is applied."""
    with proxied(PARTLY.before) as proxy:
        world = world_of(PARTLY, proxy)
        proxy.expect({3: fault})
        ran = world.run("apply", "--yes", "--format", "json")
        assert ran.code == 0, ran.out
        assert [each.method for each in proxy.seen if each.method != "REFUSED"][-3:] == ["GET", "PUT", "GET"]
        assert "X-File" in proxy.runners[0]["headers"]


def test_an_edit_before_the_check_is_stale(world_of):
    """Between the list and the GET before the PUT: the runner is stale and stays as it is; the next apply goes on."""
    with proxied(PARTLY.before) as proxy:
        world = world_of(PARTLY, proxy)

        def edit(_seen, number):
            if number == 2:
                proxy.store.update(proxy.runners[0]["id"], {"tags": ["theirs"]})

        proxy.before = edit
        proxy.expect()
        ran = world.run("apply", "--yes", "--format", "json")
        assert ran.code == 3
        assert [each["status"] for each in ran.json["outcomes"]] == ["stale"]
        assert [each.method for each in proxy.seen] == ["GET", "GET"]
        assert proxy.runners[0]["tags"] == ["theirs"]


def test_a_runner_removed_before_its_write_is_told(world_of):
    """Somebody removed it in the dashboard: nothing else is written, and the outcome says so."""
    with proxied(PARTLY.before) as proxy:
        world = world_of(PARTLY, proxy)

        def remove(_seen, number):
            if number == 2:
                proxy.store.remove(proxy.runners[0]["id"])

        proxy.before = remove
        proxy.expect()
        ran = world.run("apply", "--yes", "--format", "json")
        assert ran.code == 3
        assert "no longer there" in ran.json["outcomes"][0]["error"]["message"]
        assert proxy.runners == []
