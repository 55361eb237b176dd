"""Live runners, and the tag sets they serve, in every format."""

from __future__ import annotations

import json

import pytest

from reconciler.model.results import Listed, Served
from reconciler.model.runner import Listing
from reconciler.model.secret import Secret
from reconciler.render import escape
from tests.fakes import markdown_judge as judge
from tests.fakes.hostile import HOSTILE
from tests.fakes.rendering import rendered
from tests.fakes.runners import make_live


def runner(number=1, **fields):
    """A live runner."""
    known = {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "name": f"runner-{number}",
        "endpoint": f"https://comfy-{number}.example.com",
        "headers": {"Authorization": Secret("Bearer abcdefgh12345"), "X-Pool": "a100"},
        "tags": ("gpu", "sdxl"),
        "status": "active",
    }
    return make_live(**known | fields)


def listed(*runners, **fields):
    """One read of these runners."""
    known = {
        "listing": Listing(runners, "2026-01-15T10:30:00Z", 1),
        "api_url": "https://api.comfycontrol.app",
        "standing": None,
        "sandbox": None,
    }
    return Listed(**known | fields)


def test_a_table_of_runners():
    """Runners by name, without a column for what is not known."""
    shown = rendered(listed(runner(2, status="disabled", tags=()), runner(1)), "text")
    assert shown.splitlines() == [
        "NAME      STATUS    TAGS            ENDPOINT                     ID",
        "runner-1  active    gpu, sdxl       https://comfy-1.example.com  00000000-0000-4000-8000-000000000001",
        "runner-2  disabled  (any workflow)  https://comfy-2.example.com  00000000-0000-4000-8000-000000000002",
        "",
        "2 runners, 1 active.",
    ]


def test_where_runners_stand():
    """With manifests, each runner is managed, drifted or unmanaged, and they are counted."""
    one, two = runner(1), runner(2)
    shown = rendered(listed(one, two, standing={one.id: "managed", two.id: "drifted"}), "text")
    assert "NAME      STATUS  STANDING  TAGS" in shown
    assert shown.endswith("2 runners, 2 active, 1 managed, 1 drifted, 0 unmanaged.\n")


@pytest.mark.parametrize("missing", [0, 1])
def test_a_narrow_terminal_gets_blocks(missing):
    """Where the table does not fit by one column, each runner is a block, and no name is cut."""
    full = max(map(len, rendered(listed(runner()), "text").splitlines()))
    lines = rendered(listed(runner()), "text", width=full - missing).splitlines()
    if missing:
        assert lines[:4] == [
            "runner-1",
            "    status    active",
            "    tags      gpu, sdxl",
            "    endpoint  https://comfy-1.example.com",
        ]
    else:
        assert lines[0].startswith("NAME")


def test_the_list_document():
    """The contract's document: as it was read, secrets redacted, public header values shown."""
    one = runner()
    read = json.loads(rendered(listed(one, sandbox="demo.db"), "json"))
    assert read == {
        "format_version": "1.0",
        "read_at": "2026-01-15T10:30:00Z",
        "api_url": "https://api.comfycontrol.app",
        "sandbox": "demo.db",
        "runners": [
            {
                "id": one.id,
                "user_id": "",
                "name": "runner-1",
                "status": "active",
                "endpoint": "https://comfy-1.example.com",
                "tags": ["gpu", "sdxl"],
                "headers": {"Authorization": "(sensitive)", "X-Pool": "a100"},
                "created_at": "",
                "updated_at": "",
            }
        ],
    }


def test_the_list_document_says_where_runners_stand():
    """With manifests, each runner in the document says how it stands to them."""
    one = runner()
    read = json.loads(rendered(listed(one, standing={one.id: "drifted"}), "json"))
    assert read["runners"][0]["standing"] == "drifted"


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_the_sandbox_is_said_in_every_format(form):
    """No output of a sandbox can be taken for one of the service."""
    assert "demo.db" in rendered(listed(runner(), sandbox="demo.db"), form)
    assert "demo.db" in rendered(Served((((), ("a",)),), "demo.db"), form)


def test_no_runner_at_all():
    """An empty account is one line."""
    assert rendered(listed(), "text") == "0 runners, 0 active.\n"


def test_served_sets():
    """Each served set with the runners that serve it; wildcards have a row of their own."""
    served = [(("gpu", "sdxl"), ("a", "b")), ((), ("w",))]
    assert rendered(Served(tuple(served)), "text").splitlines() == [
        "TAGS             ACTIVE  RUNNERS",
        "gpu + sdxl       2       a, b",
        "(any: wildcard)  1       w",
        "",
        "2 tag sets served by active runners.",
    ]
    assert json.loads(rendered(Served(tuple(served)), "json"))["served"] == [
        {"tags": ["gpu", "sdxl"], "active": 2, "runners": ["a", "b"]},
        {"tags": [], "active": 1, "runners": ["w"]},
    ]


@pytest.mark.parametrize("raw", HOSTILE)
def test_hostile_runners_are_harmless(raw):
    """What the service answers can't act in any format, and stays in its cell."""
    one = listed(runner(name=raw or "x", tags=(raw,), endpoint=raw, status=raw), sandbox=raw)
    for shown in (rendered(one, "text"), rendered(one, "text", width=20)):
        assert all(escape.text(row) == row for row in shown.splitlines())
    shown = rendered(one, "markdown")
    assert judge.acts(shown) == []
    assert judge.count(shown, "tr_open") == 2
    assert judge.count(shown, "td_open") == judge.count(shown, "th_open")
    assert json.loads(rendered(one, "json"))["runners"][0]["tags"] == [raw]


def fleet(count, **fields):
    """So many runners that are alike, and one that is not."""
    return listed(*(runner(number) for number in range(count)), runner(9_999, tags=("lab",)), **fields)


@pytest.mark.parametrize(("height", "together"), [(107, False), (106, True)])
def test_a_list_that_no_screen_holds_shows_runners_alike_together(height, together):
    """With room for its rows and what is around them it is the table; with --expand or without a screen, always."""
    shown = rendered(fleet(100), height=height, width=200)
    assert ("together" in shown) == together
    for layout in ({}, {"height": 5, "expand": True}, {"height": None, "width": 200}):
        assert "together" not in rendered(fleet(100), **layout)


def test_runners_alike_together():
    """By standing, status and tags, what needs a look first, every name there; then the same counts."""
    standing = {runner(number).id: "managed" if number % 2 else "drifted" for number in range(100)}
    standing[runner(9_999).id] = "unmanaged"
    shown = rendered(fleet(100, standing=standing, sandbox="demo.db"), height=30, width=60).splitlines()
    assert [line for line in shown if not line.startswith(" ")] == [
        "Sandbox demo.db: the embedded emulator, not the service.",
        "50 runners: active, drifted, gpu, sdxl",
        "1 runner: active, unmanaged, lab",
        "50 runners: active, managed, gpu, sdxl",
        "",
        "101 runners, 101 active, 50 managed, 50 drifted, 1",
        "unmanaged.",
        "Runners alike are shown together; --expand shows each in a",
        "row.",
    ]
    assert "    runner-{0, 2, 4, 6, 8}, runner-{10, 12, 14, 16, 18, 20," in shown
