"""Which pull request, commit and run a comment is about."""

from __future__ import annotations

import json

import pytest

from reconciler.errors import UsageProblem
from reconciler.forge.github.event import context_of, repository_of

ACTIONS = {
    "GITHUB_REPOSITORY": "example/fleet",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_RUN_ID": "123",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_SERVER_URL": "https://github.test",
}


def number_of(flag, environ):
    """The number of the pull request."""
    return context_of("example/fleet", flag, environ, pull_request=True).number


def context(tmp_path, event, **environ):
    """The context of a run that this event started."""
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    return context_of(None, None, ACTIONS | {"GITHUB_EVENT_PATH": str(path)} | environ, pull_request=False)


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


def test_a_pull_request_is_named_by_its_own_commit(tmp_path):
    """GITHUB_SHA is GitHub's merge of it, which nobody has seen."""
    found = context(tmp_path, {"pull_request": {"number": 7, "head": {"sha": "b" * 40}}})
    assert (found.commit, found.commit_url) == ("b" * 40, f"https://github.test/example/fleet/commit/{'b' * 40}")
    assert (found.run, found.run_url) == ((123, 2), "https://github.test/example/fleet/actions/runs/123/attempts/2")


def test_a_run_that_waited_for_another_speaks_for_that(tmp_path):
    """workflow_run comes later than a newer run's: what counts is the run that planned."""
    run = {"id": 99, "run_attempt": 3, "head_sha": "c" * 40, "pull_requests": [{"number": 10}]}
    found = context(tmp_path, {"workflow_run": run})
    assert (found.run, found.commit, found.number) == ((99, 3), "c" * 40, 10)


@pytest.mark.parametrize("event", [{}, {"pull_request": []}, {"pull_request": {"head": {"sha": "x) [y](z"}}}, []])
def test_without_an_own_commit_it_is_the_runs(tmp_path, event):
    """Also where the event holds something that is no commit."""
    assert context(tmp_path, event).commit == "a" * 40


@pytest.mark.parametrize(
    ("variable", "value"),
    [("GITHUB_RUN_ID", "x"), ("GITHUB_RUN_ID", ""), ("GITHUB_RUN_ID", "9" * 30), ("GITHUB_SHA", "HEAD) x")],
)
def test_what_is_malformed_is_not_known(tmp_path, variable, value):
    """Nothing odd gets into a comment or its order."""
    found = context(tmp_path, {}, **{variable: value})
    assert (found.run if variable == "GITHUB_RUN_ID" else found.commit) is None


def test_no_link_leads_to_an_odd_server(tmp_path):
    """A server's address that is more than one is left out, and so are the links."""
    found = context(tmp_path, {}, GITHUB_SERVER_URL="https://x) [y](https://z")
    assert (found.commit_url, found.run_url) == (None, None)


def test_an_event_that_is_not_needed_may_be_broken(tmp_path):
    """With --number, or for the drift issue, an unreadable event is no error."""
    environ = ACTIONS | {"GITHUB_EVENT_PATH": str(tmp_path)}
    assert context_of(None, 3, environ, pull_request=True).number == 3
    assert context_of(None, None, environ, pull_request=False).number is None
