"""`doctor --github-environment`: whether an apply would wait for anybody."""

from __future__ import annotations

import pytest

from tests.fakes.cli import run_cli
from tests.fakes.github import running_github


@pytest.fixture
def github():
    """GitHub."""
    with running_github() as running:
        yield running


def check(github, cwd, name="production", **env):
    """The exit code, and the check of the protection."""
    environ = {"GITHUB_REPOSITORY": "example/fleet", "GITHUB_TOKEN": "ghs_token", "GITHUB_API_URL": github.url} | env
    where = ("--sandbox", "live.db", "--format", "json", "--github-environment", name)
    ran = run_cli("doctor", *where, cwd=cwd, env={key: value for key, value in environ.items() if value})
    (found,) = [each for each in ran.json["checks"] if each["name"] == "protection"]
    return ran.code, found["status"], found


@pytest.mark.parametrize(
    ("rules", "code", "status"),
    [
        (["required_reviewers"], 0, "ok"),
        (["wait_timer", "required_reviewers", "branch_policy"], 0, "ok"),
        (["branch_policy"], 0, "warn"),
        (["wait_timer"], 0, "warn"),
        ([], 1, "fail"),
    ],
)
@pytest.mark.parametrize("name", ["production", "eu/west 1?#ü"])
def test_an_environment_must_make_an_apply_wait(tmp_path, github, name, rules, code, status):
    """Reviewers are asked; another rule asks nobody; none protects nothing. Whatever its name holds."""
    github.environments[name] = rules
    assert check(github, tmp_path, name)[:2] == (code, status)


def test_one_that_is_not_there_fails(tmp_path, github):
    """GitHub would create it, unprotected."""
    github.environments["production"] = ["required_reviewers"]
    code, status, found = check(github, tmp_path, "prodution")
    assert (code, status) == (1, "fail")
    assert "Environments" in found["advice"]


def test_what_this_token_may_not_see_is_a_warning(tmp_path, github):
    """Nobody can say then whether it is protected."""
    github.sees_environments = False
    assert check(github, tmp_path)[:2] == (0, "warn")


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "GITHUB_REPOSITORY"])
def test_without_token_or_repository_it_says_what_to_set(tmp_path, github, missing):
    """And nothing is asked."""
    code, status, found = check(github, tmp_path, **{missing: ""})
    assert (code, status) == (0, "warn")
    assert missing in found["advice"]
    assert github.requests == []


@pytest.mark.parametrize("answer", [[], {"protection_rules": [1]}, {"protection_rules": [{}]}, None])
def test_an_answer_that_is_none_is_a_warning(tmp_path, github, answer):
    """Something else than GitHub answers there."""
    github.answers.append((200, {}, answer))
    assert check(github, tmp_path)[:2] == (0, "warn")


def test_the_other_checks_go_on_without_it(tmp_path):
    """It is asked only where a name is given."""
    ran = run_cli("doctor", "--sandbox", "live.db", "--format", "json", cwd=tmp_path)
    assert ran.code == 0
    assert "protection" not in {each["name"] for each in ran.json["checks"]}
