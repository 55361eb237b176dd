"""Live runners, and the tag sets they serve, in every format."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from reconciler.model.runner import Listing
from reconciler.model.secret import Secret
from reconciler.render import escape
from reconciler.render.views.runners import render_coverage, render_runners
from tests.fakes import markdown_judge as judge
from tests.fakes.hostile import HOSTILE
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
    return SimpleNamespace(**known | fields)


def test_a_table_of_runners():
    """Runners by name, without a column for what is not known."""
    shown = render_runners(listed(runner(2, status="disabled", tags=()), runner(1)), "text")
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
    shown = render_runners(listed(one, two, standing={one.id: "managed", two.id: "drifted"}), "text")
    assert "NAME      STATUS  STANDING  TAGS" in shown
    assert shown.endswith("2 runners, 2 active, 1 managed, 1 drifted, 0 unmanaged.\n")


@pytest.mark.parametrize("missing", [0, 1])
def test_a_narrow_terminal_gets_blocks(missing):
    """Where the table does not fit by one column, each runner is a block, and no name is cut."""
    full = max(map(len, render_runners(listed(runner()), "text").splitlines()))
    lines = render_runners(listed(runner()), "text", width=full - missing).splitlines()
    if missing:
        assert lines[:4] == ["runner-1", "    active", "    gpu, sdxl", "    https://comfy-1.example.com"]
    else:
        assert lines[0].startswith("NAME")


def test_the_list_document():
    """The contract's document: as it was read, secrets redacted, public header values shown."""
    one = runner()
    read = json.loads(render_runners(listed(one, sandbox="demo.db"), "json"))
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
    read = json.loads(render_runners(listed(one, standing={one.id: "drifted"}), "json"))
    assert read["runners"][0]["standing"] == "drifted"


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_the_sandbox_is_said_in_every_format(form):
    """No output of a sandbox can be taken for one of the service."""
    assert "demo.db" in render_runners(listed(runner(), sandbox="demo.db"), form)
    assert "demo.db" in render_coverage([((), ("a",))], form, sandbox="demo.db")


def test_no_runner_at_all():
    """An empty account is one line."""
    assert render_runners(listed(), "text") == "0 runners, 0 active.\n"


def test_served_sets():
    """Each served set with the runners that serve it; wildcards have a row of their own."""
    served = [(("gpu", "sdxl"), ("a", "b")), ((), ("w",))]
    assert render_coverage(served, "text").splitlines() == [
        "TAGS             ACTIVE  RUNNERS",
        "gpu + sdxl       2       a, b",
        "(any: wildcard)  1       w",
        "",
        "2 tag sets served by active runners.",
    ]
    assert json.loads(render_coverage(served, "json"))["served"] == [
        {"tags": ["gpu", "sdxl"], "active": 2, "runners": ["a", "b"]},
        {"tags": [], "active": 1, "runners": ["w"]},
    ]


@pytest.mark.parametrize("raw", HOSTILE)
def test_hostile_runners_are_harmless(raw):
    """What the service answers can't act in any format, and stays in its cell."""
    one = listed(runner(name=raw or "x", tags=(raw,), endpoint=raw, status=raw), sandbox=raw)
    for shown in (render_runners(one, "text"), render_runners(one, "text", width=20)):
        assert all(escape.text(row) == row for row in shown.splitlines())
    shown = render_runners(one, "markdown")
    assert judge.acts(shown) == []
    assert judge.count(shown, "tr_open") == 2
    assert judge.count(shown, "td_open") == judge.count(shown, "th_open")
    assert json.loads(render_runners(one, "json"))["runners"][0]["tags"] == [raw]
