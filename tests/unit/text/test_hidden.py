"""A character that a reader can't see is shown by its code, whichever it is and whatever is around it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.text.hidden import code_of, is_hidden, show_hidden

IGNORABLE = (
    "00AD 034F 061C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F FEFF FFA0 FFF0-FFF8 "
    "1BCA0-1BCA3 1D173-1D17A E0000-E0FFF"
)
"""Default_Ignorable_Code_Point of Unicode 16, from DerivedCoreProperties.txt."""


def ranges(listed):
    """Every character of `A-B C …`, in hexadecimal."""
    for each in listed.split():
        first, _, last = each.partition("-")
        yield from map(chr, range(int(first, 16), int(last or first, 16) + 1))


def test_all_ignorable_characters_are_hidden():
    """Each one alone, so that none relies on another odd one next to it."""
    assert [hex(ord(each)) for each in ranges(IGNORABLE) if show_hidden(f"a{each}b") != f"a{code_of(each)}b"] == []


@pytest.mark.parametrize("category", ["Cc", "Cf", "Cs", "Co", "Zl", "Zp"])
def test_categories_that_draw_nothing_are_hidden(category):
    """Controls, formats, surrogates, private characters and separators, all of them."""
    of_it = [each for each in map(chr, range(0x110000)) if unicodedata.category(each) == category]
    assert of_it
    assert all(map(is_hidden, of_it))


def test_no_space_but_the_space_is_seen():
    """A name with a no-break space differs from the one with a space, and it shows."""
    spaces = {each for each in map(chr, range(0x110000)) if unicodedata.category(each) == "Zs"}
    assert {each for each in spaces if not is_hidden(each)} == {" "}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain ü 漢 e\u0301 😀 \u05d0", "plain ü 漢 e\u0301 😀 \u05d0"),
        ("a\u3164", "a\\u3164"),
        ("\u034f", "\\u034f"),
        ("x\U000e0100y", "x\\U000e0100y"),
        ("\u2800", "\\u2800"),
        ("⚙\ufe0f", "⚙\\ufe0f"),
        ("a\n\r\tb", "a\\n\\r\\tb"),
        ("\x1b[31m\x9b\ud800\u202e", "\\x1b[31m\\x9b\\ud800\\u202e"),
        ("\u2062\u2063\u2064", "\\u2062\\u2063\\u2064"),
    ],
)
def test_what_is_shown(text, shown):
    """The code as Python escapes it; what is visible stays as it is."""
    assert show_hidden(text) == shown


@given(st.text(st.characters()))
def test_nothing_hidden_is_left(text):
    """Afterwards nothing is hidden, and showing again changes nothing."""
    shown = show_hidden(text)
    assert not is_hidden(shown)
    assert show_hidden(shown) == shown
