"""Tags that no workflow can ask for."""

from __future__ import annotations

import re

import pytest

from reconciler.model.position import Position
from reconciler.planning.findings.registry import manifest_findings
from tests.fakes.small_plans import codes, entry, live, plan

TAGS_AT = Position("runners.yaml", 4, 11)


def messages(*tags, **fields):
    """What is said about these tags."""
    return [each.message for each in manifest_findings([entry(1, tags=tags, **fields)])]


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("a,b", 'has a comma: .* can send "a" and "b"; change the tag to these'),
        (",", "has a comma: .*; remove the tag"),
        ("a,a", 'has a comma: .* can send "a"; change the tag to that'),
        (" a", 'has a space at its start: .* can send "a"; change the tag to that'),
        ("a ", "has a space at its end: "),
        (" a, b ", 'has a comma and a space at its start and a space at its end: .* can send "a" and "b";'),
        ("a\u00a0", r"has a blank \(U\+00A0\) at its end"),
    ],
)
def test_a_tag_that_no_workflow_can_ask_for(tag, said):
    """A comma or outer blanks: the message names the character and what a workflow can send instead."""
    (message,) = messages("gpu", tag)
    assert message.startswith(f'no workflow can ask for the tag "{tag}", which has ')
    assert re.search(said, message)


@pytest.mark.parametrize("tag", ["a", "a b", "a;b", "ä.b", "a+b"])
def test_a_tag_that_a_workflow_can_ask_for(tag):
    """Inner spaces and other punctuation arrive as they are."""
    assert messages(tag) == []


def test_it_is_about_the_manifest():
    """Raised at the tags of the entry, at rest too; tags that the manifest leaves alone are not its own."""
    (finding,) = manifest_findings([entry(1, tags=("a,b",), field_at={"tags": TAGS_AT})])
    assert (finding.code, finding.severity, finding.key, finding.at) == ("unmatchable-tag", "warning", "gpu-1", TAGS_AT)
    assert codes(plan([entry(1, tags=("a,b",))], [live(1, tags=("a,b",))])) == ["unmatchable-tag"]
    assert codes(plan([entry(1, unmanaged=frozenset({"tags"}))], [live(1, tags=("a,b",))])) == []
