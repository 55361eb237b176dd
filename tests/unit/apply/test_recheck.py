"""The look before a repeat: a write whose answer was lost is sent again only where that undoes nobody's edit."""

from __future__ import annotations

import pytest

from tests.fakes.applying import apply_plan
from tests.fakes.plans import body_of, live_runner, plan_of, update
from tests.fakes.runner_api import FakeRunnerApi, Lost
from tests.fakes.runners import edited

LIVE = live_runner(1)
NEW = ("gpu", "sdxl")
PARTLY = update(LIVE, body_of(LIVE, tags=NEW), unmanaged=("status",))
WHOLLY = update(LIVE, body_of(LIVE, tags=NEW))


def applied(action, *turns):
    """The one outcome, and the service, after replacements that go so."""
    api = FakeRunnerApi([LIVE], script={("replace", LIVE.id): list(turns)})
    (outcome,) = apply_plan(plan_of(action), api).outcomes
    return outcome, api


def edit(**fields):
    """Somebody changes the runner."""

    def meanwhile(api):
        api.runners[LIVE.id] = edited(api.runners[LIVE.id], **fields)

    return meanwhile


@pytest.mark.parametrize("done", [False, True])
def test_a_write_that_was_lost_is_repeated_after_a_look(done):
    """The runner is as it was, or as it was sent already: a check, the write, a look, the write again."""
    outcome, api = applied(PARTLY, Lost(done=done))
    assert outcome.status == "applied"
    assert [verb for verb, _id in api.calls] == ["get", "replace", "get", "replace"]
    assert api.runners[LIVE.id].spec.tags == NEW


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize(
    "fields", [{"status": "disabled"}, {"name": "theirs"}, {"tags": ("theirs",)}, {"endpoint": "https://their.example"}]
)
def test_an_edit_before_the_repeat_is_kept(done, fields):
    """Whichever field it is: nothing is sent again, the outcome is unverified, and the message names the field."""
    outcome, api = applied(PARTLY, Lost(done=done, meanwhile=edit(**fields)))
    (name,) = fields
    assert (outcome.status, name in outcome.error.message) == ("unverified", True)
    assert [verb for verb, _id in api.calls] == ["get", "replace", "get"]
    assert getattr(api.runners[LIVE.id].spec, name) == fields[name]


def test_a_runner_that_is_owned_whole_needs_no_look():
    """Its five fields are the manifest's, whatever somebody else made of them."""
    outcome, api = applied(WHOLLY, Lost(meanwhile=edit(tags=("theirs",))))
    assert outcome.status == "applied"
    assert [verb for verb, _id in api.calls] == ["replace", "replace"]
    assert api.runners[LIVE.id].spec.tags == NEW


def test_the_second_step_looks_for_what_the_first_one_left():
    """In two phases the base of the second write is the answer of the first, in its check and before its repeat."""
    wide = body_of(LIVE, tags=("gpu", "sdxl", "wide"))
    action = update(LIVE, wide, body_of(LIVE, tags=NEW), unmanaged=("status",))
    outcome, api = applied(action, None, Lost())
    assert outcome.status == "applied"
    assert [verb for verb, _id in api.calls] == ["get", "replace", "get", "replace", "get", "replace"]
    outcome, api = applied(action, None, Lost(meanwhile=edit(tags=LIVE.spec.tags)))
    assert outcome.status in ("unverified", "widened_only")
    assert api.runners[LIVE.id].spec.tags == LIVE.spec.tags
