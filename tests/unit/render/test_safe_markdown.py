"""Text from outside in Markdown is text: no mention, no link, no image, no HTML, no layout of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.render import escape
from tests.fakes import markdown_judge as judge
from tests.fakes.hostile import HOSTILE

PIECES = [*"ab1@#`|\\<>[]()!*_~$&:;./-+= \n\t{}'\"^%", "http://", "www.", "<!--", "GH-"]
NASTY = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@pytest.mark.parametrize("raw", HOSTILE)
def test_a_sentence_is_harmless_and_readable(raw):
    """Nothing in a sentence acts, and a reader sees all of it, hidden characters as their codes."""
    shown = escape.markdown(raw)
    assert judge.acts(shown) == []
    expected = escape.text(raw).replace("<!--", "<\\!--")
    assert judge.plain(shown).replace("`", "").split() == expected.replace("`", "").split()


@given(NASTY)
def test_any_sentence_is_harmless(raw):
    """Whatever is mixed together: nothing acts, nothing is lost, and it stays one paragraph."""
    shown = escape.markdown(raw)
    assert judge.acts(shown) == []
    expected = escape.text(raw).replace("<!--", "<\\!--")
    assert judge.plain(shown).replace("`", "").split() == expected.replace("`", "").split()
    assert judge.count(shown, "paragraph_open") <= 1


@given(NASTY)
def test_a_code_span_holds_everything(raw):
    """Inline code stays one piece of code, whatever backticks it holds."""
    children = judge.parser().parseInline(escape.code_span(raw))[0].children
    assert [child.type for child in children] == ["code_inline"]
    assert children[0].content == (escape.text(raw).replace("<!--", "<\\!--") or '""')


@given(st.lists(NASTY, max_size=4))
def test_a_fence_holds_everything(rows):
    """A fenced block ends where we end it."""
    tokens = judge.parser().parse(escape.fence(rows, "diff"))
    assert [token.type for token in tokens] == ["fence"]
    wanted = [escape.text(row).replace("<!--", "<\\!--") for row in rows]
    assert tokens[0].content == "".join(f"{row}\n" for row in wanted)


@given(NASTY)
def test_a_cell_stays_in_its_table(raw):
    """A table keeps its two columns, whatever text a cell holds as code."""
    rows = f"| a | b |\n| --- | --- |\n| {escape.code_span(raw, cell=True)} | x |\n"
    tokens = judge.parser().parse(rows)
    assert sum(token.type == "td_open" for token in tokens) == 2
    assert judge.acts(rows) == []


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("2 runners stop being active, the limit is 1", "2 runners stop being active, the limit is 1"),
        ("set guard.max_disables, then plan.", "set `guard.max_disables`, then plan."),
        ("see (https://x.example).", "see (`https://x.example`)."),
        ("ask @octocat!", "ask `@octocat`!"),
        ("45.00% is over 30.00% (9/20)", "45.00% is over 30.00% (9/20)"),
        ("- item", "`-` item"),
        ("a - b", "a `-` b"),
        ("don't", "don't"),
        ("say `wildcard: true`, or (`tags: [a]`).", "say `wildcard: true`, or (`tags: [a]`)."),
        ("`a` `b`", "`a` `b`"),
        ("x`a`", "`` x`a` ``"),
        ("``x`y``@octocat``", "``` ``x`y``@octocat`` ```"),
    ],
)
def test_plain_words_stay_plain(raw, shown):
    """Only words that could act become code; sentences stay sentences."""
    assert escape.markdown(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown"), [("a|b", "`a\\|b`"), ("a\\|b", "`a\\x7cb`"), ("", '`""`'), ("`", "`` ` ``"), (" a", "`  a `")]
)
def test_code_in_a_cell(raw, shown):
    """A pipe can't end a cell, also behind a backslash, where parsers differ."""
    assert escape.code_span(raw, cell=True) == shown


@pytest.mark.parametrize("piece", ["@", ".", "('", "` ", "`", "##", ":a", "<!--", "-1", "a", "\x1b", "| "])
def test_long_text_is_no_trap(piece):
    """The work grows with the length alone: a hundred thousand of anything come through at once."""
    raw = piece * 100_000 + "@"
    assert len(escape.markdown(raw)) >= 100_000
    assert len(escape.text(raw)) >= 100_000
