"""A plan as Markdown: what matters leads, what must be cut is cut between runners, and nothing in it acts."""

from __future__ import annotations

import pytest

from reconciler.errors import ManifestError, PlanFileError
from reconciler.model.finding import Finding
from reconciler.model.position import Position, Problem
from reconciler.model.report import Failure, Outcome, Report, RequestCount
from reconciler.render.views import plan_markdown, report_markdown
from tests.fakes import markdown_judge as judge
from tests.fakes import sample_plans as sample
from tests.fakes.hostile import HOSTILE
from tests.fakes.runners import make_change


def large(count, **fields):
    """A plan of many updates, each of its own."""
    each = (
        sample.action(key=f"runner-{number:04}", changes=(sample.tags((), (f"tag-{number}",)),))
        for number in range(count)
    )
    return sample.plan(*each, **fields)


def finding(number=1, **fields):
    """A finding."""
    known = {"code": "stranded-tags", "severity": "warning", "message": f"message {number}"}
    return Finding(**known | fields)


def well_formed(shown):
    """Whether every fold and every fence is closed, and nothing acts."""
    layout = "".join(token.content for token in judge.parser().parse(shown) if token.type == "html_block")
    return judge.acts(shown) == [] and layout.count("<details") == layout.count("</details>")


def test_everything_is_shown():
    """Headline, capacity, findings, then one block a runner."""
    shown = plan_markdown.render_plan(sample.everything())
    assert shown.startswith(
        "## Plan for `production`\n\n"
        "**1 to create, 2 to update (1 turns off), 1 to disable, 5 unchanged, 2 unmanaged**\n\n"
        "**Capacity:** `gpu+sdxl`: 3 -> 1 runners; wildcard: 1 -> 0\n\n"
        "**This plan cannot be applied:** 1 error not accepted.\n\n"
        "Sandbox `demo.db`: the embedded emulator, not the service.\n\n"
    )
    for part in (
        "- **error** `too-many-disables`: 2 runners stop",
        "- accepted warning `credential-redirect` `prod-a100-1` (`runners/p.yaml:10`): ",
        "(accepted by manifest: moved to the new pool (until 2026-12-31))",
        "<summary><code>~ prod-a100-1</code> <code>Production GPU Runner</code>: name, endpoint, headers, tags<",
        '- name "GPU Runner"\n+ name "Production GPU Runner"\n',
        "- header X-Old (sensitive)\n! header Authorization (sensitive)\n",
        "- header X-Pool a100\n+ header X-Pool h100\n+ header X-New (sensitive)\n",
        "  header X-Unknown (value not known here)\n",
        "- tag sdxl\n+ tag image-generation\n",
        "- status active\n+ status disabled\n! turns off\n",
        "- in two writes: widen, then narrow\n- narrow after: `prod-b`, `prod-c`\n",
        "Requests: 13 reads done, 6 writes and 1 check to come; at the rate limit they take at least 20 s.\n",
    ):
        assert part in shown
    assert "abcdefgh12345" not in shown
    assert well_formed(shown)
    assert judge.count(shown, "fence") == 4


def test_no_changes():
    """A plan without changes says so instead of showing nothing."""
    shown = plan_markdown.render_plan(sample.plan(unchanged=6, environment="staging"))
    assert shown.startswith("## No changes for `staging`\n\n6 runners match the manifests.\n\n")


@pytest.mark.parametrize(("count", "opened"), [(12, True), (13, False)])
def test_a_small_plan_is_unfolded(count, opened):
    """Up to twelve runners show at once; more are folded."""
    assert ("<details open>" in plan_markdown.render_plan(large(count))) == opened


def test_two_thousand_changes_fit_a_comment():
    """A large plan keeps its headline, findings and counts, and says how many runners are left out."""
    plan = large(2000, findings=tuple(finding(number) for number in range(20)))
    shown = plan_markdown.render_plan(plan)
    assert len(shown) <= 60_000
    assert len(shown) > 58_000
    assert well_formed(shown)
    blocks = judge.count(shown, "fence")
    assert f"**{2000 - blocks} more runners** not shown here: {2000 - blocks} to update." in shown
    assert "2000 to update" in shown
    assert all(f"message {number}\n" in shown for number in range(20))


@pytest.mark.parametrize("count", [0, 1, 300])
def test_thousands_of_findings_are_counted(count):
    """Findings take at most half of the room beside runners, and are counted where they are cut."""
    plan = large(count, findings=tuple(finding(number) for number in range(5000)))
    shown = plan_markdown.render_plan(plan)
    assert len(shown) <= 60_000
    assert "more findings\n" in shown
    assert (judge.count(shown, "fence") > 0) == (count > 0)
    assert well_formed(shown)


@pytest.mark.parametrize("size", [0, 100, 500, 700, 1000, 1500, 2000, 3000, 4000, 6000])
def test_the_limit_holds_at_any_size(size):
    """Whatever the limit, it is never passed, and what is left is whole Markdown."""
    for plan in (sample.everything(), large(30, findings=(finding(), finding()))):
        shown = plan_markdown.render_plan(plan, max_size=size)
        assert len(shown) <= size
        assert well_formed(shown)


def test_what_is_left_out_is_counted():
    """A plan with room for its notes is whole; without it, runners are left out and counted."""
    plan = large(3)
    whole = plan_markdown.render_plan(plan)
    assert "more runner" not in whole
    assert "more runners** not shown here: " in plan_markdown.render_plan(plan, max_size=len(whole))


def test_the_base_view_leads_with_what_this_change_brings():
    """With a base, the branch's own changes and conflicts lead, and old drift is folded behind them."""

    def update(key, *origins):
        fields = ("name", "endpoint", "status")
        return sample.action(
            key=key,
            changes=tuple(
                make_change(field=field, before="a", after="b", origin=origin)
                for field, origin in zip(fields, origins, strict=False)
            ),
        )

    plan = sample.plan(update("a-drift", "drift"), update("b-mixed", "drift", "conflict"), update("c-new", "branch"))
    shown = plan_markdown.render_plan(plan)
    order = [
        shown.index(part)
        for part in (
            "### What this change brings\n",
            "<code>~ b-mixed</code>",
            "! endpoint: conflict, this change and a live edit touch it\n- endpoint a\n+ endpoint b\n",
            "  name: drift that was there before\n- name a\n",
            "<code>~ c-new</code>",
            "<summary>Drift that was there before: 1 runner</summary>",
            "<code>~ a-drift</code>",
        )
    ]
    assert order == sorted(order)
    assert well_formed(shown)


@pytest.mark.parametrize("size", [900, 1200, 1600, 2500, 5000, 60_000])
def test_drift_is_cut_before_what_this_change_brings(size):
    """When there is no room, old drift goes first, and its fold is closed."""
    drift = (make_change(field="name", before="a", after="b", origin="drift"),)
    branch = (make_change(field="name", before="a", after="b", origin="branch"),)
    plan = sample.plan(
        *(sample.action(key=f"d{number}", changes=drift) for number in range(9)),
        sample.action(key="mine", changes=branch),
    )
    shown = plan_markdown.render_plan(plan, max_size=size)
    assert well_formed(shown)
    assert len(shown) <= size
    assert "<code>~ mine</code>" in shown or "<code>~ d0</code>" not in shown


@pytest.mark.parametrize("raw", HOSTILE)
def test_hostile_text_is_harmless(raw):
    """A plan, a report and an error full of hostile text are still our Markdown."""
    plan = sample.hostile(raw)
    assert well_formed(plan_markdown.render_plan(plan))
    outcomes = tuple(
        Outcome(key=raw, action="update", id=raw, status=status, error=Failure(raw, raw))
        for status in ("failed", "applied")
    )
    assert judge.acts(report_markdown.render_report(Report(outcomes, RequestCount()), plan)) == []
    assert judge.acts(report_markdown.render_error(ManifestError([Problem(Position(raw, 1, 1), raw)]))) == []
    assert judge.acts(report_markdown.render_error(PlanFileError(raw))) == []


def test_a_report_says_what_is_not_applied():
    """Counts, then each action that is not applied with its reason, then what was applied."""
    shown = report_markdown.render_report(sample.report("applied", "failed", "stale"), sample.everything())
    assert shown == (
        "## Applied for `production`\n\n**Applied: 0 created, 1 updated, 0 disabled.**\n\n"
        "Sandbox `demo.db`: the embedded emulator, not the service.\n\n"
        "**Not applied: 1 failed, 1 stale.** Run plan to see what remains, then apply again.\n\n"
        "- **failed** `runner-2` (update): why failed\n"
        "- **stale** `runner-3` (update): why stale\n\n"
        "Applied:\n\n- `runner-1` (update)\n\n"
        "Requests: 1 read, 3 writes.\n"
    )


def test_a_long_report_is_cut_between_lines():
    """Thousands of outcomes stay below the limit, and the rest is counted."""
    shown = report_markdown.render_report(sample.report(*["failed"] * 3000), sample.plan(), max_size=5000, expand=True)
    assert len(shown) <= 5000
    listed = shown.count("- **failed**")
    assert f"- and {3000 - listed} more\n" in shown


def test_problems_are_listed_with_their_places():
    """Each problem of the manifests is an item with its place."""
    error = ManifestError([Problem(Position("a.yaml", 3, 7), "11 tags, the API takes at most 10")])
    assert report_markdown.render_error(error) == (
        "## 1 problem in the manifests\n\n- `a.yaml:3:7`: 11 tags, the API takes at most 10\n\n"
    )


def test_another_error_is_said_line_by_line():
    """The first line of an error leads, the others are a list."""
    assert report_markdown.render_error(PlanFileError("stale\n  a moved\n  b moved")) == (
        "## Not done\n\nstale\n\n- a moved\n- b moved\n\n"
    )


def test_clearing_all_tags_is_spelled_out():
    """A runner left without tags takes any workflow, and the block says that."""
    one = sample.action("create", at=None, changes=(sample.tags(("a",), ()),))
    assert "```diff\n- tag a\n! no tags: takes any workflow\n```\n\n\n</details>" in plan_markdown.render_plan(
        sample.plan(one)
    )


@pytest.mark.parametrize("size", [20_000, 60_000])
def test_wide_characters_count_as_characters(size):
    """GitHub counts characters, not bytes; so do we."""
    plan = sample.plan(*(sample.action(key=f"r{n}", name="日本語" * 30) for n in range(500)))
    assert size - 1000 < len(plan_markdown.render_plan(plan, max_size=size, expand=True)) <= size


def test_a_block_too_large_for_the_room_ends_the_list():
    """A single runner of monstrous size is counted, not cut in two."""
    one = sample.action(changes=(sample.tags((), ("t" * 70_000,)),))
    shown = plan_markdown.render_plan(sample.plan(one))
    assert "**1 more runner** not shown here: 1 to update." in shown
    assert well_formed(shown)
