"""The laws of planning, over arbitrary fleets."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from reconciler.model.fields.table import FIELDS
from reconciler.planning.match import match
from reconciler.planning.replacement import replacement
from tests.fakes.small_plans import apply_to, entry_for, plan
from tests.fakes.strategies import desired_and_live, entries, live_fleets, live_runners


@given(live_fleets())
def test_a_fleet_wanted_as_it_is_has_an_empty_plan(lives):
    """plan(x, x) is empty."""
    wanted = [entry_for(runner) for runner in lives]
    made = plan(wanted, lives)
    assert (made.actions, made.unchanged, made.unmanaged) == ((), len(lives), ())
    assert made.complete


@given(desired_and_live(), st.booleans())
def test_a_plan_after_its_apply_is_empty(fleet, retires):
    """Once every request of a plan has been taken, the next plan has no action."""
    desired, lives = fleet
    scope = {"unmanaged": "disable", "retire_unmanaged": ("live-[0-2]",)} if retires else {}
    made = plan(desired, lives, **scope)
    again = plan(desired, apply_to(made, lives), **scope)
    assert again.actions == ()
    assert again.unchanged == len(desired)


@given(desired_and_live(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_is_irrelevant(fleet, random):
    """Entries and live runners may come in any order: the plan is the same."""
    desired, lives = fleet
    made = plan(desired, lives)
    desired, lives = list(desired), list(lives)
    random.shuffle(desired)
    random.shuffle(lives)
    assert plan(desired, lives) == made


@given(st.data())
def test_a_replacement_keeps_what_the_manifest_does_not_own(data):
    """A PUT body holds the live value of every unmanaged field and the manifest's own of every other."""
    live = data.draw(live_runners(1))
    desired = data.draw(entries(1, live))
    body = replacement(desired, live.spec)
    for field in FIELDS:
        if desired.owns(field.name):
            assert field.of(body.spec) == getattr(desired, field.name)
        else:
            assert field.of(body.spec) == field.of(live.spec)
        assert (field.name in body.omitted) == (
            not desired.owns(field.name) and not field.can_send(field.of(live.spec))
        )


@given(desired_and_live())
def test_a_plan_leaves_what_nobody_owns_as_it_was(fleet):
    """After an apply, unmanaged runners and unmanaged fields are what they were."""
    desired, lives = fleet
    after = {runner.id: runner for runner in apply_to(plan(desired, lives), lives)}
    matching = match(desired, lives)
    for runner in matching.unmanaged:
        assert after[runner.id] == runner
    for wanted, live, _by in matching.pairs:
        for field in FIELDS:
            if live is not None and not wanted.owns(field.name):
                assert field.of(after[live.id].spec) == field.of(live.spec)


@given(desired_and_live())
def test_counts_add_up(fleet):
    """Every entry is an action or unchanged, every live runner matched or unmanaged, every request in the budget."""
    desired, lives = fleet
    made = plan(desired, lives)
    assert len(made.actions) + made.unchanged == len(desired)
    assert len(made.unmanaged) + sum(action.id is not None for action in made.actions) + made.unchanged == len(lives)
    assert made.budget.writes == sum(len(action.requests) for action in made.actions)
    carrying = [action for action in made.actions if action.action == "update" and action.unmanaged]
    assert made.budget.checks == sum(len(action.requests) for action in carrying)
    assert [action.key for action in made.actions] == sorted(action.key for action in made.actions)
