from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.secrets.references import BadReference, Reference, expand, parse

VARS = {"domain": "example.com", "region": "eu-1", "tricky": "${var:domain} $${"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("plain", ["plain"]),
        ("${env:RECONCILER_X}", [Reference("env", "RECONCILER_X")]),
        ("Bearer ${file:secrets/a b.txt}!", ["Bearer ", Reference("file", "secrets/a b.txt"), "!"]),
        ("${var:a}${var:b}", [Reference("var", "a"), Reference("var", "b")]),
        ("$${var:a}", ["${var:a}"]),
        ("$$${var:a}", ["$${var:a}"]),
        ("a $${ b ${var:c} $", ["a ${ b ", Reference("var", "c"), " $"]),
        ("$$ $x {y} $", ["$$ $x {y} $"]),
        ("$${ ${env:A} $${", ["${ ", Reference("env", "A"), " ${"]),
    ],
)
def test_parts(text, parts):
    """A string is its literal pieces and references in order; `$${` is a literal `${`, a lone $ is itself."""
    assert parse(text) == parts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${", "without its }"),
        ("${env:A", "without its }"),
        ("a}${b", "without its }"),
        ("${}", "no reference"),
        ("${NAME}", "no reference"),
        ("${vault:x}", "no reference"),
        ("${ENV:X}", "no reference"),
        ("${ env:X}", "no reference"),
        ("${env:}", "needs a name"),
        ("${env:1X}", "needs a name"),
        ("${env:A-B}", "needs a name"),
        ("${env:A }", "needs a name"),
        ("${var:}", "needs a name"),
        ("${var:é}", "needs a name"),
        ("${file:}", "needs a path"),
        ("${file: a}", "needs a path"),
        ("${file:${var:x}}", "can't be nested"),
        ("${env:X:-default}", "needs a name"),
    ],
)
def test_any_other_marker_is_an_error(text, message):
    """A `${` that starts no reference is refused, never passed through."""
    with pytest.raises(BadReference, match=message):
        parse(text)


def test_a_malformed_reference_is_not_echoed():
    """What stands in a malformed reference may be a secret that was pasted there."""
    with pytest.raises(BadReference) as caught:
        parse("${s3cr3t-value}")
    assert "s3cr3t" not in str(caught.value)


def test_variables_expand_once():
    """What a variable holds is text: no reference in it is followed, no escape in it is undone."""
    assert expand("https://${var:region}.${var:domain}", VARS) == "https://eu-1.example.com"
    assert expand("${var:tricky}", VARS) == "${var:domain} $${"


@pytest.mark.parametrize("text", ["${env:RECONCILER_X}", "a ${file:x} b"])
def test_secrets_only_in_headers(text):
    """Where only variables may stand, a secret's reference is refused and named."""
    with pytest.raises(BadReference, match="only header values may hold secrets"):
        expand(text, VARS)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (VARS, "no variable domian; did you mean domain\\?"),
        ({"zone": "1", "area": "2"}, "no variable domian; known are area, zone"),
        ({}, "no variable domian; none is set: .*--var"),
    ],
)
def test_an_unknown_variable_names_the_known(variables, message):
    """A variable that is not set is an error that helps, never an empty string."""
    with pytest.raises(BadReference, match=message):
        expand("${var:domian}", variables)


@given(st.text())
def test_an_escaped_text_is_itself(text):
    """Whatever a text holds, doubling the $ of every `${` makes it literal."""
    assert expand(text.replace("${", "$${"), {}) == text


@given(st.text(alphabet="${}:envarfil xA"))
def test_parse_ends_in_parts_or_a_clear_error(text):
    """Any text is parsed or refused with a BadReference, and no part is empty."""
    with contextlib.suppress(BadReference):
        assert all(parse(text))
