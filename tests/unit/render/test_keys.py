"""Many keys in little room, none left out."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.render.formats.layout import Layout
from reconciler.render.keys import MAX_LINES, fold, key_list


def unfolded(pieces):
    """Every key that folded pieces name, as a shell would expand them."""
    for piece in pieces:
        stem, brace, inner = piece.partition("{")
        if not brace:
            yield piece
            continue
        for part in inner.removesuffix("}").split(", "):
            first, _, last = part.partition("..")
            yield from (f"{stem}{n:0{len(first)}}" for n in range(int(first), int(last or first) + 1))


@pytest.mark.parametrize(
    ("keys", "folded"),
    [
        (["a", "b"], ["a", "b"]),
        (["gpu-1"], ["gpu-1"]),
        (["gpu-1", "gpu-2"], ["gpu-{1, 2}"]),
        (["gpu-1", "gpu-2", "gpu-3"], ["gpu-{1..3}"]),
        (["gpu-08", "gpu-09", "gpu-10", "gpu-12"], ["gpu-{08..10, 12}"]),
        (["gpu-9", "gpu-10"], ["gpu-9", "gpu-10"]),
        (["b-1", "a", "b-2"], ["b-{1, 2}", "a"]),
        (["1", "2", "3"], ["{1..3}"]),
        (["x y 1", "x y 2"], ['"x y 1"', '"x y 2"']),
        ([], []),
    ],
)
def test_folding(keys, folded):
    """Keys that differ in their last number only are one piece; three consecutive ones are a range."""
    assert fold(keys) == folded


@given(st.lists(st.from_regex(r"[a-c]{1,2}-?[0-9]{0,3}", fullmatch=True), unique=True))
def test_folding_loses_no_key_and_invents_none(keys):
    """What a shell would expand it to is what was folded."""
    assert sorted(unfolded(fold(keys))) == sorted(keys)


@pytest.mark.parametrize(("more", "folded"), [(0, False), (1, True)])
def test_keys_are_folded_where_they_would_fill_the_screen(more, folded):
    """Up to MAX_LINES lines of keys are written out."""
    keys = [f"gpu-{number:03}" for number in range(100)]
    room = len(", ".join(keys))
    width = -(-room // MAX_LINES) - more
    shown = key_list(keys, Layout(width=width), indent=0)
    assert ("{" in shown) == folded


@pytest.mark.parametrize("layout", [Layout(), Layout(width=20, expand=True)])
def test_elsewhere_every_key_is_written_out(layout):
    """In a log or a file, and with --expand, each can be searched for."""
    keys = [f"gpu-{number:03}" for number in range(1000)]
    assert re.findall(r"gpu-\d{3}", key_list(keys, layout, indent=4)) == keys


def test_hostile_keys_are_harmless():
    """A key with anything but letters, numbers, dots, dashes and underscores is quoted and escaped."""
    keys = [f"::error::\x1b{number}" for number in itertools.islice(itertools.count(), 50)]
    shown = key_list(keys, Layout(width=10), indent=0)
    assert "\x1b" not in shown
    assert not shown.startswith("::")
