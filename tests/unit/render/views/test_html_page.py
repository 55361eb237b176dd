"""The HTML reports: self-contained, escaped, complete."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from reconciler.errors import ManifestError, PlanFileError
from reconciler.model.demand import Asked, Demand
from reconciler.model.finding import Finding
from reconciler.model.plan import Capacity, UnmanagedRunner
from reconciler.model.position import Position, Problem
from reconciler.model.report import Failure, Outcome, Report, RequestCount
from reconciler.model.results import Applied
from reconciler.render import escape
from reconciler.render.views import html_page
from tests.fakes import sample_plans as sample
from tests.fakes.hostile import HOSTILE
from tests.fakes.rendering import rendered
from tests.fakes.runners import make_change

VOID = {"meta", "input"}


class Page(HTMLParser):
    """What a page consists of."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = [], [], [], []
        self.held = {}
        self.feed(source)
        self.close()
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        """Count it, and remember what is open."""
        self.tags.append(tag)
        self.attributes += [(tag, *each) for each in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Every element is closed in its turn."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Text, but for style and script, which are kept apart."""
        if self.open and self.open[-1] in ("style", "script"):
            self.held[self.open[-1]] = data
        else:
            self.words.append(data)


def harmless(source):
    """Whether a page is ours alone: our elements, closed; no handler, no address but its own; nothing hidden."""
    page = Page(source)
    allowed = {"#", "no-referrer"}
    return (
        page.open == []
        and not set(page.tags) & {"img", "svg", "iframe", "object", "embed", "link", "base", "b", "textarea"}
        and page.tags.count("script") <= 1
        and not any(name.startswith("on") or name in ("src", "style", "action") for _, name, _ in page.attributes)
        and all(value[:1] in allowed for _, name, value in page.attributes if name == "href")
        and all(row == escape.text(row) for row in source.split("\n"))
    )


def test_everything_is_shown():
    """Counts, verdict, capacity, findings, matrix, changes, unmanaged: each part of a plan is on its page."""
    page = Page(html_page.render_plan(sample.everything()))
    for part in (
        "Plan production",
        "https://api.comfycontrol.app, planned at 2026-01-15T10:30:00Z",
        "Sandbox demo.db: the embedded emulator, not the service.",
        "Limited to prod-*, new-1;",
        "to create 1 to update, 1 turns off 2 to disable 1 unchanged 5 unmanaged 2",
        "This plan cannot be applied. 1 error not accepted.",
        "gpu+sdxl 3 → 1 runner",
        "any workflow 1 → 0 runners ▲ stranded",
        "error too-many-disables 2 runners stop being active",
        "accepted warning credential-redirect prod-a100-1 runners/p.yaml:10 the host changes",
        "accepted by manifest: moved to the new pool (until 2026-12-31)",
        "~ prod-a100-1 Production GPU Runner update, matched by id, runners/p.yaml:8",
        "name \u2212 GPU Runner + Production GPU Runner",
        "headers \u2212 X-Old: (sensitive) ~ Authorization: (sensitive) ~ X-Pool: a100",
        "+ X-New: (sensitive) ~ Authorization: (sensitive) ~ X-Pool: h100 X-Unknown: not known here",
        "tags gpu \u2212 sdxl gpu + image-generation",
        "status \u2212 active + disabled turns off",
        "unmanaged (kept): status in two writes: widen, then narrow narrow after: prod-b, prod-c",
        "somebody's runner 6a other 6b",
    ):
        assert part in page.text
    assert "abcdefgh12345" not in page.text


def test_a_plan_without_changes():
    """No filter, no script, no empty table: the closing line."""
    page = Page(html_page.render_plan(sample.plan(unchanged=6)))
    assert "No changes. 6 runners match the manifests." in page.text
    assert not set(page.tags) & {"script", "form", "table"}


def test_what_workflows_ask_for_has_a_table():
    """Sets, counts and servers before and after, also where nothing changes; text from outside is escaped."""
    demand = Demand((Asked(("<b>", "gpu"), 3, 37, "2026-01-15T10:30:00Z", 1, 0),), 500)
    page = Page(html_page.render_plan(sample.plan(unchanged=6, demand=demand)))
    assert "What workflows ask for Tags Under way Of the last 500" in page.text
    assert "▲ <b> + gpu 3 37 2026-01-15T10:30:00Z 1 0" in page.text
    assert "b" not in page.tags


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (sample.plan(sample.action()), "This plan can be applied. Requests: 1 read done, 1 write to come."),
        (sample.plan(sample.action(), complete=False), "This plan cannot be applied."),
        (sample.plan(sample.action(), live_as_of="2026-01-01"), "This plan cannot be applied."),
    ],
)
def test_the_verdict(plan, said):
    """The page says whether apply would go on."""
    assert said in Page(html_page.render_plan(plan)).text


def test_the_policy_allows_only_our_own_style_and_script():
    """The hashes of the policy are those of the very text in the page; all else is refused."""
    page = Page(html_page.render_plan(sample.everything()))
    policy = next(value for tag, name, value in page.attributes if tag == "meta" and value and "default-src" in value)
    digests = {kind: base64.b64encode(hashlib.sha256(page.held[kind].encode()).digest()).decode() for kind in page.held}
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digests['style']}'; script-src 'sha256-{digests['script']}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"url\(|@import|https?:", page.held["style"] + page.held["script"])


def test_where_a_change_comes_from():
    """With a base, each field says what brought it."""
    changes = tuple(
        make_change(field=field, before="a", after="b", origin=origin)
        for field, origin in (("name", "branch"), ("endpoint", "drift"), ("status", "conflict"))
    )
    text = Page(html_page.render_plan(sample.plan(sample.action(changes=changes)))).text
    assert "name this change \u2212 a + b endpoint drift before it \u2212 a + b status conflict \u2212 a + b" in text


def test_old_drift_comes_last():
    """With a base, runners of which only old drift is put right stand behind all others."""

    def update(key, origin):
        return sample.action(key=key, changes=(make_change(field="name", before="a", after="b", origin=origin),))

    source = html_page.render_plan(sample.plan(update("a", "drift"), update("b", "branch")))
    assert source.index('id="runner-1"') < source.index('id="runner-0"')


def test_a_large_plan_stays_bounded():
    """The table of tags keeps to its cells, and every runner is there."""
    actions = [
        sample.action(key=f"r{n}", changes=(sample.tags((), tuple(f"t{n}-{i}" for i in range(9))),)) for n in range(600)
    ]
    source = html_page.render_plan(sample.plan(*actions))
    assert source.count("<article") == 600
    assert "Not in this table: 200 more runners, 5360 more tags" in source


@pytest.mark.parametrize(("count", "more"), [(200, False), (201, True)])
def test_unmanaged_runners_are_bounded(count, more):
    """Two hundred unmanaged runners are named, the others counted."""
    plan = sample.plan(unmanaged=tuple(UnmanagedRunner(str(n), f"n{n}") for n in range(count)))
    assert ("and 1 more" in html_page.render_plan(plan)) == more


@pytest.mark.parametrize(("count", "more"), [(24, False), (25, True)])
def test_capacity_is_bounded(count, more):
    """Two dozen sets are named, the others counted."""
    plan = sample.plan(sample.action(), capacity=tuple(Capacity((f"t{n}",), 1, 2) for n in range(count)))
    assert ("and 1 more" in html_page.render_plan(plan)) == more


def test_a_report():
    """What is not applied leads, with its reason; then what was."""
    plan = sample.everything()
    text = Page(html_page.render_report(sample.report("applied", "failed", "stale"), plan)).text
    assert "Applied production" in text
    assert "Applied: 0 created, 1 updated, 0 disabled. Not applied: 1 failed, 1 stale." in text
    order = [text.index(part) for part in ("failed runner-2", "stale runner-3", "applied runner-1")]
    assert order == sorted(order)
    assert "Interrupted" in html_page.render_report(sample.report("applied", interrupted=True), plan)


def test_errors():
    """Problems are listed with their places, other errors line by line."""
    problems = ManifestError([Problem(Position("a.yaml", 3, 7), "bad")])
    assert "1 problem in the manifests a.yaml:3:7: bad" in Page(html_page.render_error(problems)).text
    assert "Not done stale a moved" in Page(html_page.render_error(PlanFileError("stale\n\n  a moved"))).text


@pytest.mark.parametrize("raw", HOSTILE)
def test_hostile_text_is_text(raw):
    """Wherever a text from outside stands, it is text: shown in full, hidden characters by their codes."""
    headers = make_change(field="headers", added=(raw,), changed=("c" + raw,), unknown=(raw,), public={raw: (raw, raw)})
    plan = sample.plan(
        sample.action(
            key=raw,
            name=raw + "x",
            at=Position(raw, 1, 1),
            changes=(make_change(field="name", before=raw, after=raw), headers, sample.tags((raw,), ())),
        ),
        environment=raw,
        api_url=raw,
        created_at=raw,
        sandbox=raw,
        targets=(raw,),
        live_as_of=raw,
        unmanaged=(UnmanagedRunner(raw, raw),),
        capacity=(Capacity((raw,), 1, 0),),
        findings=(Finding(code=raw, severity="error", message=raw, key=raw, at=Position(raw, 1, 1), accepted_by=raw),),
    )
    outcomes = (Outcome(key=raw, action=raw, id=raw, status="failed", error=Failure(raw, raw)),)
    pages = [
        html_page.render_plan(plan),
        html_page.render_report(Report(outcomes, RequestCount()), plan),
        html_page.render_lines(raw, [raw]),
        html_page.render_table(raw, [raw], [[raw]], [raw]),
        html_page.render_error(PlanFileError(raw)),
    ]
    assert all(harmless(page) for page in pages)
    assert " ".join(escape.text(raw).split()) in Page(pages[0]).text


@pytest.mark.parametrize(
    ("form", "begins"), [("text", "Sandbox"), ("json", "{\n"), ("markdown", "## "), ("html", "<!doctype html>")]
)
def test_formats(form, begins):
    """A plan and a report come in each of the four formats."""
    plan = sample.everything()
    assert rendered(plan, form).startswith(begins)
    shown = rendered(Applied(sample.report("applied"), plan), form)
    assert shown.startswith(begins)
