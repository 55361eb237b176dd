"""Headers: one name in any case, the spelling kept, nothing lost."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from reconciler.model.fields.headers import NO_HEADERS, Headers
from reconciler.model.secret import Secret

_names = st.sampled_from(["X-A", "x-a", "X-a", "B", "b", "C"])
_maps = st.dictionaries(_names, st.sampled_from(["1", "2"]), max_size=5)


@given(_maps)
def test_every_spelling_is_kept_in_order(values):
    """What came in goes out as it came, also where one name has two spellings."""
    headers = Headers(values)
    assert list(headers.items()) == list(values.items())
    assert (list(headers), list(headers.values()), len(headers)) == (list(values), list(values.values()), len(values))


@given(_maps, _names)
def test_a_lookup_takes_any_case(values, name):
    """The spelling that is asked for is found first, else the first one of that name, else none."""
    headers = Headers(values)
    same = [each for each in values if each.lower() == name.lower()]
    assert (name in headers) is bool(same)
    assert headers.spelling(name) == (name if name in values else same[0] if same else None)
    assert headers.every(name) == tuple(values[each] for each in same)
    if same:
        assert headers[name] == values[headers.spelling(name)]
    else:
        with pytest.raises(KeyError):
            headers[name]


@given(_maps)
def test_equality_has_no_case_and_no_order(values):
    """Names differ by more than case or they are one; a hash agrees with equality; a plain mapping compares too."""
    turned = Headers(dict(reversed(values.items())))
    assert Headers(values) == turned == values
    assert hash(Headers(values)) == hash(turned)
    if len({name.lower() for name in values}) == len(values):
        assert Headers(values) == Headers({name.swapcase(): value for name, value in values.items()})
    assert Headers(values) != Headers({**values, "Z": "1"})


def test_values_and_counts_of_spellings_differ():
    """Another value, or one spelling more, is not equal; neither is what is no mapping."""
    assert Headers({"A": "1"}) != Headers({"a": "2"})
    assert Headers({"A": "1", "a": "1"}) != Headers({"A": "1"})
    assert Headers({"A": Secret("1")}) == {"a": Secret("1")}
    assert NO_HEADERS != 1
    assert 1 not in NO_HEADERS


def test_headers_are_frozen_and_show_no_secret():
    """The mapping that they were made of can change; they can't, and their repr redacts."""
    values = {"A": Secret("hunter2hunter2")}
    headers = Headers(values)
    values["B"] = Secret("x")
    assert list(headers) == ["A"]
    assert not hasattr(headers, "__setitem__")
    assert repr(headers) == "Headers({'A': (sensitive)})"
