"""What the command line does, a program does by the method of the same name: `Reconciler` on a real socket."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler import Declined, GuardRefused, PlanFileError, Reconciler, StalePlan, UsageProblem
from reconciler.model.enums import Format
from reconciler.render.formats.registry import render
from tests.fakes.embedding import TWO, WILDCARD, declare, work_in
from tests.fakes.sandbox import running_sandbox


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with two runners, and an environment without the product's variables."""
    return work_in(tmp_path, monkeypatch)


@pytest.fixture
def service():
    """An empty sandbox on a real socket."""
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def engine(service):
    """A Reconciler that talks to it."""
    with Reconciler(token=service.token, api_url=service.url) as reconciler:
        yield reconciler


def writes(service):
    """How many requests that write it has answered."""
    return service.count("PUT") + service.count("POST")


def test_reconcile_plans_and_applies_from_one_read(service, engine):
    """Without a question nothing lies between plan and write: one list before, one to verify."""
    shown = []
    report = engine.reconcile("runners", show=shown.append)
    assert [each.key for each in report.outcomes] == ["a", "b"]
    assert [each.key for each in shown[0].actions] == ["a", "b"]
    assert service.count("GET", "/v1/runner") == 2
    assert engine.reconcile().outcomes == ()


def test_reconcile_asks_and_reads_again(service, engine):
    """After a yes all is read again, and only what was shown is applied; a no writes nothing."""
    with pytest.raises(Declined):
        engine.reconcile(ask=lambda _plan: False)
    assert writes(service) == 0

    def change(_plan):
        declare(TWO.replace("video", "audio"))
        return True

    with pytest.raises(StalePlan):
        engine.reconcile(ask=change)
    assert writes(service) == 0
    assert engine.reconcile(ask=lambda plan: plan.has_changes).exit_code == 0
    assert writes(service) == 2


def test_reconcile_is_refused_by_a_guard(service, engine):
    """Before anything is written, and not where the finding is taken on."""
    engine.reconcile()
    declare(WILDCARD)
    before = writes(service)
    with pytest.raises(GuardRefused):
        engine.reconcile(ask=lambda _plan: pytest.fail("a refused plan is asked about"))
    assert writes(service) == before
    assert engine.reconcile(acknowledge=["wildcard-runner"], verify=False).exit_code == 0


def test_a_plan_is_saved_as_it_is_made_and_applied_by_its_path(service, engine, folder):
    """`out` saves it and `apply` takes the file, both relative to `cwd`; one made without a secret is refused."""
    (folder / "below").mkdir()
    with Reconciler(token=service.token, api_url=service.url, cwd="below") as below:
        below.plan("../runners", out="made.plan", targets=["b"])
        assert (folder / "below" / "made.plan").is_file()
        shown = []
        report = below.apply(Path("made.plan"), show=shown.append, parallelism=1)
    assert ([each.key for each in report.outcomes], len(shown)) == (["b"], 1)
    declare(TWO.replace("[gpu]", "[gpu], headers: {X: '${env:RECONCILER_X}'}"))
    engine.plan(allow_unresolved=True, out="unknown.plan")
    with pytest.raises(PlanFileError, match=r"unknown\.plan can't be applied"):
        engine.apply("unknown.plan")


def test_a_plan_against_a_saved_list_asks_nothing(service, engine):
    """`live` is the output of `list --format json`; such a plan can't be applied."""
    engine.reconcile(targets=["a"])
    Path("live.json").write_text("".join(render(engine.list(), Format.JSON)), encoding="utf-8")
    asked = len(service.requests)
    plan = engine.plan(live="live.json")
    assert [each.key for each in plan.actions] == ["b"]
    assert not plan.applyable
    assert len(service.requests) == asked


def test_a_list_of_chosen_runners(service, engine):
    """By tag, status and standing, one or several; `coverage` counts the same choice."""
    engine.reconcile()
    service.edit("a", status="disabled")

    def names(**choice):
        return {runner.spec.name for runner in engine.list(**choice).listing.runners}

    assert names() == {"a", "b"}
    assert names(tags=["gpu", "video"]) == {"b"}
    assert names(statuses=["disabled"]) == {"a"}
    assert names(drifted=True) == set()
    declare(TWO.replace("video", "audio"))
    assert names(drifted=True) == {"b"}
    declare(WILDCARD)
    assert names(unmanaged=True) == {"b"}
    assert names(unmanaged=True, drifted=True) == {"a", "b"}
    assert dict(engine.coverage(targets=["b"]).sets)[("gpu", "video")] == ("b",)
    with pytest.raises(UsageProblem, match="no live runner"):
        engine.list(targets=["nowhere"])


def test_an_export_writes_what_is_not_declared_yet(engine, folder):
    """`out` is a folder, `split` gives a file a runner; what is declared is left out, and nothing is overwritten."""
    engine.reconcile()
    declare(WILDCARD)
    exported = engine.export(out="adopted", split=True)
    assert (exported.declared, exported.written) == (1, ("adopted/b.yaml",))
    assert "endpoint: https://b.example.com" in (folder / "adopted" / "b.yaml").read_text(encoding="utf-8")
    assert engine.export(out="adopted").written == ()
    assert not engine.plan("runners", "adopted", acknowledge=["wildcard-runner"], targets=["b"]).has_changes


def test_manifests_are_rendered_and_explained_offline(service, engine):
    """What is declared in effect, and where it comes from; no request is sent."""
    assert [each["name"] for each in engine.render(targets=["b"]).runners] == ["b"]
    explained = engine.explain("a", "runners")
    assert {each.field for each in explained.origins} >= {"name", "endpoint", "tags"}
    with pytest.raises(UsageProblem, match="nowhere"):
        engine.explain("nowhere")
    assert service.requests == []


def test_the_doctor_says_what_fails(service, engine, folder):
    """Each check has a status; a wrong token is a check that fails and no error."""
    assert engine.doctor().ok
    with Reconciler(token="cfc_wrong", api_url=service.url) as wrong:
        checks = wrong.doctor(github_environment="production")
    assert not checks.ok
    assert {each.name: each.status for each in checks.checks}["token"] == "fail"
    assert checks.checks[-1].name == "protection"
    (folder / "reconciler.yaml").write_text("version: 1\nenvironments: {one: {}}\n", encoding="utf-8")
    assert engine.doctor(environment="one").ok
