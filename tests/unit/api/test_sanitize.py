from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.sanitize import LONGEST, sanitize
from reconciler.model.secret import Scrubber, Secret


@given(st.text(st.characters()))
def test_tamed_text_is_one_printable_line(text):
    """Whatever comes from outside, it is printable and bounded."""
    clean = sanitize(text, Scrubber())
    assert clean.isprintable()
    assert len(clean) <= LONGEST


@pytest.mark.parametrize(("length", "cut"), [(LONGEST - 1, False), (LONGEST, False), (LONGEST + 1, True)])
def test_text_is_cut_at_its_bound(length, cut):
    """Below and at the bound it stays whole."""
    clean = sanitize("x" * length, Scrubber())
    assert clean.endswith("…") is cut
    assert len(clean) == min(length, LONGEST)


def test_a_text_without_end_is_not_scrubbed_whole():
    """Its beginning is shown; where scrubbing left nearly nothing of it, its length is, and never half a secret."""
    assert sanitize("x" * 10_000_000, Scrubber()) == "x" * (LONGEST - 1) + "…"
    secret = "s3cret-value-" * 1000
    clean = sanitize(secret * 3, Scrubber([Secret(secret)]))
    assert clean == "(a text of 39,000 characters)"


def test_a_secret_across_the_cut_is_gone():
    """Scrubbing comes before cutting and escaping."""
    scrubber = Scrubber([Secret("s3cret\nvalue-1")])
    clean = sanitize("x" * (LONGEST - 10) + "s3cret\nvalue-1", scrubber)
    assert "s3cr" not in clean
