"""Whose the one comment is, which run may write it, and what becomes of one that this token may not edit."""

from __future__ import annotations

import pytest

from reconciler.forge.context import Record
from reconciler.forge.github.forge import ACTIONS_BOT, GITHUB, GitHubForge
from reconciler.forge.rest import Rest
from reconciler.forge.sticky import Sticky, is_login
from tests.fakes.clock import VirtualClock
from tests.fakes.github import running_github

MARK = "<!-- reconciler:plan:a:b -->"
BEFORE, NOW, LATER = "2026-11-25T11:00:00Z", "2026-11-25T12:00:00Z", "2026-11-25T13:00:00Z"


@pytest.fixture
def server():
    """GitHub."""
    with running_github() as running:
        yield running


@pytest.fixture
def github(server):
    """A client of it."""
    client = Rest.connect(server.url, "ghs_token", VirtualClock(), GITHUB.dialect)
    yield client
    client.close()


def sticky(github, text="text", *, author=None, run=(5, 1), planned_at=NOW):
    """Ours, of one run."""
    return Sticky(
        forge=GitHubForge(github, "example/fleet"),
        author=author,
        mark=MARK,
        run=run,
        planned_at=planned_at,
        render=lambda _room: text,
        limit=60_000,
    )


def written(author, run=(4, 1), planned_at=BEFORE):
    """A body with our marker that says it is this author's."""
    return f"{MARK}\n{Record(author=author, run=run, planned_at=planned_at).line()}\nold\n"


@pytest.mark.parametrize("viewer", [True, False])
@pytest.mark.parametrize("app", [None, "my-app", "My-App"])
def test_a_token_finds_its_own_comment_again(server, github, app, viewer):
    """Actions' own token and an app's: one comment over many runs, with and without GraphQL."""
    server.app, server.viewer = app, viewer
    assert sticky(github, "first").comment(7).how == "created"
    for number in range(6, 9):
        assert sticky(github, f"run {number}", run=(number, 1)).comment(7).how == "updated"
    assert len(server.comments) == 1
    assert server.comments[0]["body"].endswith("run 8\n")


@pytest.mark.parametrize("viewer", [True, False])
def test_an_app_has_one_drift_issue(server, github, viewer):
    """As with comments; opened, updated and closed."""
    server.app, server.viewer = "my-app", viewer
    assert sticky(github).issue("Drift", drifted=True).how == "created"
    assert sticky(github, "more", run=(6, 1)).issue("Drift", drifted=True).how == "updated"
    assert sticky(github, "none", run=(7, 1)).issue("Drift", drifted=False).how == "closed"
    assert len(server.issues) == 1


def test_a_person_s_login_is_compared_without_case(server, github):
    """GitHub keeps the case of a login and does not compare it."""
    server.login = "Fleet-Bot"
    server.add_comment(written("fleet-bot"), "fleet-bot")
    assert sticky(github).comment(7).how == "updated"


@pytest.mark.parametrize(
    ("login", "name", "same"),
    [
        ("my-app[bot]", "my-app", True),
        ("My-App[bot]", "my-app[BOT]", True),
        ("my-app", "My-App", True),
        ("my-app", "my-app[bot]", False),
        ("my-app2[bot]", "my-app", False),
        ("my-app[bot][bot]", "my-app", False),
        ("", "my-app", False),
    ],
)
def test_an_app_s_name_stands_for_its_bot_and_never_the_reverse(login, name, same):
    """Anybody may take the login `my-app`; brackets nobody can have."""
    assert is_login(login, name) is same


@pytest.mark.parametrize(
    ("token", "body", "login"),
    [
        ({"app": "my-app"}, written("my-app[bot]"), "my-app"),
        ({"app": "my-app"}, written("my-app[bot]"), "somebody"),
        ({"app": "my-app"}, written("somebody"), "somebody"),
        ({"app": "my-app"}, written("my-app[bot]"), "other-app[bot]"),
        ({}, written(ACTIONS_BOT), "somebody"),
        ({}, written("somebody"), "somebody"),
        ({}, written(ACTIONS_BOT), "github-actions"),
        ({}, f"{MARK}\nwithout a record", "somebody"),
        ({"login": "me"}, written("me"), "somebody"),
        ({"login": "me"}, written("other"), "other"),
    ],
)
@pytest.mark.parametrize("viewer", [True, False])
def test_a_foreign_author_s_comment_is_never_ours(server, github, token, body, login, viewer):
    """Whatever it says of itself: marker and record anybody can copy."""
    for name, value in token.items():
        setattr(server, name, value)
    server.viewer = viewer
    server.add_comment(body, login)
    assert sticky(github).comment(7).how == "created"
    assert server.comments[0]["body"] == body


@pytest.mark.parametrize(
    ("run", "planned_at", "how"),
    [
        ((5, 1), NOW, "kept"),
        ((9, 9), LATER, "kept"),
        ((10, 1), LATER, "kept"),
        ((10, 2), BEFORE, "updated"),
        ((10, 3), NOW, "updated"),
        ((11, 1), BEFORE, "updated"),
        (None, BEFORE, "kept"),
        (None, NOW, "updated"),
        (None, LATER, "updated"),
    ],
)
@pytest.mark.parametrize("kind", ["comment", "issue", "closing"])
def test_an_older_run_never_overwrites_a_newer_one(server, github, kind, run, planned_at, how):
    """By run and attempt; by the time of the plan where a run is not known. It is no failure."""
    body = written(ACTIONS_BOT, (10, 2), NOW)
    (server.add_comment(body) if kind == "comment" else server.add_issue("Drift", body))
    ours = sticky(github, run=run, planned_at=planned_at)
    posted = ours.comment(7) if kind == "comment" else ours.issue("Drift", drifted=kind == "issue")
    assert posted.how == (how if how == "kept" or kind != "closing" else "closed")
    kept = (server.comments or server.issues)[0]
    assert (kept["body"] == body) == (how == "kept")
    assert kept.get("state", "open") == ("closed" if posted.how == "closed" else "open")


@pytest.mark.parametrize(("run", "how"), [((9, 1), "kept"), ((10, 1), "created"), ((11, 1), "created")])
def test_an_older_run_opens_no_issue_that_a_newer_one_has_closed(server, github, run, how):
    """Drift that a newer run saw gone is not reported again."""
    server.add_issue("Drift", written(ACTIONS_BOT, (10, 1)))["state"] = "closed"
    assert sticky(github, run=run).issue("Drift", drifted=True).how == how


def test_of_two_of_ours_the_newest_stays(server, github):
    """Two runs at once may both post: the next one writes the later of them and deletes the other."""
    server.add_comment(written(ACTIONS_BOT, (8, 1)))
    later = server.add_comment(written(ACTIONS_BOT, (9, 1)))
    assert sticky(github, run=(8, 2)).comment(7).how == "kept"
    assert sticky(github, "new", run=(10, 1)).comment(7).how == "updated"
    assert [each["id"] for each in server.comments] == [later["id"]]


def test_a_comment_that_may_not_be_edited_is_superseded(server, github):
    """A 403 on the edit: a new comment, and it is said that the old one stays; from then on the new one is kept."""
    old = server.add_comment(written(ACTIONS_BOT))
    server.locked.add(old["id"])
    posted = sticky(github, "new").comment(7)
    assert posted.how == "created"
    assert old["html_url"] in posted.note
    again = sticky(github, "newer", run=(6, 1)).comment(7)
    assert (again.how, len(server.comments)) == ("updated", 2)
    assert server.comments[1]["body"].endswith("newer\n")


def test_a_token_that_may_neither_edit_nor_post_is_refused(server, github):
    """A fork's: the caller falls back to the step summary."""
    server.add_comment(written(ACTIONS_BOT))
    server.forbidden = True
    with pytest.raises(Exception, match="not accessible"):
        sticky(github).comment(7)


@pytest.mark.parametrize(
    "line", ["", "<!-- reconciler:by:x run:1 at: -->", f"<!-- reconciler:by:x run:{'9' * 99}.1 at:-->"]
)
def test_a_record_that_is_damaged_is_none(line):
    """A body that was edited by hand is simply older than any run."""
    assert Record.read(f"{MARK}\n{line}\ntext") is None


@pytest.mark.parametrize("author", ["my-app[bot]", "a --> b", "x\ny", "日本", ""])
@pytest.mark.parametrize("run", [None, (1, 1), (19_999_999_999, 12)])
def test_a_record_survives_its_line(author, run):
    """Whatever an author is called; also with the line ends of the service."""
    record = Record(author=author, run=run, planned_at=NOW)
    assert record.line().count("-->") == 1
    assert Record.read(f"{MARK}\r\n{record.line()}\r\ntext") == record
