"""Runners that become wildcards without being called so."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.position import Position
from reconciler.model.runner import DesiredRunner
from tests.fakes.fleets import action_for, create_action, fleet
from tests.fakes.proposals import findings_of
from tests.fakes.runners import make_change

AT = Position("runners/a.yaml", 3, 3)
TAGS_AT = Position("runners/a.yaml", 6, 11)


def desired(*, wildcard=False):
    """A runner whose manifest says that it has no tags."""
    return DesiredRunner(
        key="r",
        at=AT,
        name="r",
        endpoint="http://198.51.100.1:8188",
        tags=(),
        wildcard=wildcard,
        field_at={"tags": TAGS_AT},
    )


def update(before, after, *, wildcard=False):
    """An update of the tags of one runner."""
    (serving,) = fleet(r=f"{before} > {after}")
    change = make_change(field="tags", before=tuple(before.replace("*", "").split()), after=tuple(after.split()))
    other = make_change(field="name", before="a", after="r")
    return replace(action_for(serving), changes=(other, change), desired=desired(wildcard=wildcard))


def told(action):
    """Code, severity, key and place of each finding."""
    return [(each.code, each.severity, each.key, each.at) for each in findings_of(actions=[action])]


def test_losing_the_last_tag_is_an_error_at_the_tags():
    """From some tags to none: an error that names the tags and the way to say it is meant."""
    action = update("a b", "*")
    assert told(action) == [("wildcard-runner", "error", "r", TAGS_AT)]
    (found,) = findings_of(actions=[action])
    assert found.message.startswith("without its tags (a, b) it takes any workflow")
    assert "`wildcard: true`" in found.message


def test_a_wildcard_that_is_meant_is_fine():
    """`wildcard: true` says so."""
    assert told(update("a", "*", wildcard=True)) == []
    assert told(create_action("r", [], desired(wildcard=True))) == []


def test_a_runner_that_keeps_a_tag_is_no_wildcard():
    """One tag left is enough; and a runner that had none before changes nothing by having none."""
    assert told(update("a b", "a")) == []
    assert told(create_action("r", ["a"], desired())) == []
    assert told(replace(update("a", "*"), changes=())) == []
    renamed = replace(update("a", "*"), changes=(make_change(field="tags", before=(), after=()),))
    assert told(renamed) == []


def test_created_without_tags_is_a_warning():
    """A new wildcard takes work from the others, but takes nothing away."""
    assert told(create_action("r", [], desired())) == [("wildcard-runner", "warning", "r", TAGS_AT)]


def test_an_unmanaged_runner_that_is_retired_has_no_manifest():
    """There is no manifest to say anything in."""
    (serving,) = fleet(r="* > off")
    assert told(action_for(serving)) == []
