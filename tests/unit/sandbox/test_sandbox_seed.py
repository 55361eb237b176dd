import json

import pytest

from reconciler.sandbox.entities import DEFAULT_USER_ID, MANAGED, WORKFLOW
from reconciler.sandbox.failures import SeedError
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.store import Store, Token
from tests.fakes.sandbox import example

OTHER = "11111111-1111-4111-8111-111111111111"
RUNNER = {"name": "a", "endpoint": "http://h"}


@pytest.fixture
def store():
    """A store in memory."""
    with Store(":memory:") as store:
        yield store


def names(store, user_id=DEFAULT_USER_ID):
    """The names of an account's runners, as the API lists them."""
    return [runner["name"] for runner in store.runners(user_id)]


def test_a_list_of_runners_is_a_seed(store):
    """A bare list of runners in the API's shape; they are listed in its order."""
    load_seed(json.dumps([example("get_runner"), {"name": "b", "endpoint": "http://b"}, RUNNER]), store)
    assert names(store) == ["b", "a", "Production GPU Runner"]
    assert store.runners()[2] == example("get_runner")


def test_the_output_of_list_is_a_seed(store):
    """`list --format json` can be fed back: hidden header values are literal text, unknown keys are passed over."""
    runner = {**example("get_runner"), "headers": {"Authorization": "(sensitive)"}, "standing": "managed"}
    document = {"format_version": "1.0", "read_at": "2024-01-16T14:20:00Z", "api_url": "x", "runners": [runner]}
    load_seed(json.dumps(document), store)
    assert store.runners() == [{**example("get_runner"), "headers": {"Authorization": "(sensitive)"}}]


def test_a_whole_seed(store, tmp_path):
    """Accounts, tiers, tokens, runners, managed runners and workflows, from a file."""
    seed = {
        "user": {"name": "Ops", "email": "ops@example.com"},
        "tier": "pro",
        "tokens": ["cfc_a", {"token": "cfc_b", "expires_at": "2024-01-15T11:30:00+01:00"}],
        "runners": [RUNNER, {**RUNNER, "name": "b"}],
        "workflows": [{"name": "w", "tags": ["gpu"], "started_at": None}],
        "managed_runners": [{"name": "m", "runner_type": "plus"}],
        "accounts": [
            {
                "user": {"id": OTHER},
                "tokens": [{"token": "cfc_c", "revoked": True}],
                "runners": [{**RUNNER, "name": "c"}],
            }
        ],
    }
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(seed), encoding="utf-8")
    load_seed(file, store)
    user = store.user()
    assert (user["name"], user["email"], user["tier"], user["provider"]) == ("Ops", "ops@example.com", "pro", "github")
    assert store.token("cfc_a") == Token(DEFAULT_USER_ID)
    assert store.token("cfc_b") == Token(DEFAULT_USER_ID, "2024-01-15T10:30:00Z")
    assert store.token("cfc_c") == Token(OTHER, revoked=True)
    assert (names(store), names(store, OTHER)) == (["a", "b"], ["c"])
    assert store.runners(OTHER)[0]["user_id"] == OTHER
    (workflow,), _ = store.page(WORKFLOW, DEFAULT_USER_ID, limit=9, offset=0)
    assert json.loads(workflow)["tags"] == ["gpu"]
    (managed,), _ = store.page(MANAGED, DEFAULT_USER_ID, limit=9, offset=0)
    assert json.loads(managed)["runner_type"] == "plus"


def test_a_seed_only_adds(store):
    """Loading a seed again, or after edits, adds nothing and changes no runner."""
    seed = json.dumps([RUNNER, RUNNER, example("get_runner")])
    load_seed(seed, store)
    store.update(example("get_runner")["id"], {"name": "edited"})
    before = store.runners()
    load_seed(seed, store)
    assert store.runners() == before
    assert len({runner["id"] for runner in before}) == 3


def test_a_seed_may_hold_what_the_api_refuses(store):
    """Types are checked, limits are not: a client should be tested against odd fleets too."""
    odd = {**RUNNER, "name": "", "status": "draining", "tags": [str(number) for number in range(11)]}
    load_seed(json.dumps([odd]), store)
    assert store.runners()[0]["status"] == "draining"


def test_ids_and_times_are_written_as_the_api_does(store):
    """Ids become lower case, times UTC to the second."""
    odd = {**RUNNER, "id": OTHER.upper(), "created_at": "2024-01-15T12:30:00.5+02:00"}
    load_seed(json.dumps([odd]), store)
    assert store.runners()[0]["id"] == OTHER
    assert store.runners()[0]["created_at"] == "2024-01-15T10:30:00Z"


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ("{", "the seed: no JSON"),
        ("[" * 100_000, "the seed: no JSON"),
        ({"runers": []}, "runers is unknown; known are: user, tier, tokens, runners, "),
        ({"runners": {}}, "runners must be a list"),
        ({"runners": [1]}, r"runners\[0\] must be an object"),
        ([RUNNER, {"name": "b"}], r"runners\[1\]\.endpoint is missing"),
        ([{"endpoint": "http://h"}], r"runners\[0\]\.name is missing"),
        ([{**RUNNER, "name": 1}], r"runners\[0\]\.name must be a string"),
        ([{**RUNNER, "name": "\ud800"}], r"runners\[0\]\.name must be valid Unicode"),
        ([{**RUNNER, "tags": "gpu"}], r"runners\[0\]\.tags must be a list"),
        ([{**RUNNER, "tags": [1]}], r"runners\[0\]\.tags\[0\] must be a string"),
        ([{**RUNNER, "headers": []}], r"runners\[0\]\.headers must be an object"),
        ([{**RUNNER, "headers": {"X-A": 1}}], r"runners\[0\]\.headers\.X-A must be a string"),
        ([{**RUNNER, "id": "x"}], r"runners\[0\]\.id must be a UUID"),
        ([{**RUNNER, "created_at": "soon"}], r"runners\[0\]\.created_at must be an ISO 8601 time"),
        ([{**RUNNER, "tag": []}], r"runners\[0\]\.tag is unknown; known are: id, name, "),
        ({"tier": "gold"}, "tier must be one of: free, pro, plus, enterprise"),
        ({"user": {"deleted": 1}}, "user.deleted must be true or false"),
        ({"tokens": [{}]}, r"tokens\[0\]\.token is missing"),
        ({"tokens": [1]}, r"tokens\[0\] must be an object"),
        ({"workflows": [{}]}, r"workflows\[0\]\.name is missing"),
        ({"accounts": [{"runners": []}]}, r"accounts\[0\]\.user must be an object"),
        ({"accounts": [{"user": {}}]}, r"accounts\[0\]\.user\.id is missing"),
        ({"accounts": [{"user": {"id": OTHER}, "x": 1}]}, r"accounts\[0\]\.x is unknown"),
        (
            {"tier": "pro", "runners": [RUNNER], "accounts": [{"user": {"id": 1}}]},
            r"accounts\[0\]\.user\.id must be a string",
        ),
        ({"user": {"created_at": None}}, "user.created_at must be a string"),
        ({"accounts": [1]}, r"accounts\[0\] must be an object"),
        ({"format_version": "1.0"}, "runners must be a list"),
        ({"format_version": "1.0", "runners": [{}]}, r"runners\[0\]\.name is missing"),
    ],
)
def test_a_wrong_seed_is_refused_and_names_the_place(store, seed, message):
    """What is wrong in a seed is said with its path, and nothing of it is stored."""
    with pytest.raises(SeedError, match=f"^{message}"):
        load_seed(seed if isinstance(seed, str) else json.dumps(seed), store)
    assert store.runners() == []
    assert store.user()["tier"] == "enterprise"


@pytest.mark.parametrize("content", [None, b"\xff", b"1", b"name: a"])
def test_a_file_that_is_no_seed_is_refused(store, tmp_path, content):
    """A missing file, one that is no UTF-8, no JSON, or JSON of another kind."""
    file = tmp_path / "seed.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SeedError):
        load_seed(str(file), store)
