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


def test_a_secret_across_the_cut_is_gone():
    """Scrubbing comes before cutting and escaping."""
    scrubber = Scrubber([Secret("s3cret\nvalue-1")])
    tamed = tame("x" * (LONGEST - 10) + "s3cret\nvalue-1", scrubber)
    assert "s3cr" not in tamed
