"""What is equal is one block: actions, findings, outcomes, in every format for people; JSON lists each."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from reconciler.model.finding import Finding
from reconciler.model.plan import Gate, Wait
from reconciler.model.position import Position
from reconciler.model.report import Failure, Outcome, Report, RequestCount
from reconciler.model.results import Applied
from reconciler.render.views import groups
from tests.fakes import sample_plans as sample
from tests.fakes.rendering import rendered, rendered_report
from tests.fakes.runners import make_change

READABLE = ("text", "markdown", "html")


def status(after="disabled", before="active"):
    """A change of the status."""
    return make_change(field="status", before=before, after=after)


def headers(**fields):
    """A change of headers."""
    return make_change(field="headers", **fields)


def update(key, *changes, **fields):
    """An update of one runner."""
    return sample.action(key=key, changes=changes or (sample.tags(("a",), ("a", "b")),), **fields)


def alike(count, **fields):
    """Runners that change alike."""
    return [update(f"gpu-{number:03}", **fields) for number in range(1, count + 1)]


def plural_blocks(text):
    """How many runners the blocks of several hold, each."""
    return [int(number) for number in re.findall(r"^~ (\d+) runners$", text, re.MULTILINE)]


@pytest.mark.parametrize(("count", "blocks"), [(2, []), (3, [3]), (4, [4])])
def test_three_that_change_alike_are_one_block(count, blocks):
    """Two stay alone; the block names every key."""
    shown = rendered(sample.plan(*alike(count)))
    assert plural_blocks(shown) == blocks
    assert all(f"gpu-{number:03}" in shown for number in range(1, count + 1))
    assert shown.count("+ b") == (1 if blocks else count)


SAME = (
    ([sample.tags(("a",), ("a", "b")), sample.tags(("x", "y"), ("x", "y", "b"))], "the same tag added to other tags"),
    ([headers(added=("A", "B")), headers(added=("B", "A"))], "the same headers in another order"),
)
OTHER = (
    ([sample.tags(("a",), ("a", "b")), sample.tags(("a",), ("a", "c"))], "another tag"),
    ([sample.tags(("a", "b"), ("b",)), sample.tags(("a",), ())], "the last tag: from then on it takes any workflow"),
    ([status(), status(before="paused")], "another value before"),
    ([status(), status(after="paused")], "another value after"),
    ([headers(added=("A",)), headers(removed=("A",))], "added or removed"),
    ([headers(changed=("A",)), headers(unknown=("A",))], "known or not"),
    (
        [headers(changed=("A",), public={"A": ("1", "2")}), headers(changed=("A",), public={"A": ("1", "3")})],
        "another public value",
    ),
    ([sample.tags((), ("a",)), sample.tags((), ("a",), origin="drift")], "another origin"),
)


@pytest.mark.parametrize(("changes", "why"), SAME)
def test_what_changes_alike(changes, why):
    """The change counts, not what it is made to."""
    each = [update(f"r{number}", changes[number % 2]) for number in range(4)]
    assert [len(block) for block in groups.actions(each, expand=False)] == [4], why


@pytest.mark.parametrize(("changes", "why"), OTHER)
def test_what_does_not_change_alike(changes, why):
    """Any difference that a reader would want to see makes another block."""
    each = [update(f"r{number}", changes[number % 2]) for number in range(6)]
    assert [len(block) for block in groups.actions(each, expand=False)] == [3, 3], why


@pytest.mark.parametrize(
    "fields", [{"turns_off": True}, {"unmanaged": ("status",)}, {"matched_by": "name"}, {"requests": ()}]
)
def test_runners_that_differ_otherwise_are_another_block(fields):
    """Turning off, unmanaged fields, how it was matched and how it is sent are part of the block."""
    blocks = groups.actions([*alike(3), *alike(3, **fields)], expand=False)
    assert [len(block) for block in blocks] == [3, 3]


def test_blocks_come_where_their_first_runner_would():
    """The order of the plan stays: a block is where its first runner is."""
    one, *rest = alike(3)
    other = update("z", status())
    assert groups.actions([one, other, *rest], expand=False) == [(one, *rest), (other,)]


@pytest.mark.parametrize("form", READABLE)
def test_expand_shows_each(form):
    """Every runner, finding and outcome on its own."""
    found = tuple(Finding(code="c", severity="warning", key=f"gpu-{n:03}", message="said alike") for n in range(1, 5))
    plan = sample.plan(*alike(4), findings=found)
    assert "4 runners" in rendered(plan, form)
    assert "for 4 runners" not in rendered(plan, form, expand=True)
    assert "~ 4 runners" not in rendered(plan, form, expand=True)
    assert rendered(plan, form, expand=True).count("said alike") == 4


def test_an_html_block_names_each_runner_and_only_what_changes():
    """One article of three, each a place to link to; tags that stay may differ, so they are not shown."""
    changes = [sample.tags((f"own-{n}",), (f"own-{n}", "b")) for n in range(3)]
    plan = sample.plan(*(update(f"gpu-{n}", each) for n, each in enumerate(changes)))
    page = rendered(plan, "html")
    assert page.count("<article") == 1
    assert all(f'<code id="runner-{n}"' in page for n in range(3))
    article = page[page.index("<article") : page.index("</article")]
    assert "own-" not in article
    assert rendered(plan, "html", expand=True).count("<article") == 3


def test_json_lists_each():
    """A document has one entry an action, finding and outcome, whatever is equal."""
    plan = sample.plan(*alike(5))
    assert len(json.loads(rendered(plan, "json"))["actions"]) == 5
    assert len(json.loads(rendered_report(sample.report(*["failed"] * 5), "json"))["outcomes"]) == 5


@pytest.mark.parametrize("form", READABLE)
def test_equal_findings_are_said_once(form):
    """The message once, with every key; a finding about the fleet is alone, and so is one that says another thing."""
    found = [
        Finding(code="briefly-active", severity="warning", key=f"gpu-{number}", message="is live for a moment")
        for number in range(5)
    ]
    other = Finding(code="briefly-active", severity="warning", key="lab", message="something else")
    shown = rendered(sample.plan(findings=(*found, other)), form)
    assert shown.count("is live for a moment") == 1
    assert "for 5 runners" in shown
    assert all(f"gpu-{number}" in shown for number in range(5))
    assert "something else" in shown


def test_findings_about_the_fleet_stay_alone():
    """Each is about another thing, whatever it says."""
    found = [Finding(code="coverage", severity="error", message="same") for _ in range(3)]
    assert [len(block) for block in groups.findings(found, expand=False)] == [1, 1, 1]


@pytest.mark.parametrize("form", READABLE)
def test_equal_outcomes_are_said_once(form):
    """129 times the same is one block that names the keys."""
    lost = [
        Outcome(key=f"gpu-{n}", action="update", id=f"id-{n}", status="not_attempted", error=Failure("x", "its turn"))
        for n in range(129)
    ]
    done = Outcome(key="first", action="update", id="1", status="applied")
    report = Report((done, *lost), RequestCount(), interrupted=True)
    shown = rendered(Applied(report, sample.plan()), form)
    assert shown.count("its turn") == 1
    assert "129 runners" in shown
    assert all(re.search(rf"gpu-{n}\b", shown) for n in range(129))
    assert rendered(Applied(report, sample.plan()), form, expand=True).count("its turn") == 129


def test_its_own_id_makes_no_message_another_one():
    """What the service said of each is equal but for the runner's id, which stands as `{id}`."""
    failed = [
        Outcome(key=f"r{n}", action="update", id=f"id-{n}", status="failed", error=Failure("x", f"PUT id-{n}: 500"))
        for n in range(3)
    ]
    shown = rendered_report(Report(tuple(failed), RequestCount()))
    assert "    PUT {id}: 500\n" in shown
    assert "PUT id-1: 500" in rendered_report(Report(tuple(failed[:2]), RequestCount()))


def test_where_a_block_is_declared():
    """One file by its name, several by their number; one runner by its line."""
    three = alike(3)
    elsewhere = dataclasses.replace(three[0], at=Position("runners/q.yaml", 1, 1))
    created = [dataclasses.replace(each, matched_by="none", at=None) for each in three]
    assert groups.place(three[:1], str) == "matched by id, runners/p.yaml:8"
    assert groups.place(three, str) == "matched by id, runners/p.yaml"
    assert groups.place([*three, elsewhere], str) == "matched by id, declared in 2 files"
    assert groups.place(created, str) == ""


def test_waits_that_differ_are_counted():
    """What all wait for is shown; what only some wait for is counted."""
    first = sample.request(waits=(Wait(0, 1),))
    other = sample.request(waits=(Wait(1, 1),))
    gates = (Gate(("a",), ("x",)), Gate(("b",), ("y",)))
    same = [update(f"r{n}", requests=(first,)) for n in range(3)]
    mixed = [*same[:2], update("r9", requests=(other,))]
    assert groups.common_steps(same, gates, str) == ["after: x"]
    assert groups.common_steps(mixed, gates, str) == ["3 wait for others first: --expand shows for which"]
    assert groups.common_steps([*same, update("free")], gates, str) == [
        "3 wait for others first: --expand shows for which"
    ]
    assert groups.common_steps([*mixed[2:], update("free")], gates, str) == [
        "1 waits for others first: --expand shows for which"
    ]
