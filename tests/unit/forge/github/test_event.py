"""Which pull request a run is about."""

from __future__ import annotations

import json

import pytest

from reconciler.errors import UsageProblem
from reconciler.forge.github.event import number_of, repository_of


@pytest.mark.parametrize(
    ("event", "number"),
    [
        ({"pull_request": {"number": 7}}, 7),
        ({"number": 8}, 8),
        ({"issue": {"number": 9}}, 9),
        ({"workflow_run": {"pull_requests": [{"number": 10}]}}, 10),
    ],
)
def test_the_event_tells_the_number(tmp_path, event, number):
    """Every event that GitHub sends for a pull request has its number in a known place."""
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    assert number_of(None, {"GITHUB_EVENT_PATH": str(path)}) == number


def test_the_flag_beats_the_event():
    """A number given is the number used."""
    assert number_of(3, {"GITHUB_EVENT_PATH": "/absent"}) == 3


@pytest.mark.parametrize(
    "content", ["{}", "[]", "not json", '{"number": true}', '{"workflow_run": {"pull_requests": []}}']
)
def test_an_event_without_a_number_is_a_usage_error(tmp_path, content):
    """Without a number the error says what to give."""
    path = tmp_path / "event.json"
    path.write_text(content)
    with pytest.raises(UsageProblem, match="--number"):
        number_of(None, {"GITHUB_EVENT_PATH": str(path)})
    with pytest.raises(UsageProblem, match="--number"):
        number_of(None, {})


@pytest.mark.parametrize("repository", ["", "fleet", "a/b/c", "a/../b", "a b/c", "a/b?x"])
def test_a_repository_has_an_owner_and_a_name(repository):
    """Anything else can't become a path of the API."""
    with pytest.raises(UsageProblem, match="--repository"):
        repository_of(repository, {})


def test_the_repository_comes_from_the_run():
    """GITHUB_REPOSITORY stands in for the flag."""
    assert repository_of(None, {"GITHUB_REPOSITORY": "example/fleet"}) == "example/fleet"
