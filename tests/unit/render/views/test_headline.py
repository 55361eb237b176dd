"""The headline of every format counts what must be seen before anything else."""

from __future__ import annotations

import re

import pytest

from reconciler.model.finding import Finding
from reconciler.model.results import Applied
from reconciler.render.views.plan_markdown import render_plan as render_markdown
from tests.fakes import sample_plans as sample
from tests.fakes.rendering import rendered

FORMATS = ("text", "markdown", "html")
NOISE = tuple(
    Finding(code="duplicate-endpoint", severity="warning", key=f"runner-{number}", message="shared " * 40)
    for number in range(400)
)
ACCEPTED = tuple(
    Finding(code=code, severity="error", message=f"hidden {code}", accepted=True, accepted_by="manifest: fine")
    for code in ("coverage", "no-active-runner", "coverage")
)
POLICY = Finding(code="policy-changed", severity="warning", message="guard.max_disables: before 0, after 99")


def shown(text):
    """The words of a page, markup aside."""
    text = re.sub(r"<style>.*?</style>|<script>.*?</script>|<[^>]+>|[`*]", " ", text, flags=re.DOTALL)
    return " ".join(text.split())


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_accepted_and_a_changed_policy_are_counted_first(form):
    """Before the findings, with their codes, in a plan and in the report of its apply."""
    plan = sample.plan(sample.action(), findings=(*NOISE, POLICY, *ACCEPTED))
    for result in (plan, Applied(sample.report(), plan)):
        text = shown(rendered(result, form))
        if form == "text" and "Findings" not in text:
            continue  # the text of an apply follows that of its plan
        assert re.search(r"3 accepted errors: coverage ?, no-active-runner ?\.", text)
        assert "Policy changed: 1 finding policy-changed" in text
        head = text.partition("shared")[0]
        assert "3 accepted errors" in head


@pytest.mark.parametrize("form", FORMATS)
def test_a_plan_without_them_says_nothing_of_them(form):
    """Warnings and errors that refuse are no accepted errors."""
    refusing = Finding(code="coverage", severity="error", message="too few")
    taken_on = Finding(code="brief-gap", severity="warning", message="a gap", accepted=True)
    text = shown(rendered(sample.plan(sample.action(), findings=(refusing, taken_on)), form))
    assert "accepted error" not in text
    assert "Policy changed" not in text


@pytest.mark.parametrize("size", [3_000, 10_000, 60_000])
def test_noise_pushes_them_out_of_no_comment(size):
    """400 noisy runners leave accepted errors, errors that refuse and the policy where they are: first."""
    refusing = Finding(code="too-many-disables", severity="error", message="refused")
    plan = sample.plan(sample.action(), findings=(*NOISE, POLICY, refusing, *ACCEPTED))
    text = render_markdown(plan, max_size=size)
    places = [text.index(word) for word in ("hidden coverage", "refused", "guard.max_disables", "shared shared")]
    assert places == sorted(places)
    assert len(text) <= size
