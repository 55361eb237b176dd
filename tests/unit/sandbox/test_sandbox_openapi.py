"""The OpenAPI document holds: schemathesis makes requests from it, good and bad, and judges every answer by it."""

import json
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection

from reconciler.sandbox.entities import DEFAULT_USER_ID, MANAGED, WORKFLOW
from reconciler.sandbox.exchange import Request
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

    Bad is what is bad as it is sent; see `_is_sent_as_good`.
    """
    response = case.call(headers=AUTHORIZED)
    case.validate_response(
        response,
        headers=AUTHORIZED,
        excluded_checks=[negative_data_rejection] if _is_sent_as_good(case, response) else None,
    )


def _is_sent_as_good(case, response):
    """Whether what makes a case bad is lost on the way, so that taking it is right.

    A form (RFC 7578) has no types: a number arrives as its digits, which are a good text, and parts of other names are
    taken by the schema. A query has no null and no empty list: such a parameter is not sent at all.
    """
    sent = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    if set(case.query or {}) - set(sent):
        return True
    if case.media_type != "multipart/form-data" or not isinstance(case.body, dict):
        return False
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in case.body.items()}
    return jsonschema.Draft202012Validator(schemas()["WorkflowCreate"]).is_valid(texts)


@pytest.mark.parametrize("query", ["nmae=x", "page=1&nmae=", "nmae"])
def test_an_undocumented_parameter_is_refused(query):
    """Also without a value: the one place where the emulator is stricter than an API may be, for a typo is a fault."""
    headers = {name.lower(): value for name, value in AUTHORIZED.items()}
    request = Request(method="GET", path="/v1/runner", query=query, headers=headers)
    assert Service(STORE, rate_limit=None).handle(request).status == 400


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
