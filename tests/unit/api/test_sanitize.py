from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.sanitize import LONGEST, tame
from reconciler.model.secret import Scrubber, Secret


@given(st.text(st.characters()))
def test_tamed_text_is_one_printable_line(text):
    """Whatever comes from outside, it is printable and bounded."""
    tamed = tame(text, Scrubber())
    assert tamed.isprintable()
    assert len(tamed) <= LONGEST


@pytest.mark.parametrize(("length", "cut"), [(LONGEST - 1, False), (LONGEST, False), (LONGEST + 1, True)])
def test_text_is_cut_at_its_bound(length, cut):
    """Below and at the bound it stays whole."""
    tamed = tame("x" * length, Scrubber())
    assert tamed.endswith("…") is cut
    assert len(tamed) == min(length, LONGEST)


def test_a_text_without_end_is_not_scrubbed_whole():
    """Its beginning is shown; where scrubbing left nearly nothing of it, its length is, and never half a secret."""
    assert tame("x" * 10_000_000, Scrubber()) == "x" * (LONGEST - 1) + "…"
    secret = "s3cret-value-" * 1000
    tamed = tame(secret * 3, Scrubber([Secret(secret)]))
    assert tamed == "(a text of 39,000 characters)"


def test_a_secret_across_the_cut_is_gone():
    """Scrubbing comes before cutting and escaping."""
    scrubber = Scrubber([Secret("s3cret\nvalue-1")])
    tamed = tame("x" * (LONGEST - 10) + "s3cret\nvalue-1", scrubber)
    assert "s3cr" not in tamed
