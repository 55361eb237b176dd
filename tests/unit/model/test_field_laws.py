"""Laws over the field table: whatever is true of one field that can be written is true of each.

A field that is added and not handled everywhere fails here: bodies, comparison, JSON, fingerprints, digest, staleness,
the check before a write, what a service's answer is held against, and what is carried over.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from reconciler.api.wire import decode_runner, encode_body
from reconciler.apply.writer import differing_fields
from reconciler.manifests.explain import effective
from reconciler.manifests.export import export_manifest
from reconciler.manifests.merge.digest import digest_of
from reconciler.model.fields.headers import Headers
from reconciler.model.fields.kinds import HeaderMap, Tags
from reconciler.model.fields.spec import RunnerBody, RunnerSpec
from reconciler.model.fields.table import FIELD_NAMES, FIELDS, read_body, spec_document
from reconciler.model.results import Listed
from reconciler.model.runner import Desired, DesiredRunner, Listing
from reconciler.model.secret import Secret
from reconciler.planfile.decode import plan_from
from reconciler.planfile.document import plan_document, shown_body
from reconciler.planfile.fingerprints import take_fingerprints
from reconciler.planfile.models import PlanModel
from reconciler.planfile.staleness import find_differences
from reconciler.planning.diff import compare, creation_changes, rests
from reconciler.planning.replacement import replacement
from reconciler.render.views.runners import document as listing_document
from tests.fakes.applying import apply_plan
from tests.fakes.manifest_tree import Tree
from tests.fakes.plans import live_runner, plan_of, update
from tests.fakes.runner_api import FakeRunnerApi
from tests.fakes.runners import edited
from tests.fakes.small_plans import entry, runner_id

KEY = Secret("a key of more than thirty-two bytes, made up")
EVERY = pytest.mark.parametrize("field", FIELDS, ids=FIELD_NAMES)


def value_of(field, number):
    """One of two values of a field that mean something else; statuses are known ones."""
    if isinstance(field, HeaderMap):
        return Headers({"X-Key": Secret(f"value {number}")})
    if isinstance(field, Tags):
        return (f"tag-{number}", "shared")
    known = {"endpoint": f"https://host-{number}.example.com", "status": ("active", "disabled")[number]}
    return known.get(field.name, f"{field.name}-{number}")


def spec(number=0):
    """A spec in which every field has a value of its own."""
    return RunnerSpec(**{field.name: value_of(field, number) for field in FIELDS})


def with_field(field, number=1):
    """The spec in which only this field has another value."""
    return spec().replace(**{field.name: value_of(field, number)})


def live(held=None):
    """A live runner with these fields."""
    return replace(live_runner(1), spec=held or spec())


def test_the_table_is_the_type():
    """The table, the spec and what manifests declare have the same fields."""
    assert {field.name for field in fields(RunnerSpec)} == set(FIELD_NAMES)
    assert set(FIELD_NAMES) <= {field.name for field in fields(DesiredRunner)}


@EVERY
def test_a_body_carries_the_field(field):
    """What is sent, and what a plan shows of it, hold the field unless the body omits it."""
    body = RunnerBody(spec())
    assert field.name in json.loads(encode_body(body))
    assert field.name in shown_body(body)
    without = replace(body, omitted=frozenset({field.name}))
    assert list(json.loads(encode_body(without))) == [name for name in FIELD_NAMES if name != field.name]
    assert field.name not in shown_body(without)


@EVERY
def test_a_change_of_the_field_shows(field):
    """Another value is one change, of this field; the same value is none; an omitted one is not compared."""
    body = RunnerBody(with_field(field))
    assert [change.field for change in compare(body, spec()).changes] == [field.name]
    assert compare(body, with_field(field)).changes == ()
    assert compare(replace(body, omitted=frozenset({field.name})), spec()).changes == ()
    assert field.name in [change.field for change in creation_changes(spec())]


@EVERY
def test_an_entry_rests_only_while_the_field_is_live(field):
    """What is taken for unchanged at once is so: a declared field counts, one that is not declared doesn't."""
    whole = entry(**{each.name: value_of(each, 0) for each in FIELDS})
    assert rests(whole, spec())
    assert not rests(whole, with_field(field))
    if field.name not in ("name", "endpoint"):  # these two always have a value: a release leaves them to `compare`
        assert rests(replace(whole, **{field.name: None}), with_field(field))


@EVERY
def test_the_digest_moves_with_the_field(field):
    """Manifests that differ in it have another digest; so have those that release it."""

    def digest(desired):
        headers = {name: str(number) for number, name in enumerate(desired.headers or ())}
        return digest_of([desired], {desired.key: headers})

    whole = entry(**{each.name: value_of(each, 0) for each in FIELDS})
    other = Headers({"X-Other": Secret("v")}) if isinstance(field, HeaderMap) else value_of(field, 1)
    assert digest(replace(whole, **{field.name: other})) != digest(whole)
    assert digest(replace(whole, unmanaged=frozenset({field.name}))) != digest(whole)


@EVERY
def test_the_fingerprint_and_staleness_move_with_the_field(field):
    """A live edit of it since the plan makes the plan stale, though what is sent stays the same."""
    body = RunnerBody(spec().replace(tags=("gpu",)))
    before, now = plan_of(update(live(), body, key="k")), plan_of(update(live(with_field(field)), body, key="k"))
    pins = [take_fingerprints(plan, KEY, "nonce").pins[0].live for plan in (before, now)]
    assert [name for name in FIELD_NAMES if pins[0][name] != pins[1][name]] == [field.name]
    assert len(find_differences(before, now, KEY)) in (1, 2)
    assert find_differences(before, before, KEY) == []


@EVERY
def test_another_body_is_stale(field):
    """A plan that would send another value, or leave the field out, is another plan."""
    before = plan_of(update(live(), RunnerBody(spec()), key="k"))
    for body in (RunnerBody(with_field(field)), RunnerBody(spec(), frozenset({field.name}))):
        assert find_differences(before, plan_of(update(live(), body, key="k")), KEY)


@EVERY
@settings(max_examples=10, deadline=None)
@given(number=st.sampled_from([0, 1]))
def test_its_json_survives(field, number):
    """A plan document, its file, a list and the service's answer give the field back."""
    held = with_field(field, number)
    shown = spec_document(held, lambda _name, _value: "text")
    assert spec_document(read_body(shown, lambda _name, text: text).spec, lambda _name, text: text) == shown
    changes = (*compare(RunnerBody(with_field(field, 1)), spec()).changes, *creation_changes(spec()))
    document = json.loads(json.dumps(plan_document(plan_of(update(live(), RunnerBody(held), changes=changes)))))
    again = plan_from(PlanModel.model_validate(document))
    assert plan_document(again) == document
    assert field.of(listed(held)) == field.of(held)


def listed(held):
    """The spec of a runner as the service answers it, from the list document of one that was read."""
    (row,) = listing_document(Listed(Listing((live(held),), "now", 1), "https://api", None, None))["runners"]
    row["headers"] = {name: f"value {0 if held.headers == spec().headers else 1}" for name in row["headers"]}
    return decode_runner(json.dumps(row).encode(), frozenset()).spec


@EVERY
def test_a_foreign_edit_is_seen_before_a_write(field):
    """A runner with unmanaged fields whose live value of it was edited is stale and stays as it was."""
    body = RunnerBody(spec().replace(tags=("more",)))
    moved_on = edited(live(), **{field.name: value_of(field, 1)})
    api = FakeRunnerApi([moved_on])
    (outcome,) = apply_plan(plan_of(update(live(), body, key="k", unmanaged=("name",))), api).outcomes
    assert (outcome.status, field.name in outcome.error.message) == ("stale", True)
    assert api.runners[moved_on.id] == moved_on


@EVERY
def test_an_answer_without_the_field_is_unverified(field):
    """What the service did not take is named."""
    assert differing_fields(RunnerBody(spec()), live(with_field(field))).startswith(field.name)
    script = {("replace", live().id): [lambda runner: edited(runner, **{field.name: value_of(field, 1)})]}
    api = FakeRunnerApi([live()], script=script)
    (outcome,) = apply_plan(plan_of(update(live(), RunnerBody(spec()), key="k")), api).outcomes
    assert (outcome.status, field.name in outcome.error.message) == ("unverified", True)


@EVERY
def test_an_unmanaged_field_is_carried_over(field):
    """A replacement sends the live value of a field that is not owned, and the manifest's of one that is."""
    wanted = {each.name: value_of(each, 0) for each in FIELDS}
    owned = entry(**wanted)
    assert field.of(replacement(owned, with_field(field)).spec) == value_of(field, 0)
    released = replace(owned, unmanaged=frozenset({field.name}))
    assert field.of(replacement(released, with_field(field)).spec) == value_of(field, 1)


@EVERY
def test_render_and_export_show_the_field(field):
    """What `render` shows of an entry, and `export` of a live runner, hold the field."""
    wanted = entry(**{each.name: value_of(each, 0) for each in FIELDS})
    (shown,) = effective(Desired((wanted,), "digest", ()))
    assert field.name in shown
    exported = export_manifest([edited(live(), id=runner_id(1), name="not the key")], headers=True)
    assert f"    {field.name}: " in exported.text.replace("headers:\n", "headers: \n")


@EVERY
def test_manifests_declare_inherit_and_release_the_field(field, tmp_path):
    """An entry that declares it owns it, so does one that inherits it; `unmanaged` releases it."""
    written = json.dumps(spec_document(spec().replace(name="k"), lambda _name, _value: "value 0"))
    declared = Tree(tmp_path).runners(f"k: {written}").one()
    assert declared.owns(field.name)
    assert getattr(declared, field.name) == field.of(spec().replace(name="k"))
    released = Tree(tmp_path).runners(f"k: {written[:-1]}, unmanaged: [{field.name}]}}").one()
    assert not released.owns(field.name)
    if field.name != "name":  # a name belongs to one runner
        inherited = Tree(tmp_path).runners("k: {}", defaults=written.replace('"name": "k", ', "")).one()
        assert getattr(inherited, field.name) == field.of(spec())


def test_the_order_of_tags_is_no_change():
    """Tags are a set, whatever order they are written in."""
    assert Tags("tags").change(("a", "b"), ("a", "b")) is None
    assert Tags("tags").change(("b", "a"), ("a", "b")) is None
