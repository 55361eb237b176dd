"""Saved plans: signed whole, no secret within, and refused with a clear reason when damaged, edited or foreign."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import PlanFileError
from reconciler.model.plan import PlanInputs
from reconciler.model.secret import Secret, Unresolved
from reconciler.planfile.document import plan_document
from reconciler.planfile.fingerprints import UNKNOWN, take_fingerprints
from reconciler.planfile.saved import read_plan, write_plan
from tests.fakes.plans import body_of, create, live_runner, patient, plan_of, plans, update

KEY = Secret("cfc_the-token-of-this-account")
INPUTS = PlanInputs(
    paths=("runners",),
    project="reconciler.yaml",
    environment="production",
    targets=("prod-*",),
    variables={"domain": "example.com"},
    acknowledged=("briefly-active:new",),
    allow_empty=True,
)


def sample_plan():
    """One update that changes a secret, and one create."""
    live = live_runner(1)
    return plan_of(
        update(live, body_of(live, headers={"Authorization": Secret("Bearer wanted-secret")})),
        create("new", headers={"X-Key": Secret("another-secret"), "X-Pool": "a100"}),
    )


def saved(**changes):
    """The JSON of a saved plan with some of its values replaced, not signed again."""
    return json.dumps(json.loads(write_plan(sample_plan(), INPUTS, KEY)) | changes)


def test_a_saved_plan_is_read_back_with_its_inputs():
    """Plan, inputs and fingerprints come back, and the signature is verified under the key that made it."""
    plan = sample_plan()
    again = read_plan(write_plan(plan, INPUTS, KEY), KEY)
    assert plan_document(again.plan) == plan_document(plan)
    assert again.inputs == INPUTS
    assert again.verified
    assert again.fingerprints == take_fingerprints(plan, KEY, again.fingerprints.nonce)


def test_it_may_be_read_as_bytes_with_a_mark():
    """Bytes are UTF-8, also with the byte order mark that some editors put first."""
    assert read_plan(b"\xef\xbb\xbf" + write_plan(sample_plan(), INPUTS, KEY).encode(), KEY).verified


@patient
@given(plan=plans)
def test_any_plan_survives_its_file(plan):
    """Whatever the names and texts in it, a saved plan is verified and gives its document again."""
    again = read_plan(write_plan(plan, PlanInputs(), KEY), KEY)
    assert plan_document(again.plan) == plan_document(plan)


def test_a_saved_plan_holds_no_secret():
    """Neither live nor desired header values stand in the file, nor the key."""
    text = write_plan(sample_plan(), INPUTS, KEY)
    for secret in ("wanted-secret", "another-secret", "live-1", "the-token"):
        assert secret not in text


def test_fingerprints_are_salted():
    """One value under two runners, two headers or two nonces gives different fingerprints; under one, the same."""
    same = Secret("the-same-value")
    live = [live_runner(number, headers={"A": same, "B": same}) for number in (1, 2)]
    plan = plan_of(*(update(each, body_of(each, tags=())) for each in live))
    one = take_fingerprints(plan, KEY, "n1")
    marks = {mark for pin in one.pins for mark in pin.live["headers"].values()}
    assert len(marks) == 4
    assert one == take_fingerprints(plan, KEY, "n1")
    assert one.pins[0] != take_fingerprints(plan, KEY, "n2").pins[0]
    assert one.pins[0] != take_fingerprints(plan, Secret("cfc_other"), "n1").pins[0]
    assert take_fingerprints(plan, KEY).nonce != take_fingerprints(plan, KEY).nonce


def test_fingerprints_know_header_names_in_any_case():
    """A name in another case is the same header; two spellings of one name both count; unknown values are marked so."""
    live = live_runner(1, headers={"X-a": Secret("1"), "x-A": Secret("2"), "Y": Unresolved("${env:RECONCILER_Y}")})
    pin = take_fingerprints(plan_of(update(live, body_of(live))), KEY, "n").pins[0]
    assert sorted(pin.live["headers"]) == ["x-a", "y"]
    assert len(pin.live["headers"]["x-a"]) == 128
    assert pin.live["headers"]["y"] == UNKNOWN


@pytest.mark.parametrize(
    "edit",
    [
        {"api_url": "https://elsewhere.example.com"},
        {"applyable": True, "complete": False},
        {"actions": []},
        {"inputs": {**json.loads(write_plan(sample_plan(), INPUTS, KEY))["inputs"], "targets": []}},
        {"signature": "0" * 64},
        {"signature": "\u00e9"},
        {"new": 1},
        {"budget": {"reads": 0, "writes": 0, "checks": 0, "seconds": 0.0}},
    ],
)
def test_an_edited_plan_is_refused(edit):
    """Any edit, also of a key that this version does not know, fails the signature."""
    with pytest.raises(PlanFileError, match="was edited, or was made under another API token"):
        read_plan(saved(**edit), KEY)


def test_another_key_is_refused():
    """A plan made under another token or plan key is refused with what to do."""
    with pytest.raises(PlanFileError, match="RECONCILER_PLAN_KEY"):
        read_plan(saved(), Secret("cfc_other"))


@pytest.mark.parametrize("missing", ["signature", "fingerprints", "inputs"])
def test_a_printed_plan_is_no_saved_one(missing):
    """`plan --format json` is not signed: it can be shown, and not applied."""
    document = json.loads(saved())
    del document[missing]
    with pytest.raises(PlanFileError, match="plan --out FILE"):
        read_plan(json.dumps(document), KEY)
    assert not read_plan(json.dumps(document), None).verified


def test_a_plan_is_shown_without_its_key():
    """Without a key nothing is verified, and a document without inputs has none."""
    shown = read_plan(json.dumps(plan_document(sample_plan())), None)
    assert (shown.inputs, shown.fingerprints, shown.verified) == (PlanInputs(), None, False)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("2.0", "has plan format '2.0'"),
        ("10.0", "has plan format '10.0'"),
        (1, "names no format_version"),
        (None, "names no"),
    ],
)
def test_another_major_format_is_refused(version, message):
    """Only format 1.x is read, whoever signed it."""
    for key in (KEY, None):
        with pytest.raises(PlanFileError, match=message):
            read_plan(saved(format_version=version), key)


def test_a_later_minor_format_is_read():
    """1.7 with keys that are not known yet is shown."""
    assert read_plan(saved(format_version="1.7", later={"x": 1}), None).plan.has_changes


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"actions": {}}, "actions is not what a plan holds there"),
        ({"complete": "yes"}, "complete is not what a plan holds there"),
        ({"findings": [{"code": "x"}]}, "findings.0.file is missing.*and 1 more|findings.0.file is missing"),
        ({"summary": {}}, "summary.create is missing; .*and 1 more"),
        ({"format_version": "1.x"}, "format_version"),
    ],
)
def test_a_wrong_shape_names_its_place(edit, message):
    """A misshapen document is refused with its first places, not with what stands there."""
    with pytest.raises(PlanFileError, match=message):
        read_plan(saved(**edit), None)


def test_a_wrong_shape_is_not_quoted():
    """What stands in the wrong place might be a secret that somebody pasted."""
    with pytest.raises(PlanFileError) as caught:
        read_plan(saved(complete="hunter2hunter2"), None)
    assert "hunter2" not in str(caught.value)


def test_a_wait_needs_its_gate():
    """A request that waits for a gate which the plan does not have is refused."""
    document = json.loads(saved())
    document["actions"][0]["requests"][0]["waits"] = [{"gate": 0, "at_least": 1}]
    with pytest.raises(PlanFileError, match="waits for a gate"):
        read_plan(json.dumps(document), None)


def test_a_truncated_file_is_refused():
    """No beginning of a plan file is a plan."""
    text = write_plan(sample_plan(), INPUTS, KEY)
    for end in range(0, len(text) - 2, 97):
        with pytest.raises(PlanFileError):
            read_plan(text[:end], KEY)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(content=st.text(max_size=200) | st.binary(max_size=200) | json_values.map(json.dumps))
def test_any_content_is_read_or_refused(content):
    """Whatever a file holds, reading it ends in a plan or a PlanFileError."""
    with pytest.raises(PlanFileError):
        read_plan(content, None)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_damage_is_read_or_refused(data):
    """Whatever replaces one value of a plan, showing it ends in a plan or a PlanFileError."""
    document = json.loads(saved())
    at = document
    while isinstance(at, dict | list) and at:
        inner = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if data.draw(st.booleans()) or not isinstance(at[inner], dict | list) or not at[inner]:
            at[inner] = data.draw(json_values)
            break
        at = at[inner]
    text = json.dumps(document)
    with contextlib.suppress(PlanFileError):
        plan_document(read_plan(text, None).plan)
    with pytest.raises(PlanFileError):
        read_plan(text + " x", KEY)
