"""A known secret is scrubbed from free text in whatever encoding it comes, and nothing else is."""

from __future__ import annotations

import base64
import html
import json
import time
import urllib.parse

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reconciler.model.secret import REDACTED, Scrubber, Secret

ENCODINGS = {
    "as it is": lambda raw: raw,
    "upper case": str.upper,
    "lower case": str.lower,
    "swapped case": str.swapcase,
    "percent": lambda raw: urllib.parse.quote(raw, safe=""),
    "percent, small": lambda raw: urllib.parse.quote(raw, safe="").lower(),
    "percent, slashes left": urllib.parse.quote,
    "plus": urllib.parse.quote_plus,
    "every byte percent": lambda raw: "".join(f"%{each:02X}" for each in raw.encode()),
    "percent twice": lambda raw: urllib.parse.quote(urllib.parse.quote(raw, safe=""), safe=""),
    "json": json.dumps,
    "json, not ascii": lambda raw: json.dumps(raw, ensure_ascii=False),
    "json, slashes": lambda raw: json.dumps(raw).replace("/", "\\/"),
    "json in json": lambda raw: json.dumps(json.dumps({"a": raw})),
    "json, all escaped": lambda raw: "".join(f"\\u{ord(each):04x}" for each in raw),
    "html": html.escape,
    "html, decimal": lambda raw: "".join(f"&#{ord(each)};" for each in raw),
    "html, hexadecimal": lambda raw: "".join(f"&#x{ord(each):X};" for each in raw),
    "repr": repr,
    "repr of bytes": lambda raw: repr(raw.encode()),
    "repr of a repr": lambda raw: repr([repr(raw)]),
    "repr, all escaped": lambda raw: "".join(f"\\x{each:02x}" for each in raw.encode()),
    "base64": lambda raw: base64.b64encode(raw.encode()).decode(),
    "base64, no padding": lambda raw: base64.b64encode(raw.encode()).decode().rstrip("="),
    "base64, urlsafe": lambda raw: base64.urlsafe_b64encode(raw.encode()).decode(),
    "base64, urlsafe, no padding": lambda raw: base64.urlsafe_b64encode(raw.encode()).decode().rstrip("="),
    "base64 as user": lambda raw: base64.b64encode(f"{raw}:".encode()).decode(),
    "base64 as password": lambda raw: base64.b64encode(f"user:{raw}".encode()).decode(),
    "base64 in lines": lambda raw: base64.encodebytes((raw * 3).encode()).decode(),
    "base64 in a url": lambda raw: urllib.parse.quote(base64.b64encode(raw.encode()).decode(), safe=""),
    "base64 twice": lambda raw: base64.b64encode(base64.b64encode(raw.encode())).decode(),
    "json in base64": lambda raw: base64.b64encode(json.dumps({"token": raw}).encode()).decode(),
    "hex": lambda raw: raw.encode().hex(),
}
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=8, max_size=40)
AROUND = st.text("abcXYZ019 .:,;=\"'<>()[]{}\n", max_size=12)


def clean(value, text):
    """Whether a text scrubbed of a value is free of what was put in."""
    return Scrubber([Secret(value)]).scrub(text)


@pytest.mark.parametrize("name", ENCODINGS)
@settings(max_examples=25)
@given(value=VALUES, before=AROUND, after=AROUND)
def test_any_secret_in_any_encoding_anywhere_is_scrubbed(name, value, before, after):
    """Whatever it is made of, and whatever is around it."""
    assume(value.strip() == value)
    encoded = ENCODINGS[name](value)
    assume(value not in REDACTED)  # what a secret is replaced by may hold it
    assume(encoded not in REDACTED)
    text = f"{before} {encoded} {after}"
    scrubbed = clean(value, text)
    assert REDACTED in scrubbed
    assert encoded not in scrubbed
    assert value not in scrubbed


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@given(value=VALUES, before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_a_secret_within_a_longer_stream_of_base64_is_scrubbed(encode, value, before, after):
    """At each of the three alignments, and no group of four characters that holds a byte of it is left."""
    assume(value.strip() == value)
    stream = encode(before + value.encode() + after).decode()
    scrubbed = clean(value, f"<{stream}>")
    assert REDACTED in scrubbed
    first, last = len(before) // 3 * 4, -(-(len(before) + len(value)) // 3) * 4
    assert scrubbed == f"<{stream[:first]}{REDACTED}{stream[last:]}>" or stream[first:last] not in scrubbed


@given(value=st.text(st.characters(exclude_categories=("Cs",)), min_size=8, max_size=20))
def test_values_that_are_not_ascii(value):
    """In text, in JSON, in a URL and in base64."""
    assume(value.strip() == value)
    for encode in (str, json.dumps, urllib.parse.quote, lambda raw: base64.b64encode(raw.encode()).decode()):
        assert REDACTED in clean(value, encode(value))


@pytest.mark.parametrize(
    ("learned", "text"),
    [
        ("Bearer s3cret-token-1", "got s3cret-token-1"),
        ("bearer s3cret-token-1", "got Bearer S3CRET-TOKEN-1"),
        ('Token "s3cret-token-1"', "got s3cret-token-1"),
        ("Basic dXNlcjpwYXNzd29yZC0x", "login user:password-1 failed"),
        ("Basic dXNlcjpwYXNzd29yZC0x", "password-1"),
        ("basic dXNlcjpwYXNzd29yZC0x", "dXNlcjpwYXNzd29yZC0x"),
        ("cfc_0123456789abcdef", "Authorization: Basic " + base64.b64encode(b"x:cfc_0123456789abcdef").decode()),
    ],
)
def test_what_of_a_value_is_a_credential(learned, text):
    """Without its scheme, and what a Basic credential says; of the API's token too."""
    scrubbed = clean(learned, text)
    assert REDACTED in scrubbed
    for piece in ("s3cret", "S3CRET", "password-1", "dXNl", "Y2Zj"):
        assert piece not in scrubbed


@given(text=st.text(max_size=200))
def test_other_text_stays_as_it_is(text):
    """Only a known value is replaced."""
    assert Scrubber([Secret("Bearer kn0wn-to-the-scrubber")]).scrub(text) == text


def test_what_is_around_stays():
    """The text before, between and after is kept, whatever it looks like."""
    scrubber = Scrubber([Secret("s3cret/token")])
    text = "a%20b &amp; \\n s3cret%2Ftoken, aGVsbG8gd29ybGQ s3cret\\/token &lt;"
    assert scrubber.scrub(text) == f"a%20b &amp; \\n {REDACTED}, aGVsbG8gd29ybGQ {REDACTED} &lt;"


def test_ten_thousand_secrets_cost_little():
    """Learning them is nothing until they are needed; a line is then scrubbed in well under a hundredth of a second."""
    scrubber = Scrubber(Secret(f"Bearer {number:08d}-s3cret-of-a-runner") for number in range(10_000))
    began = time.process_time()
    scrubber.scrub("first")
    assert time.process_time() - began < 2.0
    line = "GET /v1/runner: 400 name is bad: 00000042-s3cret-of-a-runner " + "x%20&amp;\\n aGVsbG8gd29ybGQ " * 10
    began = time.process_time()
    for _each in range(20):
        assert "00000042-s3cret" not in scrubber.scrub(line)
    assert time.process_time() - began < 1.0
