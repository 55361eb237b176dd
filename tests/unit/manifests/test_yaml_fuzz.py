"""Whatever a file holds: documents or problems, never an exception; and what PyYAML reads, we read the same."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests.yaml import read as reader
from reconciler.manifests.yaml.nodes import Map, Scalar, Seq
from reconciler.manifests.yaml.read import read_documents
from tests.fakes.checks import check_manifest, check_project

GOOD = """\
version: 1
defaults: &d {tags: [production], status: active}
profiles:
  a100: {tags: [gpu-a100], headers: {X-Pool: a100}}
runners:
  prod-a100-1:
    <<: *d
    id: 550e8400-e29b-41d4-a716-446655440000
    profiles: [a100]
    endpoint: "https://comfy-1.${var:domain}"
    headers:
      Authorization: Bearer ${env:RECONCILER_PROD_TOKEN}
      X-Pool: ~
    wildcard: true
    accept: [{code: stranded-tags, reason: moved, until: 2026-12-31}]
guard: {max_changes: 50%, severity: {coverage: off}}
"""
PIECES = (
    *("&a ", "*a", "*d", "<<: ", "!!str ", "!!int ", "!!null", "!x ", "!<%ff> ", "? ", ": ", "- ", "{", "}", "[", "]"),
    *("\n", "  ", "\t", "'", '"', "|\n", ">-\n", "---\n", "...\n", "%TAG ! tag:\n", "%YAML 1.1\n", "#", "\\x00", "\\"),
    *(",", "0x", "~", "\ufeff", "\u2028", "\x85", "\r", "\0", "\x1b", "\ud800", "${var:x}", "1:30", "2024-01-01"),
    *("@", "`", "\U0001f600"),
)
mutations = st.lists(
    st.tuples(st.integers(0, len(GOOD)), st.integers(0, 6), st.sampled_from(PIECES)), min_size=1, max_size=8
)


def survive(content):
    """Read and check a file as both kinds; what comes out must be well-formed."""
    problems = []
    for document in read_documents(content, "f.yaml", problems):
        assert isinstance(document, Map)
        assert document.key_at.keys() == document.value_at.keys() == document.keys()
        check_manifest(document, "f.yaml", problems)
        check_project(document, "f.yaml", problems)
    for problem in problems:
        assert problem.at.line >= 1
        assert problem.at.column >= 1
        assert problem.message.isprintable()


@given(st.binary(max_size=200))
def test_any_bytes_give_documents_or_problems(content):
    """No bytes make the reader fail."""
    survive(content)


@given(st.text(alphabet=st.sampled_from("ab:-?{}[],&*!|>'\"%@`#~<\n\t 01.\\\r\ufeff\u2028é"), max_size=80))
def test_any_text_gives_documents_or_problems(content):
    """No text of YAML's own signs makes the reader fail."""
    survive(content)


@pytest.mark.parametrize("libyaml", [True, False], ids=["libyaml", "without libyaml"])
@settings(max_examples=150)
@given(changes=mutations)
def test_a_damaged_manifest_gives_documents_or_problems(libyaml, changes):
    """However a good manifest is damaged, the reader and the checks don't fail."""
    content = GOOD
    for at, removed, piece in changes:
        content = content[:at] + piece + content[at + removed :]
    before = reader.HAS_LIBYAML
    reader.HAS_LIBYAML = libyaml and before
    try:
        survive(content)
    finally:
        reader.HAS_LIBYAML = before


words = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12)
scalars = words | st.booleans() | st.integers(-(10**9), 10**9) | st.dates() | st.none()
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4), max_leaves=20
)


def plain(node):
    """A node as PyYAML's safe loader gives it."""
    if isinstance(node, Map):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, Seq):
        return [plain(item) for item in node]
    return node.value if isinstance(node, Scalar) else node


@given(st.dictionaries(words, trees, max_size=4), st.booleans())
def test_what_pyyaml_writes_is_read_back_the_same(tree, flow):
    """Text, numbers, dates, booleans, nulls, lists and mappings survive, in either style, with PyYAML's own aliases."""
    problems = []
    text = yaml.safe_dump(tree, allow_unicode=True, default_flow_style=flow)
    documents = read_documents(text, "f.yaml", problems)
    assert problems == []
    assert [plain(document) for document in documents] == [tree]
