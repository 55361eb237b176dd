import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.sandbox import rules
from reconciler.sandbox.exchange import Refusal, Request
from reconciler.sandbox.service import Service
from reconciler.sandbox.store import Store
from tests.fakes.sandbox import example

RUNNER_ID = example("get_runner")["id"]
HEADERS = {"authorization": "Bearer cfc_sandbox", "content-type": "application/json"}
GOOD = {"name": "a", "endpoint": "http://h"}


@pytest.fixture
def service():
    """The service over one runner, without a limit."""
    with Store(":memory:") as store:
        store.add_many([example("get_runner")])
        yield Service(store, rate_limit=None)


def send(service, method, path, body, headers=HEADERS):
    """Status and message (or None) of one request."""
    path, _, query = path.partition("?")
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = service.handle(Request(method=method, path=path, query=query, headers=headers, body=content))
    return response.status, json.loads(response.body).get("message")


FIELDS = [
    ({"name": ""}, "name cannot be empty"),
    ({"name": " \t"}, "name cannot be empty"),
    ({"name": "n"}, None),
    ({"name": "n" * 100}, None),
    ({"name": "é" * 100}, None),
    ({"name": "n" * 101}, "name cannot be longer than 100 characters"),
    ({"name": 1}, "name must be a string"),
    ({"name": None}, "name must be a string"),
    ({"name": "a\0b"}, "name must be valid text"),
    ({"name": "\x1b[31mred"}, None),
    ({"endpoint": ""}, "invalid endpoint URL format"),
    ({"endpoint": "comfy.example.com"}, "invalid endpoint URL format"),
    ({"endpoint": "ftp://h"}, "invalid endpoint URL format"),
    ({"endpoint": "http://"}, "invalid endpoint URL format"),
    ({"endpoint": "http:///path"}, "invalid endpoint URL format"),
    ({"endpoint": "http://h h"}, "invalid endpoint URL format"),
    ({"endpoint": " http://h"}, "invalid endpoint URL format"),
    ({"endpoint": "http://h\n"}, "invalid endpoint URL format"),
    ({"endpoint": "http://bücher.example"}, "invalid endpoint URL format"),
    ({"endpoint": "http://h/%zz"}, "invalid endpoint URL format"),
    ({"endpoint": "http://h:0"}, "invalid endpoint URL format"),
    ({"endpoint": "http://h:1"}, None),
    ({"endpoint": "http://h:65535"}, None),
    ({"endpoint": "http://h:65536"}, "invalid endpoint URL format"),
    ({"endpoint": "http://h:x"}, "invalid endpoint URL format"),
    ({"endpoint": "http://[::1]:8188/"}, None),
    ({"endpoint": "http://[::1"}, "invalid endpoint URL format"),
    ({"endpoint": "HTTPS://Comfy_1.example.com:443/a/b%20c?q=1&r=/#f"}, None),
    ({"endpoint": "https://user:pass@h/"}, None),
    ({"endpoint": 1}, "endpoint must be a string"),
    ({"endpoint": None}, "endpoint must be a string"),
    ({"tags": []}, None),
    ({"tags": [f"t{number}" for number in range(9)]}, None),
    ({"tags": [f"t{number}" for number in range(10)]}, None),
    ({"tags": [f"t{number}" for number in range(11)]}, "too many tags: 11, the maximum is 10"),
    ({"tags": ["GPU", "gpu"]}, None),
    ({"tags": ["gpu", "gpu"]}, "tags must not be repeated"),
    ({"tags": ["gpu", ""]}, "tags cannot be empty"),
    ({"tags": ["gpu", 1]}, "each tag must be a string"),
    ({"tags": "gpu"}, "tags must be an array of strings"),
    ({"tags": None}, "tags must be an array of strings"),
    ({"headers": {}}, None),
    ({"headers": {"X-A": ""}}, None),
    ({"headers": {"X-A": "tab\tand ünicode"}}, None),
    ({"headers": {"X-A": 1}}, "invalid headers format: X-A must be a string"),
    ({"headers": {"X-A": None}}, "invalid headers format: X-A must be a string"),
    ({"headers": {"X-A": ["1"]}}, "invalid headers format: X-A must be a string"),
    ({"headers": {"X-A": "1\r\nX-B: 2"}}, "invalid headers format: the value of X-A holds a control character"),
    ({"headers": {"X-A": "1\n"}}, "invalid headers format: the value of X-A holds a control character"),
    ({"headers": {"": "1"}}, "invalid headers format: a name is no HTTP header name"),
    ({"headers": {"X A": "1"}}, "invalid headers format: a name is no HTTP header name"),
    ({"headers": {"X-A\n": "1"}}, "invalid headers format: a name is no HTTP header name"),
    ({"headers": {"X-A": "1", "x-a": "1"}}, "invalid headers format: names differ only in case"),
    ({"headers": ["X-A"]}, "invalid headers format: an object of strings is expected"),
    ({"headers": None}, "invalid headers format: an object of strings is expected"),
    ({"nmae": "a"}, "unknown field 'nmae'"),
    ({"id": RUNNER_ID}, "unknown field 'id'"),
]


@pytest.mark.parametrize(("fields", "message"), FIELDS)
def test_each_field_is_checked_on_create_and_on_update(service, fields, message):
    """What breaks a rule is 400 with its message and changes nothing; what does not is taken as it was sent."""
    before = service.store.runners()
    for method, path, body, done in (
        ("POST", "/v1/runner", {**GOOD, **fields}, 201),
        ("PUT", f"/v1/runner/{RUNNER_ID}", fields, 200),
    ):
        status, said = send(service, method, path, body)
        assert (status, said) == ((400, message) if message else (done, None))
    if message:
        assert service.store.runners() == before
    else:
        for runner in service.store.runners():
            assert {name: runner[name] for name in fields} == fields


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"endpoint": "http://h"}, "name cannot be empty"),
        ({"name": "a"}, "invalid endpoint URL format"),
        ({}, "name cannot be empty"),
        ({**GOOD, "status": "active"}, "unknown field 'status'"),
    ],
)
def test_a_create_needs_name_and_endpoint_and_takes_no_status(service, body, message):
    """Name and endpoint are required; a status cannot be sent, for a new runner is always active."""
    assert send(service, "POST", "/v1/runner", body) == (400, message)


@pytest.mark.parametrize(
    ("status", "taken"),
    [("active", True), ("disabled", True)]
    + [(bad, False) for bad in ("Active", "", "running", None, 1, ["active"], {})],
)
def test_a_status_is_active_or_disabled(service, status, taken):
    """Exactly two values are taken."""
    refused = (400, "invalid status value, expected one of: active, disabled")
    assert send(service, "PUT", f"/v1/runner/{RUNNER_ID}", {"status": status}) == ((200, None) if taken else refused)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff{}",
        b'{"name": "a", "name": "b"}',
        b'{"name": NaN}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"headers": {"X-A": "1", "X-A": "2"}}',
        b'{"name": ' + b"1" * 5000 + b"}",
    ],
)
def test_what_is_no_json_is_400(service, body):
    """Broken, repeated, endless or otherwise odd JSON is refused, never an unexpected error."""
    assert send(service, "PUT", f"/v1/runner/{RUNNER_ID}", body) == (400, "invalid JSON in the request body")


@pytest.mark.parametrize("body", [b"null", b"[]", b'"a"', b"1", b"true"])
def test_a_body_is_an_object(service, body):
    """JSON of another kind is refused."""
    assert send(service, "POST", "/v1/runner", body) == (400, "the request body must be a JSON object")


def test_half_a_surrogate_pair_is_refused(service):
    """A string that no UTF-8 can hold is refused, wherever it stands."""
    for body in (b'{"name": "\\ud800"}', b'{"tags": ["\\udfff"]}', b'{"headers": {"X-A": "\\ud800"}}'):
        assert send(service, "PUT", f"/v1/runner/{RUNNER_ID}", body)[0] == 400
    assert send(service, "PUT", f"/v1/runner/{RUNNER_ID}", b'{"\\ud800": 1}') == (400, r"unknown field '\ud800'")


def test_a_body_is_json_by_its_content_type(service):
    """application/json, with or without parameters, and nothing else."""
    path = f"/v1/runner/{RUNNER_ID}"
    for content_type in ("application/json", "application/json; charset=utf-8", "Application/JSON"):
        assert send(service, "PUT", path, {}, {**HEADERS, "content-type": content_type})[0] == 200
    for content_type in ("", "text/plain", "application/x-www-form-urlencoded"):
        refused = (400, "the Content-Type must be application/json")
        assert send(service, "PUT", path, {}, {**HEADERS, "content-type": content_type}) == refused


@pytest.mark.parametrize(("size", "status"), [(-1, 200), (0, 200), (1, 400)])
def test_a_body_has_a_bound(service, size, status):
    """A body of 1 MiB is read, a larger one refused."""
    body = json.dumps({"headers": {"X-A": ""}}).encode()
    padded = body.replace(b'""', b'"' + b"x" * (rules.MAX_BODY - len(body) + size) + b'"')
    assert len(padded) == rules.MAX_BODY + size
    assert send(service, "PUT", f"/v1/runner/{RUNNER_ID}", padded)[0] == status


@pytest.mark.parametrize(
    "text", ["1", "me", "550e8400e29b41d4a716446655440000", "{" + RUNNER_ID + "}", RUNNER_ID + "\n"]
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_id_that_is_no_uuid_is_400(service, text, method):
    """An id is a UUID in its usual form; another is a bad request and not a missing runner."""
    assert send(service, method, f"/v1/runner/{text}", {}) == (400, "invalid UUID format")


def test_an_id_is_read_in_either_case(service):
    """UUIDs are the same in upper and lower case (RFC 9562, section 4)."""
    assert send(service, "GET", f"/v1/runner/{RUNNER_ID.upper()}", b"") == (200, None)


PAGE = "page must be an integer of at least 1"
PER_PAGE = "per_page must be an integer from 1 to 100"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("page=1", None),
        ("page=999999999&per_page=100", None),
        ("page=0", PAGE),
        ("page=-1", PAGE),
        ("page=1.5", PAGE),
        ("page=x", PAGE),
        ("page=", PAGE),
        ("page=01", PAGE),
        ("page=%D9%A1", PAGE),
        ("page=1000000000", PAGE),
        ("per_page=1", None),
        ("per_page=99", None),
        ("per_page=100", None),
        ("per_page=101", PER_PAGE),
        ("per_page=0", PER_PAGE),
        ("per_page=ten", PER_PAGE),
        ("status=active", None),
        ("status=disabled", None),
        ("status=", "status must be one of: active, disabled"),
        ("status=Active", "status must be one of: active, disabled"),
        ("page=1&page=2", "query parameters must not be repeated"),
        ("perpage=10", "unknown query parameter 'perpage'"),
    ],
)
def test_the_query_of_a_list_is_checked(service, query, message):
    """Pages count from 1, hold 1 to 100 runners, and are filtered by a status that there is."""
    assert send(service, "GET", f"/v1/runner?{query}", b"") == ((400, message) if message else (200, None))


@pytest.mark.parametrize("path", ["/v1/user", f"/v1/runner/{RUNNER_ID}"])
def test_no_other_path_takes_a_query(service, path):
    """A parameter where none is documented is a mistake."""
    assert send(service, "GET", f"{path}?page=1", b"") == (400, "unknown query parameter 'page'")


@given(st.from_regex(rules.ENDPOINT_PATTERN, fullmatch=True))
def test_every_endpoint_of_the_published_pattern_is_taken(text):
    """The published pattern and the check agree; a trailing newline is what Python's `$` lets through, and no more."""
    rules._CHECKS["endpoint"](text.removesuffix("\n"))


@given(st.text(max_size=110) | st.from_regex(rules.FILLED_PATTERN))
def test_the_published_name_rule_is_the_check(text):
    """A name is taken if and only if the schema takes it."""
    published = 1 <= len(text) <= rules.MAX_NAME and bool(re.search(rules.FILLED_PATTERN, text))
    try:
        rules._CHECKS["name"](text)
    except Refusal:
        assert not published
    else:
        assert published
