"""The published schema: what the models give, valid itself, and true of every plan."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given

from reconciler.model.plan import PlanInputs
from reconciler.model.secret import Secret
from reconciler.planfile.document import plan_document
from reconciler.planfile.models import build_schema
from reconciler.planfile.saved import write_plan
from reconciler.planfile.schema import plan_schema
from tests.fakes.plans import body_of, create, live_runner, patient, plan_of, plans, update

VALIDATOR = jsonschema.Draft202012Validator(plan_schema())


def test_the_shipped_schema_is_what_the_models_give():
    """plan.schema.json is `json.dumps(build_schema(), indent=2)`: write it anew when the models change."""
    assert plan_schema() == build_schema()


def test_the_schema_is_valid_2020_12():
    """The schema keeps to its own dialect."""
    jsonschema.Draft202012Validator.check_schema(plan_schema())
    assert plan_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@patient
@given(plan=plans)
def test_every_plan_keeps_to_the_schema(plan):
    """What is printed is what was published."""
    VALIDATOR.validate(plan_document(plan))


def test_a_saved_plan_keeps_to_the_schema():
    """Inputs, fingerprints and signature are described too."""
    live = live_runner(1)
    text = write_plan(plan_of(update(live, body_of(live, tags=())), create("n")), PlanInputs(), Secret("k"))
    VALIDATOR.validate(json.loads(text))


def test_the_schema_refuses_what_is_no_plan():
    """A document without its actions is refused."""
    document = plan_document(plan_of())
    del document["actions"]
    with pytest.raises(jsonschema.ValidationError, match="'actions' is a required property"):
        VALIDATOR.validate(document)
