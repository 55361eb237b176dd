"""RECONCILER_PLAN_KEY: how strong it must be, and what a plan under it is bound to."""

from __future__ import annotations

import pytest

from reconciler.sandbox.store import Token
from tests.fakes.cli import run_cli
from tests.fakes.sandbox import running_sandbox

MANIFEST = "version: 1\nrunners: {gpu: {endpoint: https://a.example.com, tags: [gpu], headers: {}, status: active}}\n"
OTHER = "3c9e6679-7425-40de-944b-e07fc1f90ae7"
TOKEN, SECOND = "cfc_token_of_another_account", "cfc_second_token_of_the_first"
KEY = "k" * 32


@pytest.fixture
def fleet(tmp_path):
    """One runner to create, and a service of two accounts, both empty; the first has two tokens."""
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "gpu.yaml").write_text(MANIFEST)
    with running_sandbox() as sandbox:
        sandbox.store.set_user({"id": OTHER, "tier": "pro"})
        sandbox.store.add_token(TOKEN, Token(OTHER))
        sandbox.store.add_token(SECOND, Token(sandbox.store.user()["id"]))

        def run(*words, token=sandbox.token, key=KEY):
            env = {"COMFYCONTROL_API_URL": sandbox.url, "COMFYCONTROL_API_TOKEN": token}
            return run_cli(*words, cwd=tmp_path, env=env | ({"RECONCILER_PLAN_KEY": key} if key is not None else {}))

        run.sandbox = sandbox
        yield run


@pytest.mark.parametrize(
    ("key", "code"), [("k", 1), ("k" * 31, 1), ("k" * 32, 0), ("k" * 33, 0), ("ä" * 15, 1), ("ä" * 16, 0), ("", 0)]
)
def test_a_key_has_32_bytes(fleet, key, code):
    """A shorter one is refused before anything is asked, in bytes of UTF-8; an empty one is none."""
    ran = fleet("plan", "--out", "p.plan", key=key)
    assert ran.code == code, ran.err
    if code:
        assert "at least 32" in ran.err
        assert fleet.sandbox.requests == []


def test_a_plan_of_an_empty_account_is_bound_to_it(fleet):
    """Another account is stale, empty as it is too; another token of the same account applies it."""
    assert fleet("plan", "--out", "p.plan").code == 0
    ran = fleet("apply", "--plan", "p.plan", token=TOKEN)
    assert (ran.code, f"the account is {OTHER}" in ran.err) == (4, True)
    assert fleet.sandbox.store.runners(OTHER) == []
    assert fleet("apply", "--plan", "p.plan", token=SECOND).code == 0
    assert len(fleet.sandbox.runners) == 1


@pytest.mark.parametrize("key", [None, KEY])
def test_another_s_first_runner_makes_no_plan_stale(fleet, key):
    """An account that was empty when the plan was made, and got a runner since that the plan does not write."""
    assert fleet("plan", "--out", "p.plan", key=key).code == 0
    fleet.sandbox.store.add_many([{"name": "other", "endpoint": "https://other.example.com", "tags": ["cpu"]}])
    ran = fleet("apply", "--plan", "p.plan", key=key)
    assert ran.code == 0, ran.err
    assert len(fleet.sandbox.runners) == 2


def test_the_account_is_asked_for_only_where_nothing_else_binds(fleet):
    """That read is in the budget. The token as the key, or a live runner, binds a plan without it."""
    plan = ("plan", "--out", "p.plan", "--format", "json")
    assert fleet(*plan).json["budget"]["reads"] == 2
    assert fleet.sandbox.count("GET", "/v1/user") == 1
    assert fleet("plan", "--format", "json").json["budget"]["reads"] == 1
    assert fleet(*plan, key=None).json["budget"]["reads"] == 1
    assert fleet("apply", "--yes").code == 0
    asked = fleet.sandbox.count("GET", "/v1/user")
    bound = fleet(*plan).json
    assert (bound["budget"]["reads"], bound["account"]) == (1, fleet.sandbox.store.user()["id"])
    assert fleet.sandbox.count("GET", "/v1/user") == asked


def test_doctor_says_which_setting_is_wrong(fleet):
    """A short key is the plan key's check, not the address's."""
    ran = fleet("doctor", "--format", "json", key="k" * 31)
    assert ran.code == 1
    assert [each["name"] for each in ran.json["checks"] if each["status"] == "fail"] == ["plan key"]
