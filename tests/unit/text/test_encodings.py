from __future__ import annotations

import pytest

from reconciler.text.encodings import Known

VALUE = "key-0123456789"


def spans(text):
    """Where the one known value is found."""
    known = Known()
    known.add(VALUE)
    return known.spans(text)


@pytest.mark.parametrize("escape", ["\\x{:02x}", "\\u{:04x}", "\\U{:08x}", "%{:02x}", "&#{};", "&#x{:x};"])
def test_an_escaped_value_is_found_in_full(escape):
    """Its place is that of all its escapes, and of nothing around it."""
    written = "".join(escape.format(ord(each)) for each in VALUE)
    assert spans(f"a {written} b") == [(2, 2 + len(written))]


def test_an_escape_past_the_last_code_point_stays_as_it_is():
    """It stands for no character; what follows is found at its place."""
    assert spans(f"\\U00110000 {VALUE}") == [(11, 11 + len(VALUE))]


@pytest.mark.parametrize(("depth", "found"), [(0, True), (3, True), (4, False)])
def test_a_value_is_found_under_up_to_three_encodings(depth, found):
    """As JSON within JSON within a URL; below that nothing is looked for."""
    written = "%6bey-0123456789" if depth else VALUE
    for _ in range(depth - 1):
        written = written.replace("%", "%25")
    assert bool(spans(written)) is found


def test_a_text_of_too_many_views_is_not_decoded_further():
    """What is there in plain is found all the same, and the search ends."""
    runs = " ".join(f"{number:04d}QUJDREVGR0hJSktMTU5P{number:04d}" for number in range(300))
    assert spans(f"{runs} {VALUE}")[-1] == (len(runs) + 1, len(runs) + 1 + len(VALUE))


def test_without_a_known_value_nothing_is_found():
    """A value under the bound is none."""
    known = Known()
    known.add("short")
    assert known.spans("short") == []
