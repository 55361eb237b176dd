"""The statuses of Accounts and Runners that follow from a cycle."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.errors import ManifestError
from reconciler.model.enums import Severity
from reconciler.model.health import Health, Probed
from reconciler.model.position import Position, Problem
from reconciler.model.secret import Scrubber, Secret
from reconciler.operator.resources.crds import crds
from reconciler.operator.resources.resource import ACCOUNTS, Ref, Snapshot
from reconciler.operator.statuses.accounts import digest_of
from reconciler.operator.statuses.conditions import MAX_MESSAGE, by_type, patch_of
from reconciler.operator.statuses.observed import problems_in
from reconciler.operator.statuses.updates import stray_updates, updates
from reconciler.watch.status import CycleResult, Noticed
from tests.fakes.kubernetes.objects import merged
from tests.fakes.kubernetes.observing import (
    ID,
    LATER,
    NOW,
    ONE,
    TWO,
    after,
    again,
    condition,
    message,
    observed,
    report,
)
from tests.fakes.resources import account, compile_resources, runner

REF = Ref("fleet", "one")
DRIFT = ((ONE, ("tags", "status")),)
GUARD = ((ONE, "gpu: no active runner serves it after this plan"),)
SCHEMAS = {each["spec"]["names"]["plural"]: each["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for each in crds()}

CASES = {
    "before the first plan": (
        {"result": None, "happened": None, "in_force": None},
        ("Unknown", "Pending"),
        ("Unknown", "Pending"),
        ("Unknown", "Pending"),
    ),
    "in step": ({}, ("True", "InSync"), ("True", "InSync"), ("True", "InSync")),
    "an invalid Runner": (
        {"problems": {REF: "spec.tags: too many"}},
        ("False", "InvalidRunner"),
        ("False", "Invalid"),
        ("True", "InSync"),
    ),
    "an invalid Account": (
        {"problems": {None: "spec.guard: unknown"}},
        ("False", "Invalid"),
        ("True", "InSync"),
        ("True", "InSync"),
    ),
    "drift in mode report": (
        {"result": CycleResult.DRIFT, "drifted": DRIFT},
        ("False", "Drifted"),
        ("False", "Drifted"),
        ("True", "InSync"),
    ),
    "written": (
        {"result": CycleResult.APPLIED, "report": report(one="applied")},
        ("True", "InSync"),
        ("True", "InSync"),
        ("True", "InSync"),
    ),
    "a write that failed": (
        {"result": CycleResult.FAILED, "drifted": DRIFT, "report": report(one=("failed", "no"), two="applied")},
        ("False", "WriteFailed"),
        ("False", "WriteFailed"),
        ("True", "InSync"),
    ),
    "writes that back off": (
        {"result": CycleResult.FAILED, "drifted": DRIFT, "reason": "writes are backing off"},
        ("False", "WriteFailed"),
        ("False", "WriteFailed"),
        ("True", "InSync"),
    ),
    "a guard that refuses": (
        {"result": CycleResult.REFUSED, "drifted": DRIFT, "findings": GUARD},
        ("False", "GuardRefused"),
        ("False", "GuardRefused"),
        ("True", "InSync"),
    ),
    "contested": (
        {"result": CycleResult.CONTESTED, "drifted": DRIFT, "status": {"contested": {ONE: ("tags",)}}},
        ("False", "Contested"),
        ("False", "Contested"),
        ("True", "InSync"),
    ),
    "suspended with drift": (
        {"result": CycleResult.SUSPENDED, "drifted": DRIFT, "status": {"suspended": True}},
        ("False", "Suspended"),
        ("False", "Suspended"),
        ("True", "InSync"),
    ),
    "suspended in step": (
        {"result": CycleResult.SUSPENDED, "status": {"suspended": True}},
        ("True", "InSync"),
        ("True", "InSync"),
        ("True", "InSync"),
    ),
    "a value that is not known": (
        {"result": CycleResult.ERROR, "drifted": DRIFT},
        ("False", "ValueUnknown"),
        ("False", "ValueUnknown"),
        ("True", "InSync"),
    ),
    "reads that fail": (
        {"result": CycleResult.ERROR, "planned": False, "status": {"troubles": {"reads": "away"}}},
        ("Unknown", "ReadsFailed"),
        ("Unknown", "ReadsFailed"),
        ("Unknown", "ReadsFailed"),
    ),
    "no token": (
        {"result": CycleResult.ERROR, "planned": False, "status": {"troubles": {"settings": "no token"}}},
        ("Unknown", "SettingsFailed"),
        ("Unknown", "SettingsFailed"),
        ("Unknown", "SettingsFailed"),
    ),
    "another failure": (
        {"result": CycleResult.ERROR, "planned": False, "status": {"troubles": {"git": "away"}}},
        ("Unknown", "NoPlan"),
        ("Unknown", "NoPlan"),
        ("Unknown", "NoPlan"),
    ),
    "waiting for the lock": (
        {"result": None, "planned": False, "waits": "host 1"},
        ("Unknown", "WaitingForLock"),
        ("Unknown", "WaitingForLock"),
        ("Unknown", "WaitingForLock"),
    ),
    "held until it is healthy": (
        {"held": frozenset({ONE})},
        ("True", "InSync"),
        ("Unknown", "Held"),
        ("True", "InSync"),
    ),
}


@pytest.mark.parametrize(("facts", "of_account", "of_one", "of_two"), CASES.values(), ids=CASES)
def test_synced(facts, of_account, of_one, of_two):
    """Each case shows in Synced of the Account, of the Runner that it is about, and not of the other."""
    seen = observed(**facts)
    assert condition(seen, "default", "Synced") == of_account
    assert condition(seen, "one", "Synced") == of_one
    assert condition(seen, "two", "Synced") == of_two


@pytest.mark.parametrize("facts", [each[0] for each in CASES.values()], ids=CASES)
@pytest.mark.parametrize("health", list(Health))
def test_ready(facts, health):
    """Ready is True if and only if Synced is True and Healthy is not False; reads that fail are False."""
    facts = {**facts, "status": {**facts.get("status", {}), "health": {ONE: Probed(health), TWO: Probed(health)}}}
    for status in after(observed(**facts)).values():
        found = {name: each["status"] for name, each in by_type(status).items()}
        assert (found["Ready"] == "True") == (found["Synced"] == "True" and found["Healthy"] != "False")
        if by_type(status)["Synced"]["reason"] in ("ReadsFailed", "SettingsFailed", "NoPlan"):
            assert found["Ready"] == "False"


@pytest.mark.parametrize("facts", [each[0] for each in CASES.values()], ids=CASES)
def test_statuses_are_as_their_schema_says(facts):
    """Every status is one that the API server takes, with no field that it would drop."""
    for update in updates(observed(**facts)):
        schema = SCHEMAS[update.plural]["properties"]["status"]
        Draft202012Validator(schema).validate(update.status)
        assert update.status.keys() <= schema["properties"].keys()


@pytest.mark.parametrize("facts", [each[0] for each in CASES.values()], ids=CASES)
def test_the_same_again_changes_nothing(facts):
    """A cycle that comes to the same leads to no patch, and to no event but of what it has written."""
    seen = observed(**facts)
    following = again(seen, seen)
    assert [each.patch for each in updates(following) if each.patch] == []
    reasons = {each["reason"] for update in updates(following) for each in update.events}
    assert reasons <= {"Applied"}


@given(st.sampled_from(sorted(CASES)), st.sampled_from(sorted(CASES)))
def test_a_patch_leads_from_any_status_to_any(first, second):
    """A merge of the patch into the status before is the status after; times move only where a status does."""
    one = observed(**CASES[first][0])
    two = again(one, observed(**CASES[second][0]))
    for update in updates(two):
        before = two.before(update.resource)
        assert merged(before, update.patch) == update.status
        assert merged(update.status, patch_of(update.status, update.status)) == update.status
        for name, each in by_type(update.status).items():
            last = by_type(before)[name]
            assert each["lastTransitionTime"] == (
                last["lastTransitionTime"] if last["status"] == each["status"] else LATER
            )


def test_a_guard_says_why_on_the_runner_it_is_about():
    """The finding shows on the Runner that it is about and on the Account; another that is not written shows it too."""
    findings = (*GUARD, (TWO, "another finding"))
    seen = observed(
        CycleResult.REFUSED,
        drifted=(*DRIFT, (TWO, ("tags",))),
        findings=findings,
        reason=f"stranded-tags: {GUARD[0][1]}",
    )
    assert GUARD[0][1] in message(seen, "one")
    assert "another finding" not in message(seen, "one")
    assert "another finding" in message(seen, "two")
    assert GUARD[0][1] in message(seen, "default", "Ready")
    seen = observed(CycleResult.REFUSED, drifted=DRIFT, findings=((None, "of no one"),))
    assert "of no one" in message(seen, "one", "Ready")


def test_a_finding_that_does_not_refuse_is_no_reason():
    """Findings that are accepted, or that are no errors, are not why nothing is written."""
    seen = observed(CycleResult.REFUSED, drifted=DRIFT, findings=GUARD)
    (finding,) = seen.happened.plan.findings
    quiet = replace(finding, severity=Severity.WARNING, message="only a warning")
    plan = replace(seen.happened.plan, findings=(quiet, finding))
    assert "only a warning" not in message(replace(seen, happened=replace(seen.happened, plan=plan)), "one")


def test_what_differs_is_named_as_the_spec_names_it():
    """Fields have the names of a Runner's spec, and none their values."""
    seen = observed(CycleResult.DRIFT, drifted=DRIFT)
    assert after(seen)["one"]["differs"] == ["state", "tags"]
    assert "differs in state, tags" in message(seen, "one")
    assert "no live runner" in message(observed(CycleResult.DRIFT, drifted=((ONE, ()),)), "one")


def test_ids():
    """The id is that of the live runner, of a create at once, and stays while nothing can be read."""
    assert "id" not in after(observed())["one"]
    seen = observed(ids={ONE: ID})
    assert after(seen)["one"]["id"] == ID
    assert after(again(seen, observed(CycleResult.ERROR, planned=False)))["one"]["id"] == ID
    assert after(observed(CycleResult.APPLIED, report=report(one="applied")))["one"]["id"] == ID


def test_what_was_found_stays_while_nothing_can_be_read():
    """While reads fail a Runner keeps what its last plan found, and a generation that was never planned is Unknown."""
    away = observed(CycleResult.ERROR, planned=False, drifted=DRIFT, status={"troubles": {"reads": "away"}})
    following = again(observed(CycleResult.DRIFT, drifted=DRIFT), away)
    assert condition(following, "one", "Synced") == ("False", "Drifted")
    assert condition(following, "two", "Synced") == ("True", "InSync")
    assert condition(following, "default", "Ready") == ("False", "ReadsFailed")
    edited = Snapshot(account(), (replace(runner("one"), generation=2), runner("two")))
    following = replace(following, snapshot=edited, in_force=edited)
    assert condition(following, "one", "Synced") == ("Unknown", "ReadsFailed")


def test_what_is_not_in_force_is_not_in_sync():
    """While another resource is invalid, a new generation is not in force, and says because of what."""
    edited = Snapshot(account(), (runner("one"), replace(runner("two"), generation=2)))
    seen = replace(observed(problems={REF: "spec.tags: too many"}), snapshot=edited)
    assert condition(seen, "two", "Synced") == ("Unknown", "Blocked")
    assert condition(seen, "two", "Ready") == ("Unknown", "Blocked")
    assert "Runner fleet/one: spec.tags: too many" in message(seen, "two")
    assert "Runner fleet/one: spec.tags: too many" in message(seen, "default")
    assert by_type(after(seen)["two"])["Synced"]["observedGeneration"] == 2


def test_problems_by_resource():
    """A problem is its resource's; a duplicate is that of both, each of which says whose spec it is about."""
    text = "runners.other.one: the name 'x' is already that of fleet.one at runners/fleet/one.yaml:1:1"
    places = [
        (Position("runners/other/one.yaml", 1, 1), text),
        (Position("reconciler.yaml", 1, 1), "wrong\nin two lines"),
        (Position("reconciler.yaml", 1, 2), "wrong too"),
    ]
    found = problems_in([Problem(*each) for each in places])
    assert found == {
        Ref("other", "one"): "spec: the name 'x' is already that of the Runner fleet/one",
        REF: "Runner other/one: spec: the name 'x' is already that of the Runner fleet/one",
        None: "wrong\nin two lines; wrong too",
    }
    assert problems_in([]) == {}


def test_duplicates_are_wrong_on_both():
    """Two Runners of one name, in two namespaces, are both invalid; so are two of one id."""
    for spec in ({"name": "same"}, {"id": ID}):
        runners = (runner("one", **spec), runner("two", "other", **spec), runner("three"))
        with pytest.raises(ManifestError) as caught:
            compile_resources(*runners)
        seen = observed(runners=runners, problems=problems_in(caught.value.problems))
        assert condition(seen, "one", "Synced") == ("False", "Invalid")
        assert condition(seen, "two", "Synced") == ("False", "Invalid")
        assert condition(seen, "three", "Synced") == ("True", "InSync")
        assert condition(seen, "default", "Synced") == ("False", "InvalidRunner")


def test_what_an_account_gets_wrong_is_its_own():
    """What is wrong with an Account's spec is on the Account."""
    with pytest.raises(ManifestError) as caught:
        compile_resources(of=account(unmanaged="no such word"))
    seen = observed(problems=problems_in(caught.value.problems))
    assert condition(seen, "default", "Synced") == ("False", "Invalid")
    assert "unmanaged" in message(seen, "default")


def test_counts():
    """The Account counts its Runners, and keeps what it knew of unmanaged ones while nothing can be read."""
    health = {ONE: Probed(Health.UNHEALTHY, "refused"), TWO: Probed(Health.HEALTHY)}
    seen = observed(
        CycleResult.DRIFT, drifted=DRIFT, status={"health": health, "drift_since": NOW, "last_success_at": NOW}
    )
    found = after(seen)["default"]
    counts = {"runners": 2, "inSync": 1, "drifted": 1, "unmanaged": 0, "unhealthy": 1}
    assert {name: found[name] for name in counts} == counts
    assert (found["driftSince"], found["lastSuccessTime"]) == (NOW, NOW)
    assert condition(seen, "default", "Healthy") == ("False", "Unhealthy")
    assert message(seen, "one", "Healthy") == "refused"
    (update,) = (each for each in updates(again(seen, observed())) if each.plural == ACCOUNTS)
    assert update.patch["driftSince"] is None
    assert update.status["lastSuccessTime"] == NOW


def test_digests():
    """A digest moves with any spec and with nothing else; what was applied whole and what was tried have one each."""
    snapshot = Snapshot(account(), (runner("one"), runner("two")))
    same = Snapshot(replace(account(), generation=9), (runner("two"), runner("one")))
    others = [Snapshot(account(mode="apply"), snapshot.runners), Snapshot(account(), (runner("one", tags=["a"]),))]
    assert digest_of(snapshot) == digest_of(same)
    assert len({digest_of(each) for each in (snapshot, *others)}) == 3
    seen = replace(observed(), snapshot=others[0])
    found = after(seen)["default"]
    assert (found["appliedDigest"], found["attemptedDigest"]) == (digest_of(snapshot), digest_of(others[0]))
    assert "appliedDigest" not in after(observed(CycleResult.REFUSED, drifted=DRIFT))["default"]
    refused = again(observed(), observed(CycleResult.REFUSED, drifted=DRIFT, runners=(runner("one", tags=["a"]),)))
    found = after(refused)["default"]
    assert found["appliedDigest"] == digest_of(snapshot) != found["attemptedDigest"]


def test_suspended_is_what_is_in_force():
    """Suspended follows what is in force; before anything is, the spec."""
    off = account(suspend=True)
    assert condition(observed(of=off, happened=None, in_force=None), "one", "Suspended")[0] == "True"
    assert condition(observed(of=off), "one", "Suspended")[0] == "False"
    assert condition(observed(status={"suspended": True}), "default", "Suspended") == ("True", "Suspended")


def test_a_stray_says_why():
    """A Runner without an Account is not ready, and says why; the same again is no update."""
    one = runner("one")
    (update,) = stray_updates([(one, "there is no Account default")], now=NOW, written={})
    found = by_type(update.status)
    assert (found["Ready"]["status"], found["Ready"]["reason"]) == ("False", "NoAccount")
    assert found["Synced"]["message"] == "there is no Account default"
    assert [each["reason"] for each in update.events] == ["NoAccount"]
    Draft202012Validator(SCHEMAS["runners"]["properties"]["status"]).validate(update.status)
    written = {one.uid: update.status}
    assert list(stray_updates([(one, "there is no Account default")], now=LATER, written=written)) == []


def test_no_secret_gets_in():
    """A secret in any text is replaced: in problems, reasons, findings, failures and what endpoints showed."""
    secret = "sk-planted-0123456789"
    scrub = Scrubber([Secret(secret)]).scrub
    planted = [
        {"problems": {REF: secret, None: secret}},
        {"result": CycleResult.REFUSED, "drifted": DRIFT, "findings": ((ONE, secret),), "reason": secret},
        {"result": CycleResult.FAILED, "drifted": DRIFT, "report": report(one=("failed", secret)), "reason": secret},
        {"result": CycleResult.ERROR, "planned": False, "reason": secret},
        {"result": None, "planned": False, "waits": secret, "reason": secret},
        {"status": {"health": {ONE: Probed(Health.UNHEALTHY, secret)}}},
        {"status": {"findings": (Noticed("code", Severity.ERROR, ONE, secret, accepted=False),)}},
        {"result": CycleResult.APPLIED, "report": report(one="applied"), "reason": secret},
    ]
    for facts in planted:
        made = list(updates(observed(**facts, scrub=scrub)))
        assert secret not in str([(each.status, each.patch, each.events) for each in made])


@pytest.mark.parametrize(("length", "kept"), [(MAX_MESSAGE - 1, True), (MAX_MESSAGE, True), (MAX_MESSAGE + 1, False)])
def test_messages_are_bounded(length, kept):
    """A message has at most 32,768 characters, and is valid Unicode."""
    text = message(observed(problems={REF: "\U0001f600" * length}), "one")
    assert len(text) == min(length, MAX_MESSAGE)
    assert text.endswith("…") != kept
    assert message(observed(problems={REF: "a\ud800b"}), "one") == "a?b"


def test_an_account_without_runners_is_ready():
    """An account without a Runner is in sync and healthy."""
    seen = observed(runners=())
    assert condition(seen, "default", "Ready") == ("True", "Ready")
