"""Small fleets written as words, and the actions that change them."""

from __future__ import annotations

from reconciler.model.enums import ActionKind
from reconciler.model.plan import Action, Request
from reconciler.model.policy import Promise
from reconciler.model.position import Position
from reconciler.planning.serving.states import Serving
from tests.fakes.runners import make_body, make_change

PLACE = Position("reconciler.yaml", 1, 1)


def state(text):
    """`off` serves nothing, `*` is a wildcard, `a b` carries two tags."""
    return None if text == "off" else frozenset() if text == "*" else frozenset(text.split())


def fleet(**runners):
    """`fleet(r="a b > a", s="c")`: a runner that loses b, and one that stays."""
    built = []
    for key, text in runners.items():
        before, _, after = text.partition(" > ")
        built.append(Serving(key, key, state(before), state(after or before)))
    return built


def promise(tags, min_active):
    """A promise of the project file."""
    return Promise(tuple(tags.split()), min_active, PLACE)


def actions_for(servings):
    """One action for each runner that changes, in the order of keys."""
    changed = (serving for serving in servings if serving.before != serving.after)
    return [action_for(serving) for serving in sorted(changed, key=lambda serving: serving.key)]


def action_for(serving):
    """An update, or a disable where the runner goes off."""
    after = serving.before if serving.after is None else serving.after
    body = make_body(
        name=serving.label,
        endpoint="http://198.51.100.1:8188",
        headers={},
        tags=tuple(sorted(after)),
        status="disabled" if serving.after is None else "active",
    )
    return Action(
        action=ActionKind.DISABLE if serving.after is None else ActionKind.UPDATE,
        key=serving.key,
        id=f"id-{serving.key}",
        name=serving.label,
        matched_by="name",
        at=None,
        live_updated_at=None,
        changes=(),
        requests=(Request(method="PUT", path=f"/v1/runner/id-{serving.key}", body=body, purpose="replace"),),
    )


def create_action(key, tags, desired):
    """A create of a runner with these tags."""
    body = make_body(name=key, endpoint="http://198.51.100.1:8188", headers={}, tags=tuple(tags))
    return Action(
        action=ActionKind.CREATE,
        key=key,
        id=None,
        name=key,
        matched_by="none",
        at=None,
        live_updated_at=None,
        changes=(make_change(field="tags", after=tuple(tags)),),
        requests=(Request(method="POST", path="/v1/runner", body=body, purpose="create"),),
        desired=desired,
    )
