"""Many creates that differ in nothing but name and endpoint are one block with a line for each runner."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.render.views.groups import ROSTER
from tests.fakes.rendering import rendered
from tests.fakes.small_plans import entry, plan

SYMBOL = "+ "


def made(count, **fields):
    """The plan that creates so many runners, each at an endpoint of its own."""
    return plan([entry(number, **fields) for number in range(1, count + 1)], [])


def shares(shown):
    """How often what the runners share is shown."""
    return shown.count("upscaling")


@pytest.mark.parametrize(("count", "shown_once"), [(ROSTER - 1, False), (ROSTER, True), (ROSTER + 1, True)])
@pytest.mark.parametrize("form", ["text", "markdown"])
def test_many_creates_alike_are_one_block(count, shown_once, form):
    """What they share is shown once, and every key and endpoint still is; a few stay apart."""
    shown = rendered(replace(made(count, tags=("upscaling",)), capacity=()), form)
    assert shares(shown) == (1 if shown_once else count)
    for number in range(1, count + 1):
        assert f"gpu-{number}" in shown
        assert f"https://8.8.8.{number}:8188" in shown


def test_another_name_is_shown_beside_its_key():
    """A name that is not the key is on the runner's line, escaped; lines keep endpoints in one column."""
    entries = [entry(number) for number in range(1, ROSTER + 1)]
    entries[1] = entry(2, name="a\nb")
    rows = rendered(plan(entries, [])).split("\n")
    assert '    gpu-2 "a\\nb" https://8.8.8.2:8188' in rows
    assert "    gpu-13       https://8.8.8.13:8188" in rows


def test_a_create_that_is_otherwise_is_no_part_of_the_block():
    """Other tags, or a second request, are another block."""
    entries = [entry(number) for number in range(1, ROSTER + 3)]
    entries[0] = entry(1, tags=("other",))
    entries[1] = entry(2, status="disabled")
    titles = [row for row in rendered(plan(entries, [])).split("\n") if row.startswith(SYMBOL)]
    assert titles == ["+ gpu-1", "+ 13 runners", "+ gpu-2"]


def test_expanded_each_is_a_block():
    """`--expand` shows each, and so does JSON."""
    many = made(ROSTER)
    assert rendered(many, expand=True).count("\n+ gpu-") == ROSTER
    assert len(json.loads(rendered(many, "json"))["actions"]) == ROSTER


def test_where_names_and_endpoints_come_from_is_said_once():
    """With a base to compare to, the block says what it says of any field."""
    many = made(ROSTER)
    actions = [
        replace(each, changes=tuple(replace(change, origin="branch") for change in each.changes))
        for each in many.actions
    ]
    shown = rendered(replace(many, actions=tuple(actions)))
    assert shown.count("name and endpoint from this change") == 1


def test_a_comment_that_is_too_small_names_the_first_and_counts_the_rest():
    """The block stays whole Markdown, however many runners there are."""
    shown = rendered(made(2_000), "markdown")
    assert "+ gpu-1 https" in shown
    assert "  and 1988 more" in shown
    assert shown.count("```") == 2
