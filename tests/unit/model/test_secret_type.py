from __future__ import annotations

import copy
import hashlib
import hmac
import json
import logging
import pickle
from dataclasses import asdict, dataclass

import pytest

from reconciler.model.secret import REDACTED, Scrubber, Secret, Unresolved, reveal
from reconciler.text.encodings import MIN_KNOWN

VALUE = "Bearer cfc_0123456789abcdef"


@dataclass(frozen=True)
class _Holder:
    secret: Secret


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r:>40}",
        lambda secret: f"{secret:>40}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - this way of formatting is what is tested
        "{0} {0!r}".format,
        lambda secret: json.dumps({"value": secret}, default=str),
        lambda secret: repr([secret, {"a": secret}, _Holder(secret)]),
        lambda secret: str(ValueError(secret)),
        lambda secret: logging.LogRecord("n", logging.INFO, "p", 1, "%s", (secret,), None).getMessage(),
        lambda secret: repr(pickle.dumps(secret)),
        lambda secret: repr(pickle.loads(pickle.dumps(secret))),  # noqa: S301 - our own bytes
        lambda secret: repr(asdict(_Holder(secret))),
        lambda secret: repr(copy.deepcopy(secret)),
    ],
)
def test_a_secret_never_shows(show):
    """No way of turning a secret into text shows its value, or part of it."""
    shown = show(Secret(VALUE))
    assert "cfc_" not in shown
    assert "Bearer" not in shown


def test_a_secret_shows_as_redacted():
    """It says that there is something, always in the same words."""
    assert str(Secret(VALUE)) == repr(Secret("")) == f"{Secret(VALUE):x}" == REDACTED


def test_json_refuses_a_secret():
    """Without an explicit choice a secret can't be put into JSON."""
    with pytest.raises(TypeError):
        json.dumps(Secret(VALUE))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda secret: pickle.loads(pickle.dumps(secret))])  # noqa: S301 - its own pickle
def test_a_copied_secret_is_empty(copied):
    """A copy carries no value out of the process; opening it says so, and it equals nothing but itself."""
    emptied = copied(Secret(VALUE))
    with pytest.raises(ValueError, match="emptied when it was copied"):
        reveal(emptied)
    with pytest.raises(ValueError, match="emptied"):
        emptied.fingerprint(b"k", b"s")
    assert emptied != copied(Secret(VALUE))
    assert emptied != Secret(VALUE)
    assert Secret(VALUE) != emptied
    assert emptied == emptied  # noqa: PLR0124 - a thing equals itself


def test_equality():
    """Secrets of one text are equal, and hash alike; a secret never equals a str."""
    assert Secret(VALUE) == Secret(VALUE)
    assert hash(Secret(VALUE)) == hash(Secret(VALUE))
    assert Secret(VALUE) != Secret(VALUE + " ")
    assert Secret(VALUE) != VALUE
    assert Secret(VALUE) != VALUE
    assert Secret("\ud800") == Secret("\ud800")
    assert Secret("é") != Secret("e")


def test_a_secret_is_frozen():
    """Neither its value nor anything else can be set."""
    secret = Secret(VALUE)
    with pytest.raises(AttributeError, match="cannot be changed") as caught:
        secret._value = "other"
    assert "other" not in str(caught.value)
    with pytest.raises(AttributeError):
        secret.more = 1
    assert not hasattr(secret, "__dict__")


def test_the_two_doors():
    """`reveal` gives the value; nothing else does."""
    assert reveal(Secret(VALUE)) == VALUE
    public = [name for name in dir(Secret) if not name.startswith("_")]
    assert public == [
        *["credentials", "derive_key", "fingerprint", "is_placeholder", "is_redacted", "is_unsendable", "join", "size"]
    ]


def test_join():
    """Plain and secret pieces make one secret."""
    assert reveal(Secret.join(["Bearer ", Secret("abc"), ""])) == "Bearer abc"
    assert Secret.join([]) == Secret("")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", False),
        ("plain é 値", False),
        (" ~", False),
        ("\xa0", False),
        ("a\tb", True),
        ("a\nb", True),
        ("a\rb", True),
        ("\x00", True),
        ("\x1f", True),
        ("\x7f", True),
        ("\x80", True),
        ("\x9f", True),
    ],
)
def test_control_characters(value, expected):
    """C0, DEL and C1 count; a space, letters and what lies above do not."""
    assert Secret(value).is_unsendable is expected


@pytest.mark.parametrize(
    "value",
    [
        *["", "  ", "changeme", "CHANGE-ME", "change_me", "change me", "xxx", "XXXXXXXX", "todo", "tbd", "fixme"],
        *["none", "null", "undefined", "placeholder", "example", "secret", "password", "token", "dummy", "test"],
        *["your-token-here", "YOUR_API_KEY", "<token>", "<your token>", "***", "...", "Bearer", "Bearer changeme"],
        *["Basic <credentials>", "token xxx", "Bearer your-token", " changeme "],
        *[" abc", "abc ", "abc\u00a0", "\u3000abc", "Bearer abc "],
        *["\ufeffabc", "a\u200bbc", "abc\u200b", "a\u00adbc", "Bearer \u2060abc", "a\u202ebc", "ab\u3164c"],
        *['"abc"', "'abc'", "`abc`", 'Bearer "abc"', "“abc”", "„abc“", "«abc»", "\u2018abc\u2019", '""'],
        *["$TOKEN", "${TOKEN}", "$(cat token)", "%TOKEN%", "Bearer $TOKEN", "basic ${TOKEN}"],
        *["{{ secret }}", "${{ secrets.TOKEN }}", "Bearer {{secret}}", "<%= secret %>"],
    ],
)
def test_placeholders(value):
    """Empty values, and those that people leave in until they have the real one."""
    assert Secret(value).is_placeholder


@pytest.mark.parametrize(
    "value",
    [
        *["xx", "a", "0", "s3cret", "testing", "mytoken", "exchangeme", "Bearer abc", "..", "<a>b", "yours", VALUE],
        *[
            "a$b",
            "pa$$word",
            "$1abc",
            "100%",
            "%ab%c",
            "{abc}",
            "a{{b",
            "it's",
            'say "hi" now',
            "'a",
            "pässwörd",
            "日本",
        ],
        *["dXNlcjpwYXNzd29yZA==", "a  b", "$2b$12$abc"],
    ],
)
def test_real_values(value):
    """Anything else may be a real one."""
    assert not Secret(value).is_placeholder


@pytest.mark.parametrize("piece", [" abc", '"abc"', "$TOKEN", "changeme", "a\u200bc"])
def test_a_placeholder_within(piece):
    """A value is one when a secret piece of it is, wherever that stands; text that was written is judged as a whole."""
    assert Secret.join(["key=", Secret(piece), "; v=1"]).is_placeholder
    assert not Secret.join(["key=", piece, "; v=1"]).is_placeholder or "\u200b" in piece


@pytest.mark.parametrize(
    ("value", "expected"), [("(sensitive)", True), ("Bearer (sensitive)", True), ("sensitive", False)]
)
def test_a_redacted_value(value, expected):
    """What stands in outputs for a value is known as such."""
    assert Secret(value).is_redacted is expected


def test_the_size_is_in_bytes():
    """A key's strength is counted in bytes of UTF-8, whatever it holds."""
    assert [Secret(text).size for text in ("", "abc", "ä", "\udcff")] == [0, 3, 2, 3]


def test_fingerprints():
    """A fingerprint is HMAC-SHA-256 of salt and value under the key, and tells nothing without the key."""
    expected = hmac.new(b"key", b"salt\0" + VALUE.encode(), hashlib.sha256).hexdigest()
    assert Secret(VALUE).fingerprint(b"key", b"salt") == expected
    marks = {Secret(value).fingerprint(key, salt) for value in "ab" for key in (b"k", b"l") for salt in (b"s", b"t")}
    assert len(marks) == 8
    assert Secret("\ud800").fingerprint(b"k", b"s")


def test_key_derivation():
    """HKDF-SHA-256 as in RFC 5869, appendix A.3 (no salt, no info), first block; each purpose has its own key."""
    key = Secret("\x0b" * 22).derive_key("")
    assert key.hex() == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
    assert Secret(VALUE).derive_key("sign") != Secret(VALUE).derive_key("fingerprint")
    assert Secret(VALUE).derive_key("sign") == Secret(VALUE).derive_key("sign")


def test_unresolved_values():
    """A value that is not known shows its reference, equals another of the same text, and is nothing else."""
    value = Unresolved("${env:RECONCILER_A}")
    assert str(value) == "${env:RECONCILER_A}"
    assert repr(value) == "Unresolved('${env:RECONCILER_A}')"
    assert value == Unresolved("${env:RECONCILER_A}")
    assert hash(value) == hash(Unresolved("${env:RECONCILER_A}"))
    assert value != Unresolved("x")
    assert value != "${env:RECONCILER_A}"


def test_the_scrubber_replaces_what_it_knows():
    """Known values go, wherever they stand and however often; a scheme before them may be missing."""
    scrubber = Scrubber([Secret(VALUE)])
    assert scrubber.scrub(f"bad header {VALUE!r}") == f"bad header '{REDACTED}'"
    assert scrubber.scrub("cfc_0123456789abcdef,cfc_0123456789abcdef") == f"{REDACTED},{REDACTED}"
    assert scrubber.scrub("nothing here") == "nothing here"
    assert Scrubber().scrub(VALUE) == VALUE


@pytest.mark.parametrize(("length", "scrubbed"), [(MIN_KNOWN - 1, False), (MIN_KNOWN, True), (MIN_KNOWN + 1, True)])
def test_the_shortest_scrubbed_value(length, scrubbed):
    """Values under 8 characters would be found in innocent text and are left alone."""
    value = "k" * length
    assert (value not in Scrubber([Secret(value)]).scrub(f"<{value}>")) is scrubbed


def test_the_scrubber_takes_the_longest_first():
    """Where one value holds another, no rest of the longer one stays."""
    scrubber = Scrubber([Secret("abcdefgh")])
    scrubber.learn([Secret("abcdefghijkl")])
    assert scrubber.scrub("abcdefghijkl abcdefgh") == f"{REDACTED} {REDACTED}"


def test_the_scrubber_passes_over_emptied_secrets():
    """A secret that lost its value has nothing to be scrubbed."""
    assert Scrubber([copy.copy(Secret(VALUE))]).scrub("text") == "text"
