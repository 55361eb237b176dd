"""Which project, merge request, commit and pipeline a note is about, and which token writes it."""

from __future__ import annotations

import pytest

from reconciler.errors import ReconcilerError, UsageProblem
from reconciler.forge.choose import choose, kind_of
from reconciler.forge.github.forge import FORGEJO, GITEA, GITHUB
from reconciler.forge.gitlab.variables import context_of, page_of, token_of

JOB = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://gitlab.test/api/v4",
    "CI_SERVER_URL": "https://gitlab.test",
    "CI_PROJECT_ID": "42",
    "CI_PROJECT_URL": "https://gitlab.test/example/fleet",
    "CI_MERGE_REQUEST_IID": "7",
    "CI_COMMIT_SHA": "a" * 40,
    "CI_PIPELINE_ID": "1234",
}


def context(flag=None, number=None, *, pull_request=True, **variables):
    """The context of a job; a variable of None is not set."""
    environ = {name: value for name, value in (JOB | variables).items() if value is not None}
    return context_of(flag, number, environ, pull_request=pull_request)


def test_a_merge_requests_job_says_it_all():
    """Project, number, commit and pipeline, with the addresses where people see them."""
    found = context()
    assert (found.repository, found.number, found.run) == ("42", 7, (1234, 1))
    assert found.commit_url == f"https://gitlab.test/example/fleet/-/commit/{'a' * 40}"
    assert found.run_url == "https://gitlab.test/example/fleet/-/pipelines/1234"


def test_the_head_is_named_and_not_gitlabs_merge_of_it():
    """A merged results pipeline runs on a commit that nobody made."""
    assert context(CI_MERGE_REQUEST_SOURCE_BRANCH_SHA="b" * 40).commit == "b" * 40
    assert context(CI_MERGE_REQUEST_SOURCE_BRANCH_SHA="").commit == "a" * 40


def test_the_merge_request_of_a_fork_is_the_targets():
    """Its pipeline runs in the fork, with the fork's id; the note goes where the merge request is."""
    forked = {
        "CI_MERGE_REQUEST_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab.test/upstream/fleet",
    }
    assert context(**forked).repository == "1"
    assert page_of(None, JOB | forked) == "https://gitlab.test/upstream/fleet"


def test_flags_beat_variables():
    """A path takes the place of an id, as one segment; a number that of the pipeline's."""
    found = context("group/sub.group/fleet", 9)
    assert (found.repository, found.number) == ("group%2Fsub.group%2Ffleet", 9)
    assert page_of("group/fleet", JOB) == "https://gitlab.test/group/fleet"


@pytest.mark.parametrize("named", ["", "fleet", "../fleet", "a//b", "a/../b", "-1", "a/b?c", "a/b#c", "1" * 19])
def test_what_names_no_project_is_a_usage_error(named):
    """Nothing that could lead to another path of the API is taken."""
    with pytest.raises(UsageProblem, match="CI_PROJECT_ID"):
        context(CI_PROJECT_ID=named)


@pytest.mark.parametrize("number", [None, "", "x", "7/../8", "1" * 19])
def test_no_merge_request_is_a_usage_error_except_for_the_issue(number):
    """The drift issue needs none."""
    with pytest.raises(UsageProblem, match="CI_MERGE_REQUEST_IID"):
        context(CI_MERGE_REQUEST_IID=number)
    assert context(CI_MERGE_REQUEST_IID=number, pull_request=False).number is None


def test_what_is_no_address_is_not_linked():
    """An address with a script or a user in it is left out."""
    for address in ("javascript:alert(1)", "https://user@gitlab.test/x", "https://gitlab.test/a)b"):
        found = context(CI_PROJECT_URL=address)
        assert (found.commit_url, found.run_url) == (None, None)


@pytest.mark.parametrize("token", [{}, {"GITLAB_TOKEN": ""}, {"GITLAB_TOKEN": "job"}])
def test_without_a_token_that_can_write_the_error_says_what_to_make(token):
    """The job's own token is none: it says which to make, with which scope, and where to put it."""
    with pytest.raises(ReconcilerError) as caught:
        token_of({"CI_JOB_TOKEN": "job", **token})
    for part in ("CI_JOB_TOKEN", "project access token", "scope api", "GITLAB_TOKEN", "masked"):
        assert part in str(caught.value)


def test_a_token_is_taken():
    """GITLAB_TOKEN, beside whatever the job has."""
    assert token_of({"GITLAB_TOKEN": "glpat-x", "CI_JOB_TOKEN": "job"}) == "glpat-x"


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({}, GITHUB),
        ({"GITHUB_ACTIONS": "true", "GITHUB_API_URL": "https://github.test/api/v3"}, GITHUB),
        ({"GITHUB_ACTIONS": "true", "GITEA_ACTIONS": "true"}, GITEA),
        ({"GITHUB_API_URL": "https://git.test/api/v1"}, GITEA),
        ({"GITHUB_API_URL": "https://git.test/api/v1/"}, GITEA),
        ({"GITEA_ACTIONS": "true", "FORGEJO_ACTIONS": "true"}, FORGEJO),
        ({"FORGEJO_TOKEN": "x", "GITHUB_API_URL": "https://git.test/api/v1"}, FORGEJO),
    ],
)
def test_githubs_family_is_told_apart(environ, kind):
    """By the variables of its runners, else by the path of its API."""
    assert kind_of(environ) is kind


@pytest.mark.parametrize("variable", ["BITBUCKET_BUILD_NUMBER", "TF_BUILD"])
def test_a_forge_without_an_adapter_is_named_before_anything_is_sent(variable):
    """What stands in for it is said."""
    with pytest.raises(UsageProblem, match="yet"):
        choose(None, None, {variable: "1"}, pull_request=True)


def test_each_forge_has_an_address_of_a_run():
    """Gitea's page of a run goes by its number and knows no attempts."""
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITEA_ACTIONS": "true",
        "GITHUB_REPOSITORY": "example/fleet",
        "GITHUB_SERVER_URL": "https://git.test",
        "GITHUB_RUN_ID": "900",
        "GITHUB_RUN_NUMBER": "12",
    }
    found = choose(None, 7, environ, pull_request=True).context
    assert found.run == (900, 1)
    assert found.run_url == "https://git.test/example/fleet/actions/runs/12"
