"""What comes from outside can't act in a terminal, a CI log or a JSON reader's output."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.render import escape
from tests.fakes.hostile import HOSTILE


def acts(shown: str) -> bool:
    """Whether some line of a text would be a workflow command, or holds a character that is not seen."""
    hidden = any(unicodedata.category(each) in {"Cc", "Zl", "Zp", "Cs"} for each in shown.replace("\n", ""))
    turned = re.search("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\u061c\ufeff\u00ad]", shown)
    command = any(row.strip().startswith("::") or re.search(r"##\w*\[", row) for row in shown.splitlines())
    return hidden or bool(turned) or command


@pytest.mark.parametrize("raw", HOSTILE)
def test_text_is_one_line_that_does_nothing(raw):
    """No hidden character, no line end and no workflow command is left, wherever in a line the text stands."""
    shown = escape.text(raw)
    assert not acts(shown)
    assert "\n" not in shown
    shown.encode()


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("prod-a100-1", "prod-a100-1"),
        ("C:\\models\\x", "C:\\models\\x"),
        ("日本語 ünïcödé", "日本語 ünïcödé"),
        ("a::b ::c", "a::b ::c"),
        ("# a [b] ## c [d]", "# a [b] ## c [d]"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\n\r\tb", "a\\n\\r\\tb"),
        ("\u202e", "\\u202e"),
        ("\U000e0041", "\\U000e0041"),
        ("\x7f\x85", "\\x7f\\x85"),
        ("\ud800", "\\ud800"),
        ("::error::x", ":\\:error::x"),
        (" \n::x", " \\n::x"),
        ("##[error]", "#\\#[error]"),
        ("###[x]", "##\\#[x]"),
        ("##vso[x]", "#\\#vso[x]"),
    ],
)
def test_text_changes_only_what_acts(raw, shown):
    """Harmless text stays readable; what acts is shown by its code or broken by one backslash."""
    assert escape.text(raw) == shown


@given(st.text())
def test_text_is_safe_and_settled(raw):
    """Whatever comes in: nothing acts, and a second pass changes nothing."""
    shown = escape.text(raw)
    assert not acts(shown)
    assert escape.text(shown) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("gpu-a100", "gpu-a100"),
        ("https://x.example:8188/a?b=c", "https://x.example:8188/a?b=c"),
        ("two words", '"two words"'),
        ("", '""'),
        ("(sensitive)", '"(sensitive)"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("a, b", '"a, b"'),
        ("::error::", '":\\:error::"'),
    ],
)
def test_a_value_is_quoted_where_it_would_run_on(raw, shown):
    """A value can't imitate the text around it: `(sensitive)` as a name stands in quotes."""
    assert escape.value(raw) == shown


@given(st.text())
def test_json_keeps_the_data(raw):
    """The escapes of `json_text` are JSON's own: the same data is read back, and no line of it acts."""
    encoded = escape.json_text(json.dumps({raw: [raw]}, ensure_ascii=False))
    assert json.loads(encoded) == {raw: [raw]}
    assert not acts(encoded)


@pytest.mark.parametrize("raw", HOSTILE)
def test_json_of_hostile_text(raw):
    """Hostile text is the same data after a round trip, in a document that can be printed and logged."""
    encoded = escape.json_text(json.dumps(raw, ensure_ascii=False))
    assert json.loads(encoded) == raw
    assert not acts(encoded)
    encoded.encode()


def test_json_keeps_line_ends_between_values():
    """Line ends between values are layout, and stay."""
    assert escape.json_text('{\n "é": 1\n}') == '{\n "é": 1\n}'


@pytest.mark.parametrize(("shown", "wide"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0)])
def test_columns(shown, wide):
    """East Asian wide characters take two columns, combining ones none."""
    assert escape.columns(shown) == wide


@pytest.mark.parametrize("odd", ["\u3164", "\u034f", "\U000e0100", "\ufe0f", "\u2800", "\u00a0", "\uffa0", "\u115f"])
@pytest.mark.parametrize(
    "show",
    [
        escape.text,
        escape.value,
        escape.markdown,
        escape.code_span,
        lambda raw: escape.fence([raw]),
        lambda raw: escape.json_text(json.dumps(raw, ensure_ascii=False)),
    ],
)
def test_every_form_shows_a_hidden_character(odd, show):
    """By its code, also where it is the only odd character of the text."""
    shown = show(f"run{odd}ner")
    assert odd not in shown
    assert f"{ord(odd) & 0xFF:02x}ner" in shown or "\\udd00ner" in shown
