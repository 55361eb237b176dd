"""The one comment and the one drift issue on each forge, against servers that behave as their documented APIs."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from email.utils import format_datetime

import httpx
import pytest

from reconciler.api.retry import MAX_ATTEMPTS
from reconciler.forge.context import Record, marker
from reconciler.forge.github.forge import FORGEJO, GITEA, GITHUB, GitHubForge
from reconciler.forge.gitlab.forge import DIALECT, GitLabForge
from reconciler.forge.port import ForgeError, Refusal
from reconciler.forge.rest import Rest, RestError
from reconciler.forge.sticky import Sticky
from reconciler.model.secret import Scrubber
from reconciler.render.views.plan_markdown import render_plan
from tests.fakes import gitlab as gitlab_fake
from tests.fakes import markdown_judge as judge
from tests.fakes import sample_plans as sample
from tests.fakes.clock import VirtualClock
from tests.fakes.gitea import running_gitea
from tests.fakes.github import running_github
from tests.fakes.gitlab import running_gitlab
from tests.fakes.hostile import HOSTILE

MARK = marker("plan", "reconciler.yaml", "production")
PAGE = "https://gitlab.test/example/fleets/gpu"
FORGES = ("github", "gitea", "forgejo", "gitlab")
JOBS = {"github": "github-actions[bot]", "gitea": "gitea-actions", "forgejo": "forgejo-actions"}


class OnForge:
    """One forge's server, a client of it with a clock that takes no time, and what is ours there."""

    def __init__(self, name, server, rest, forge, clock):
        self.name, self.server, self.rest, self.forge, self.clock = name, server, rest, forge, clock

    def sticky(self, text="two changes", mark=MARK, limit=60_000, run=None, render=None):
        """Ours, with a text that honours its limit."""
        return Sticky(
            forge=self.forge,
            author=None,
            mark=mark,
            run=run,
            planned_at="2026-11-25T12:00:00Z",
            render=render or (lambda room: ("x" * room) if text == "x" else text),
            limit=limit,
        )

    @property
    def me(self):
        """The login that the token writes as."""
        return self.server.login if self.name == "gitlab" else self.server.writer

    def bodies(self):
        """The text of every comment."""
        return [each["body"] for each in self.server.comments]

    def texts(self):
        """State and text of every issue."""
        return [(each["state"], each.get("body") or each.get("description")) for each in self.server.issues]

    def methods(self):
        """What was asked, without the question who the token is."""
        return [method for method, target in self.server.requests if not target.endswith(("/user", "/graphql"))]


def started(name, server, clock):
    """A client of a server, and the forge behind it."""
    if name == "gitlab":
        rest = Rest.connect(f"{server.url}/api/v4", gitlab_fake.TOKEN, clock, DIALECT)
        return rest, GitLabForge(rest, str(gitlab_fake.PROJECT), PAGE)
    kind = {"github": GITHUB, "gitea": GITEA, "forgejo": FORGEJO}[name]
    rest = Rest.connect(
        f"{server.url}/api/v1" if kind is not GITHUB else server.url, "the_job_token", clock, kind.dialect
    )
    return rest, GitHubForge(rest, "example/fleet", kind)


def serving(name):
    """The stand-in for a forge."""
    if name == "gitlab":
        return running_gitlab()
    return running_github() if name == "github" else running_gitea(bot=JOBS[name])


@pytest.fixture(params=FORGES)
def on(request):
    """Each forge in turn."""
    clock = VirtualClock()
    with serving(request.param) as server:
        rest, forge = started(request.param, server, clock)
        with closing(rest):
            yield OnForge(request.param, server, rest, forge, clock)


def test_one_comment_is_posted_then_updated_then_left(on):
    """It is ours by marker and author; an equal text makes no write; what others wrote stays."""
    on.server.add_comment(f"{MARK}\nforged", "somebody-else")
    assert on.sticky().comment(7).how == "created"
    assert on.sticky("no changes").comment(7).how == "updated"
    writes = len(on.methods())
    assert on.sticky("no changes").comment(7).how == "unchanged"
    assert on.methods()[writes:] == ["GET"]
    assert on.bodies()[0] == f"{MARK}\nforged"
    assert [body.splitlines()[-1] for body in on.bodies()] == ["forged", "no changes"]


def test_a_comment_names_its_real_author_and_where_it_is_seen(on):
    """The author that the forge answers with is the one recorded in the text, and the address leads there."""
    posted = on.sticky().comment(7)
    record = Record.read(on.bodies()[0])
    assert record is not None
    assert record.author.removesuffix("[bot]") == on.me.removesuffix("[bot]")
    assert posted.url.startswith("https://")
    assert str(on.server.comments[0]["id"]) in posted.url


def test_ours_is_found_behind_many_others(on):
    """Every page is read, in the forge's own way of paging."""
    for number in range(250):
        on.server.add_comment(f"comment {number}", "somebody-else")
    on.sticky().comment(7)
    assert on.sticky("later").comment(7).how == "updated"
    assert len(on.bodies()) == 251


def test_duplicates_of_ours_go(on):
    """Two runs at once may both post; the next one leaves one comment."""
    for _ in range(2):
        on.server.add_comment(f"{MARK}\nold", on.me)
    on.sticky().comment(7)
    assert [body.splitlines()[-1] for body in on.bodies()] == ["two changes"]


def test_an_older_run_never_overwrites_a_newer_one(on):
    """Runs are compared by the ids that the forge gives them."""
    on.sticky("newer", run=(101, 1)).comment(7)
    assert on.sticky("older", run=(100, 1)).comment(7).how == "kept"
    assert on.bodies()[0].splitlines()[-1] == "newer"


def test_a_text_that_this_server_finds_too_long_is_sent_again_half_as_long(on):
    """Each forge says so with another status; the second attempt is the last."""
    on.server.max_body = 40_000
    assert on.sticky("x").comment(7).how == "created"
    assert len(on.bodies()[0]) <= 30_001
    on.server.comments.clear()
    on.server.max_body = 10
    with pytest.raises(RestError):
        on.sticky("x").comment(7)


@pytest.mark.parametrize("excess", [-1, 0, 1])
def test_no_comment_is_over_the_forges_limit(on, excess):
    """Whatever limit is asked for, the forge's own is kept: 65,536 characters, on GitLab 1,000,000."""
    most = 1_000_000 if on.name == "gitlab" else 65_536
    assert on.sticky("x", limit=most + excess).comment(7).how == "created"
    assert len(on.bodies()[0]) == min(most, most + excess)
    assert on.methods() == ["GET", "POST"]


def test_an_edit_that_is_forbidden_makes_a_new_comment_and_says_so(on):
    """The old one is deleted where that is allowed; where it isn't, the result names it as out of date."""
    on.sticky("old").comment(7)
    identity = on.server.comments[0]["id"]
    on.server.locked.add(identity)
    posted = on.sticky("new").comment(7)
    assert posted.how == "created"
    assert posted.note
    assert on.bodies()[-1].splitlines()[-1] == "new"
    if on.name == "gitlab":  # the stand-ins of GitHub's family forbid both
        assert len(on.bodies()) == 1
        return
    assert "out of date" in posted.note
    assert len(on.bodies()) == 2


def test_a_comment_deleted_meanwhile_is_posted_anew(on):
    """A 404 on the update is no failure."""
    on.sticky("old").comment(7)
    listed = [dict(on.server.comments[0])]
    on.server.comments.clear()
    on.server.answers = [(200, {}, listed)]
    assert on.sticky("new").comment(7).how == "created"


@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_is_waited_out(on, status):
    """Retry-After is honoured by the clock, with any status that limits have."""
    on.server.answers = [(status, {"Retry-After": "17"}, {"message": "slow down"})]
    assert on.sticky().comment(7).how == "created"
    assert 17 <= sum(on.clock.waits) <= 17.5


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_moment_to_come_back_is_waited_for(on, status):
    """Retry-After may be a date too (RFC 9110, 10.2.3), and a server that fails may send it as well."""
    moment = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=100), usegmt=True)
    on.server.answers = [(status, {"Retry-After": moment}, {"message": "slow down"})]
    assert on.sticky().comment(7).how == "created"
    assert 90 <= sum(on.clock.waits) <= 101.5


@pytest.mark.parametrize(("method", "attempts"), [("GET", MAX_ATTEMPTS), ("PATCH", MAX_ATTEMPTS), ("POST", 1)])
def test_a_broken_connection_is_tried_again_where_that_repeats_nothing(method, attempts):
    """A POST whose connection broke may have posted; what reads or sets can be sent again."""
    sent = []

    def broken(request):
        sent.append(request.method)
        raise httpx.RemoteProtocolError("broke")

    with httpx.Client(base_url="https://forge.test", transport=httpx.MockTransport(broken)) as client:
        rest = Rest(client, VirtualClock(), GITHUB.dialect, Scrubber())
        with pytest.raises(RestError, match="no answer from GitHub"):
            rest.call(method, "/x")
    assert sent == [method] * attempts


def test_a_limit_without_a_time_backs_off_and_gives_up(on):
    """A 429 in words of the forge's own is a limit too, and the number of attempts is bounded."""
    on.server.answers = [(429, {}, {"message": "This endpoint has been requested too many times"})] * MAX_ATTEMPTS
    with pytest.raises(RestError, match="429"):
        on.sticky().comment(7)
    assert len(on.clock.waits) == MAX_ATTEMPTS - 1


def test_a_post_is_not_repeated_after_a_server_error(on):
    """A 502 after a POST may have posted: the next run will see."""
    on.forge.whoami()
    asked = len(on.methods())
    on.server.answers = [(200, {}, []), (502, {}, {"message": "bad gateway"})]
    with pytest.raises(RestError, match="502"):
        on.sticky().comment(7)
    assert on.methods()[asked:] == ["GET", "POST"]


def test_the_next_page_never_leads_to_another_host(on):
    """The token does not follow a link elsewhere."""
    on.server.answers = [(200, {"Link": '<http://elsewhere.test/x>; rel="next"'}, [])]
    with pytest.raises(RestError, match="another host"):
        on.sticky().comment(7)


def test_a_wrong_address_is_named_by_its_variable(on):
    """Something that answers otherwise is an error that names the variable to check."""
    on.server.answers = [(200, {}, {"not": "a list"})]
    with pytest.raises(ForgeError, match=on.rest.dialect.address_variable):
        on.sticky().comment(7)


def test_the_drift_issue_is_opened_updated_and_closed(on):
    """One issue for as long as there is drift, found among many, pull requests and copies of its marker left alone."""
    mark = marker("drift", "reconciler.yaml", "production")
    on.server.add_issue("theirs", f"{mark}\n", "somebody-else")
    for number in range(120):
        on.server.add_issue(f"issue {number}", "", "somebody-else")
    if on.name != "gitlab":
        on.server.add_issue("pr", f"{mark}\n", on.me)["pull_request"] = {}
    before = len(on.server.issues)
    assert on.sticky("one change", mark).issue("Drift", drifted=True).how == "created"
    assert on.sticky("one change", mark).issue("Drift", drifted=True).how == "unchanged"
    assert on.sticky("two changes", mark).issue("Drift", drifted=True).how == "updated"
    assert on.sticky("no changes", mark).issue("Drift", drifted=False).how == "closed"
    assert on.sticky("no changes", mark).issue("Drift", drifted=False).how == "none"
    assert len(on.server.issues) == before + 1
    assert on.texts()[-1][0] == "closed"
    assert "no changes" in on.texts()[-1][1]
    assert {state for state, _ in on.texts()[:-1]} <= {"open", "opened"}


@pytest.mark.parametrize("name", FORGES)
def test_every_hostile_text_arrives_harmless(name):
    """A plan full of it is posted as rendered, and rendered so that nothing acts: not as a quick action either."""
    clock = VirtualClock()
    with serving(name) as server:
        rest, forge = started(name, server, clock)
        with closing(rest):
            on = OnForge(name, server, rest, forge, clock)
            for number, raw in enumerate(HOSTILE):
                made = sample.hostile(raw)
                shown = render_plan(made, max_size=60_000)
                mark = marker("plan", raw, str(number))
                posted = on.sticky(mark=mark, render=lambda _, shown=shown: shown).comment(number + 1)
                assert posted.how == "created"
                head, by, text = server.comments[-1]["body"].split("\n", 2)
                assert (head, text.rstrip()) == (mark, shown.rstrip())
                assert Record.read(f"{head}\n{by}\n") is not None
                assert not any(judge.QUICK_ACTION.match(line) for line in text.splitlines())


@pytest.mark.parametrize(("kind", "bot"), [(GITEA, "gitea-actions"), (FORGEJO, "forgejo-actions")])
def test_the_servers_own_account_is_known_by_its_id(kind, bot):
    """A token that may not ask who it is recognises the comment of its own job, and nobody who took that name."""
    clock = VirtualClock()
    with running_gitea(bot=bot, sees_user=False) as server:
        rest = Rest.connect(f"{server.url}/api/v1", "the_job_token", clock, kind.dialect)
        on = OnForge("gitea", server, rest, GitHubForge(rest, "example/fleet", kind), clock)
        with closing(rest):
            server.add_comment(f"{MARK}\nforged", bot)["user"]["id"] = 17
            assert on.sticky().comment(7).how == "created"
            assert on.sticky("later").comment(7).how == "updated"
            assert len(server.comments) == 2


def test_a_projects_token_is_known_by_its_bots_name():
    """Where GitLab does not say who the token is, its last note does, if the author is a token's bot."""
    clock = VirtualClock()
    with running_gitlab(sees_user=False) as server:
        rest, forge = started("gitlab", server, clock)
        on = OnForge("gitlab", server, rest, forge, clock)
        with closing(rest):
            forged = Record(author="somebody-else", run=None, planned_at="2026").line()
            server.add_comment(f"{MARK}\n{forged}\nforged", "somebody-else")
            assert on.sticky().comment(7).how == "created"
            assert on.sticky("later").comment(7).how == "updated"
            assert len(server.notes) == 2
            assert server.notes[0]["body"].endswith("forged")


def test_notes_of_gitlab_itself_are_passed_over():
    """What GitLab says of a merge request is a note by whoever caused it, and never ours."""
    clock = VirtualClock()
    with running_gitlab() as server:
        rest, forge = started("gitlab", server, clock)
        with closing(rest):
            server.add_comment(f"{MARK}\nchanged title", server.login, system=True)
            assert OnForge("gitlab", server, rest, forge, clock).sticky().comment(7).how == "created"


def test_gitlabs_words_of_each_field_are_shown():
    """Its messages hold a list for each field; a wrong field other than a long text is not sent again shorter."""
    clock = VirtualClock()
    with running_gitlab() as server:
        rest, forge = started("gitlab", server, clock)
        with closing(rest):
            server.answers = [(200, {}, []), (400, {}, {"message": {"note": ["can't be blank", "is odd"]}})]
            with pytest.raises(RestError, match=r"note can't be blank is odd") as caught:
                OnForge("gitlab", server, rest, forge, clock).sticky().comment(7)
            assert caught.value.refusal is Refusal.OTHER
            assert len(server.notes) == 0
