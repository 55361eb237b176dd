import json

import pytest

from reconciler.sandbox.entities import DEFAULT_USER_ID
from reconciler.sandbox.exchange import Request
from reconciler.sandbox.service import Service
from reconciler.sandbox.store import Store, Token
from tests.fakes.sandbox import FakeClock

INVALID = (401, {"status": 401, "message": "Invalid token"})
EXPIRED = (401, {"status": 401, "message": "Token has expired"})


@pytest.fixture
def store():
    """A store in memory."""
    with Store(":memory:") as store:
        yield store


def whoami(service, authorization):
    """Status and body of Get User with this Authorization header."""
    headers = {} if authorization is None else {"authorization": authorization}
    response = service.handle(Request(method="GET", path="/v1/user", headers=headers))
    return response.status, json.loads(response.body)


@pytest.mark.parametrize(
    "authorization",
    [
        *(None, "", "Bearer", "Bearer ", "cfc_sandbox", "Basic cfc_sandbox", "Bearer cfc_other", "Bearer CFC_SANDBOX"),
        *("Bearer  cfc_sandbox", "Bearer cfc_sandbox, Bearer cfc_sandbox", "Bearer cfc_sandbox "),
    ],
)
def test_a_missing_or_invalid_token_is_401(store, authorization):
    """Without exactly one good token every path is 401, in the documented words."""
    assert whoami(Service(store), authorization) == INVALID


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(store, scheme):
    """Authentication schemes are case-insensitive (RFC 9110, section 11.1)."""
    assert whoami(Service(store), f"{scheme} cfc_sandbox")[0] == 200


def test_tokens_that_are_given_replace_the_fixed_one(store):
    """The fixed token opens the sandbox only while no other is given."""
    service = Service(store, tokens=["cfc_mine", "cfc_ours"])
    assert whoami(service, "Bearer cfc_mine")[0] == whoami(service, "Bearer cfc_ours")[0] == 200
    assert whoami(service, "Bearer cfc_sandbox") == INVALID


def test_a_token_expires(store):
    """A token is good until the moment it expires, and not from then on."""
    clock = FakeClock()
    store.add_token("cfc_brief", Token(DEFAULT_USER_ID, "2024-01-16T14:20:10Z"))
    service = Service(store, clock=clock, rate_limit=None)
    clock.turn(9)
    assert whoami(service, "Bearer cfc_brief")[0] == 200
    clock.turn(1)
    assert whoami(service, "Bearer cfc_brief") == EXPIRED


def test_a_revoked_token_is_401(store):
    """A token can be revoked while the service runs."""
    service = Service(store)
    store.add_token("cfc_mine", Token(DEFAULT_USER_ID))
    assert whoami(service, "Bearer cfc_mine")[0] == 200
    store.add_token("cfc_mine", Token(DEFAULT_USER_ID, revoked=True))
    assert whoami(service, "Bearer cfc_mine") == INVALID


def test_a_deleted_account_has_no_token(store):
    """The token of an account that is deleted, or was never there, is invalid."""
    store.set_user({"id": DEFAULT_USER_ID, "deleted": True})
    store.add_token("cfc_ghost", Token("11111111-1111-4111-8111-111111111111"))
    assert whoami(Service(store), "Bearer cfc_sandbox") == INVALID
    assert whoami(Service(store), "Bearer cfc_ghost") == INVALID


def test_401_says_how_to_authenticate(store):
    """A 401 names the scheme (RFC 9110, section 11.6.1)."""
    response = Service(store).handle(Request(method="GET", path="/v1/runner"))
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("DELETE", "/v1/runner", 405), ("POST", "/v1/runner", 401)],
)
def test_path_and_method_are_checked_before_the_token(store, method, path, status):
    """A path or method that is not there is not there for anybody; a body is not looked at without a token."""
    assert Service(store).handle(Request(method=method, path=path)).status == status
