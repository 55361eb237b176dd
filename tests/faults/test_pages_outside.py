"""A list of several pages that shifts, repeats or is cut while it is read: nothing is created twice for it."""

from __future__ import annotations

import json

import pytest

from tests.faults.bench import OPERATIONS, World, live, use_virtual_clock
from tests.faults.proxy import Fault, proxied

COUNT = 250


def _runner(number):
    return live(
        0, f"r-{number}", id=f"550e8400-e29b-41d4-a716-4466554{number:05d}", tags=["old"], headers={}, status="active"
    )


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A fleet of three pages, whose manifest changes a runner of each page and adds one."""
    with proxied([_runner(number) for number in range(COUNT)]) as proxy:
        made = World(tmp_path, proxy)
        made.write(OPERATIONS["plan"])
        entries = [
            f"  r-{number}: {{endpoint: 'https://r-{number}.example.com', headers: {{}}, status: active, "
            f"tags: [{'new' if number % 90 == 0 else 'old'}]}}\n"
            for number in (*range(COUNT), 999)
        ]
        (tmp_path / "runners" / "fleet.yaml").write_text("version: 1\nrunners:\n" + "".join(entries))
        use_virtual_clock(monkeypatch, made)
        yield made


def _checked(world, *, extra=0):
    """Each name once, and everything as the manifest wants it after one more apply."""
    assert world.run("apply", "--yes").code == 0
    names = [each["name"] for each in world.proxy.runners]
    assert len(names) == len(set(names)) == COUNT + 1 + extra
    assert world.run("plan", "--detailed-exitcode").code == 0
    assert sum(each["tags"] == ["new"] for each in world.proxy.runners) == 3


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_runner_created_while_pages_are_read(world, number):
    """Later pages shift by one: the read is done again, and nothing is taken for absent."""

    def create(_seen, count):
        if count == number:
            world.proxy.store.add_many([live(0, "someone-new", id="650e8400-e29b-41d4-a716-446655440000")])

    world.proxy.before = create
    ran = world.run("apply", "--yes", "--format", "json")
    world.proxy.before = None
    assert ran.code == 0, ran.out
    assert ran.json["summary"]["applied"] == 4
    _checked(world, extra=1)


def test_runners_created_all_the_time(world):
    """A list that never adds up is exit 1 before anything is written."""

    def create(seen, count):
        if seen.method == "GET":
            runner = live(0, f"new-{count}", id=f"650e8400-e29b-41d4-a716-4466554{count:05d}")
            world.proxy.store.add_many([runner])

    world.proxy.before = create
    ran = world.run("apply", "--yes")
    assert ran.code == 1
    assert "did not add up" in ran.err
    assert not world.proxy.writes


def _page(change):
    def rewrite(_proxy, content):
        found = json.loads(content)
        return json.dumps({"runners": change(found["runners"]), "total": found["total"]}).encode()

    return rewrite


PAGES = {
    "cut at its end": _page(lambda runners: runners[:-1]),
    "cut at its head": _page(lambda runners: runners[1:]),
    "empty": _page(lambda _runners: []),
    "with a double": _page(lambda runners: [*runners[:-1], runners[0]]),
    "twice": _page(lambda runners: runners * 2),
    "another page": _page(lambda runners: [_runner(COUNT - 1 - number) | _STAMPS for number in range(len(runners))]),
}
_STAMPS = {"user_id": "u", "created_at": "t", "updated_at": "t"}


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "always"])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("change", PAGES.values(), ids=PAGES.keys())
def test_a_page_that_does_not_fit(world, change, number, lasting):
    """Read again, or exit 1; never a create for a runner that a bad page left out."""
    fault = Fault(done=True, body=change)
    world.proxy.expect(dict.fromkeys(range(number, 40), fault) if lasting else {number: fault})
    ran = world.run("apply", "--yes")
    assert ran.code == (1 if lasting else 0), ran.err
    assert bool(world.proxy.writes) is not lasting
    world.proxy.expect()
    _checked(world)
