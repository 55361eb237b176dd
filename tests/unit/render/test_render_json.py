"""Documents as JSON."""

from __future__ import annotations

import json

import pytest

from reconciler.errors import GuardRefused, ManifestError
from reconciler.model.finding import Finding
from reconciler.model.position import Position, Problem
from reconciler.model.results import Applied
from reconciler.planfile.document import plan_document
from reconciler.render.formats import json as render_json
from tests.fakes import sample_plans as sample
from tests.fakes.hostile import HOSTILE
from tests.fakes.rendering import rendered


def test_a_plan_is_its_document():
    """What is printed reads back as the plan document, keys in the contract's order."""
    plan = sample.everything()
    read = json.loads(rendered(plan, "json"))
    assert read == plan_document(plan)
    assert list(read) == list(plan_document(plan))


def test_each_action_has_its_own_line():
    """One line an entry: a plan can be searched line by line."""
    shown = rendered(sample.everything(), "json").splitlines()
    assert sum(row.startswith('  {"action": ') for row in shown) == 4


def test_an_error_with_its_plan_is_one_document():
    """At exit 5 the plan stands inside the error's document."""
    plan = sample.everything()
    read = json.loads(rendered(GuardRefused("refused", plan), "json"))
    assert read["error"]["code"] == "guard"
    assert read["plan"] == plan_document(plan)


def test_problems_are_listed():
    """An error of manifests lists each problem with its place."""
    error = ManifestError([Problem(Position("a.yaml", 1, 2), "bad")])
    read = json.loads(rendered(error, "json"))
    assert read["error"]["problems"] == [{"file": "a.yaml", "line": 1, "column": 2, "message": "bad"}]


def test_a_report_reads_back():
    """Outcomes and counts survive."""
    read = json.loads(rendered(Applied(sample.report("applied", "failed"), sample.everything()), "json"))
    assert read["sandbox"] == "demo.db"
    assert read["summary"]["applied"] == 1
    assert read["outcomes"][1]["error"] == {"code": "code", "message": "why failed"}


@pytest.mark.parametrize(
    "document",
    [{}, {"a": []}, {"a": {}}, {"plan": {}}, {"plan": {"actions": [{}]}}, {"plan": None}, {"a": [1], "b": [{}, {}]}],
)
def test_any_document_reads_back(document):
    """The layout never changes the data."""
    assert json.loads(render_json.render_document(document)) == document


@pytest.mark.parametrize("raw", HOSTILE)
def test_hostile_text_is_the_same_data_and_harmless(raw):
    """Hostile strings read back as they were, from a document whose lines do nothing."""
    plan = sample.plan(
        sample.action(key=raw, name=raw),
        environment=raw,
        findings=(Finding(code="x", severity="info", message=raw),),
    )
    shown = rendered(plan, "json")
    assert json.loads(shown) == plan_document(plan)
    assert not any("##[" in row or row.strip().startswith("::") for row in shown.splitlines())
    assert shown.replace("\n", "").isprintable()
    shown.encode()
