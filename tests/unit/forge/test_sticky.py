"""The one comment of a pull request and the one drift issue, against a server that behaves as the documented API."""

from __future__ import annotations

import pytest

from reconciler.forge.context import Record, marker
from reconciler.forge.github.forge import ACTIONS_BOT, GITHUB, GitHubForge
from reconciler.forge.rest import Rest, RestError
from reconciler.forge.sticky import Sticky
from tests.fakes.clock import VirtualClock
from tests.fakes.github import running_github

MARK = marker("plan", "reconciler.yaml", "production")
NOW = "2026-11-25T12:00:00Z"


def head(mark=MARK, author=ACTIONS_BOT, run=None, planned_at=NOW):
    """The hidden lines that begin what is ours."""
    return f"{mark}\n{Record(author=author, run=run, planned_at=planned_at).line()}"


@pytest.fixture
def server():
    """GitHub."""
    with running_github() as running:
        yield running


@pytest.fixture
def clock():
    """Time that passes only by waiting."""
    return VirtualClock()


@pytest.fixture
def github(server, clock):
    """A client of it."""
    client = Rest.connect(server.url, "ghs_token", clock, GITHUB.dialect)
    yield client
    client.close()


def sticky(github, text="two changes", mark=MARK, limit=60_000, author=ACTIONS_BOT, run=None, planned_at=NOW):
    """Ours, with a text that honours its limit."""
    return Sticky(
        forge=GitHubForge(github, "example/fleet"),
        author=author,
        mark=mark,
        run=run,
        planned_at=planned_at,
        render=lambda room: (text * room)[:room] if text == "x" else text,
        limit=limit,
    )


def test_the_first_time_a_comment_is_posted(server, github):
    """Without one of ours, a comment with the hidden marker is made."""
    posted = sticky(github).comment(7)
    assert posted.how == "created"
    assert server.comments[0]["body"] == f"{head()}\ntwo changes\n"
    assert set(server.tokens) == {"Bearer ghs_token"}


def test_the_next_time_it_is_updated_in_place(server, github):
    """One comment stays one comment."""
    sticky(github).comment(7)
    assert sticky(github, "no changes").comment(7).how == "updated"
    assert [each["body"] for each in server.comments] == [f"{head()}\nno changes\n"]


def test_the_same_text_is_not_sent_again(server, github):
    """An unchanged plan makes no write, also where the service stores other line ends."""
    sticky(github).comment(7)
    server.comments[0]["body"] = server.comments[0]["body"].replace("\n", "\r\n")
    assert sticky(github).comment(7).how == "unchanged"
    assert [method for method, _ in server.requests].count("PATCH") == 0


@pytest.mark.parametrize(
    ("body", "login"),
    [
        (f"{MARK}\nmine", "somebody-else"),
        ("looks like a plan", ACTIONS_BOT),
        (f"quoted: {MARK}", ACTIONS_BOT),
        (f"> {MARK}\nquoted", ACTIONS_BOT),
        (f"{marker('plan', 'reconciler.yaml', 'staging')}\nother environment", ACTIONS_BOT),
        (f"{marker('plan', 'other/reconciler.yaml', 'production')}\nother project", ACTIONS_BOT),
        (f"{marker('drift', 'reconciler.yaml', 'production')}\nother kind", ACTIONS_BOT),
    ],
)
def test_what_is_not_ours_is_never_touched(server, github, body, login):
    """Marker and author must both match, the marker as the whole first line."""
    server.add_comment(body, login)
    assert sticky(github).comment(7).how == "created"
    assert server.comments[0]["body"] == body


def test_ours_is_found_on_a_later_page(server, github):
    """Paging goes on until the last page."""
    for number in range(250):
        server.add_comment(f"comment {number}", "somebody-else")
    server.add_comment(f"{MARK}\nold", ACTIONS_BOT)
    assert sticky(github).comment(7).how == "updated"
    assert len(server.comments) == 251


def test_duplicates_of_ours_go(server, github):
    """Two runs at once may both post; the next one leaves one comment, with the new text."""
    server.add_comment(f"{MARK}\nold 1", ACTIONS_BOT)
    server.add_comment(f"{MARK}\nold 2", ACTIONS_BOT)
    sticky(github).comment(7)
    assert [each["body"] for each in server.comments] == [f"{head()}\ntwo changes\n"]


def test_a_comment_deleted_meanwhile_is_posted_anew(server, github):
    """A 404 on the update is no failure."""
    server.add_comment(f"{MARK}\nold", ACTIONS_BOT)
    page = [dict(server.comments[0])]
    server.comments.clear()
    server.answers = [(200, {}, page)]
    assert sticky(github).comment(7).how == "created"


def test_a_text_that_is_too_long_is_cut_and_sent_again(server, github):
    """After a 422 the text is made half as long."""
    server.max_body = 40_000
    assert sticky(github, "x").comment(7).how == "created"
    assert len(server.comments[0]["body"]) <= 30_001


def test_a_422_that_stays_is_an_error(server, github):
    """The second 422 is reported with the service's words."""
    server.max_body = 10
    with pytest.raises(RestError, match="Validation Failed"):
        sticky(github, "x").comment(7)


def test_a_limit_that_asks_for_hours_is_an_error_at_once(server, github, clock):
    """Nobody waits an hour in CI."""
    server.answers = [(429, {"Retry-After": "3600"}, {"message": "rate limit"})]
    with pytest.raises(RestError, match="429"):
        sticky(github).comment(7)
    assert clock.waits == []


def test_a_post_is_not_repeated_after_a_server_error(server, github):
    """A 502 after a POST may have posted: the next run will see."""
    server.answers = [(200, {}, []), (502, {}, {"message": "bad gateway"})]
    with pytest.raises(RestError, match="502"):
        sticky(github).comment(7)
    assert [method for method, _ in server.requests] == ["GET", "POST"]


def test_a_read_is_repeated_after_a_server_error(server, github):
    """Reads change nothing."""
    server.answers = [(503, {}, {"message": "unavailable"})]
    assert sticky(github).comment(7).how == "created"


def test_the_next_page_never_leads_to_another_host(server, github):
    """The token does not follow a link elsewhere."""
    server.answers = [(200, {"Link": '<http://elsewhere.test/x>; rel="next"'}, [])]
    with pytest.raises(RestError, match="another host"):
        sticky(github).comment(7)


@pytest.mark.parametrize("answer", [(200, {}, {"not": "a list"}), (200, {}, None)])
def test_something_that_is_not_github_is_an_error(server, github, answer):
    """A wrong address answers, but not as GitHub does."""
    server.answers = [answer]
    with pytest.raises(RestError, match="GITHUB_API_URL"):
        sticky(github).comment(7)


def test_nobody_listening_is_an_error(clock):
    """No connection names the call."""
    client = Rest.connect("http://127.0.0.1:9", "t", clock, GITHUB.dialect)
    with pytest.raises(RestError, match="no answer"):
        sticky(client).comment(7)
    client.close()


def test_the_drift_issue_is_opened_updated_and_closed(server, github):
    """One issue says that there is drift for as long as there is."""
    mark = marker("drift", "reconciler.yaml", "production")
    assert sticky(github, "one change", mark).issue("Drift", drifted=True).how == "created"
    assert sticky(github, "one change", mark).issue("Drift", drifted=True).how == "unchanged"
    assert sticky(github, "two changes", mark).issue("Drift", drifted=True).how == "updated"
    assert sticky(github, "no changes", mark).issue("Drift", drifted=False).how == "closed"
    assert [(each["state"], each["title"]) for each in server.issues] == [("closed", "Drift")]
    assert "no changes" in server.issues[0]["body"]
    assert sticky(github, "no changes", mark).issue("Drift", drifted=False).how == "none"


def test_no_pull_request_and_no_issue_of_others_is_taken_for_ours(server, github):
    """GitHub lists pull requests among issues, and anybody can copy a marker."""
    mark = marker("drift", None, None)
    server.add_issue("pr", f"{mark}\n")["pull_request"] = {}
    server.add_issue("theirs", f"{mark}\n", "somebody-else")
    assert sticky(github, "x drift", mark).issue("Drift", drifted=True).how == "created"
    assert len(server.issues) == 3


def test_a_marker_cannot_be_closed_by_an_environment():
    """Neither an environment's name nor a project's path can end the hidden comment."""
    assert marker("plan", "b --> c", "a --> b").count("-->") == 1


def test_no_two_projects_or_environments_share_a_marker():
    """What separates the parts of a marker can't be part of one."""
    keys = [("a", "b:c"), ("a:b", "c"), ("a:b:c", None), (None, "a:b:c"), ("a-b", "c"), ("a", "-b-c")]
    assert len({marker("plan", *key) for key in keys}) == len(keys)
