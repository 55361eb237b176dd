"""The OpenAPI document holds: schemathesis makes requests from it, good and bad, and judges every answer by it."""

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection

from reconciler.sandbox.entities import DEFAULT_USER_ID, MANAGED, WORKFLOW
from reconciler.sandbox.openapi import document
from reconciler.sandbox.schemas import schemas
from reconciler.sandbox.server import asgi_app
from reconciler.sandbox.service import SANDBOX_TOKEN, Service
from reconciler.sandbox.store import Store
from tests.fakes.sandbox import example

STORE = Store(":memory:")
STORE.set_user({"id": DEFAULT_USER_ID, "tier": "plus"})
STORE.add_many([example("get_runner")])
STORE.add_many([{"name": "m"}], kind=MANAGED)
STORE.add_many([{"name": "w"}], kind=WORKFLOW)
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", asgi_app(Service(STORE, rate_limit=None)))
SCHEMA.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
AUTHORIZED = {"Authorization": f"Bearer {SANDBOX_TOKEN}"}
SETTINGS = settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="session", autouse=True)
def closed():
    """The store is closed when the process ends, not with this module: its tests may come in several batches.

    pytest-xdist gives a worker more of them after those of other modules, and a module's fixtures end each time.
    """
    yield
    STORE.close()


@SCHEMA.parametrize()
@SETTINGS
def test_every_answer_is_as_described(case):
    """Whatever is sent: the status is documented, the body has its schema, good data is taken and bad data refused.

    A form has no types: a part that is a number or an object arrives as text, and is good. A parameter that is not
    documented is passed over.
    """
    form = case.media_type == "multipart/form-data"
    unknown = set(case.query or {}) - {parameter.name for parameter in case.operation.query}
    case.call_and_validate(headers=AUTHORIZED, excluded_checks=[negative_data_rejection] if form or unknown else None)


def test_every_sequence_is_as_described():
    """The same over sequences: what was created is got and updated."""

    class Sequences(SCHEMA.as_state_machine()):
        def get_call_kwargs(self, _case):
            return {"headers": AUTHORIZED}

    Sequences.run(settings=settings(SETTINGS, max_examples=10, stateful_step_count=8))


def test_the_document_lists_exactly_what_is_served():
    """Each path and method of the document is served, and no other path of the service but the document's own."""
    described = {
        (path, method.upper())
        for path, item in document()["paths"].items()
        for method in item
        if method != "parameters"
    }
    served = {(path, method) for path, methods in Service(STORE)._routes.items() for method in methods}
    assert served - described == {("/openapi.json", "GET")}
    assert described <= served


@pytest.mark.parametrize("name", ["get_runner", "update_runner"])
def test_the_documented_examples_hold_to_the_schema(name):
    """The bodies that the API's documentation shows are runners by the emulator's schema."""
    jsonschema.Draft202012Validator(schemas()["Runner"]).validate(example(name))


def test_every_schema_is_one():
    """Each schema of the document is a JSON Schema."""
    for schema in schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema)
