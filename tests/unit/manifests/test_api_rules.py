"""What a manifest may say, held against what the emulated API answers: nothing that is valid is answered with 400.

The two share no code, so that neither can hide the other's mistake.
"""

from __future__ import annotations

import ipaddress
import json
import re

from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.manifests.format import field_types
from reconciler.model.fields.spec import MAX_TAGS
from reconciler.model.secret import Secret
from reconciler.sandbox.exchange import Refusal, Request
from reconciler.sandbox.rules import create_body, runner_id

NAME = st.text(max_size=110) | st.text("a\u00a0 \t\u2003", max_size=3)
HOST = st.sampled_from(
    [
        "a",
        "A.b",
        "1.2.3.4",
        "256.1.1.1",
        "[::1]",
        "[fe80::1%25eth0]",
        "[]",
        "[:",
        "bücher",
        "a..b",
        "a_b.",
        "u@a",
        "a%41",
    ]
) | st.text("aZ0.-_:[]%@ ü", max_size=6)
PORT = st.sampled_from(["", ":", ":0", ":1", ":08", ":80", ":65535", ":65536", ":8o", ":\u0661"])
REST = st.text("aZ0./?#[]@:;,%2fé |^\"<>{}`\\~!$&'()*+=-_\u2028", max_size=8)
ENDPOINT = st.builds(
    "{}{}{}{}".format, st.sampled_from(["http://", "HTTPS://", "https:/", "ftp://", ""]), HOST, PORT, REST
)


def accepted(**fields):
    """Whether the emulated API takes a runner with these fields."""
    body = {"name": "a", "endpoint": "http://a", **fields}
    headers = {"content-type": "application/json"}
    try:
        create_body(Request(method="POST", path="/v1/runner", headers=headers, body=json.dumps(body).encode()))
    except Refusal:
        return False
    return True


def is_stricter(endpoint):
    """Whether a manifest refuses an endpoint that the API would take: credentials, and hosts that can't be one."""
    authority = re.split(r"[/?#]", endpoint.partition("://")[2])[0]
    host = re.sub(r":[0-9]+$", "", authority)
    if "@" in authority or len(host) > 253:
        return True
    try:
        if host.startswith("["):
            ipaddress.IPv6Address(host[1:-1])
        elif host.rstrip(".").rpartition(".")[2].isdigit():
            ipaddress.IPv4Address(host)
        else:
            return ".." in host or host.startswith(".") or not host.strip(".")
    except ValueError:
        return True
    return False


@given(ENDPOINT)
@example("http://bücher.example")
@example("http://a/ü")
@example("http://a/]")
@example("http://a#b#c")
@example("http://a:08")
@example("http://[::1%25eth0]")
@example("http://u:p@a")
def test_endpoints(text):
    """What the manifest takes the API takes, and the other way round but for credentials and impossible hosts."""
    taken = field_types.check_endpoint(text) is None
    assert taken == (accepted(endpoint=text) and not is_stricter(text))


@given(NAME)
@example("a" * 100)
@example("\udcff")
def test_names(text):
    """A name that is valid is taken."""
    assert field_types.check_name(text) is not None or accepted(name=text)


@given(st.lists(st.text(max_size=3), unique=True, max_size=MAX_TAGS))
@example([" "])
@example(["\u00a0"])
@example(["\x00"])
@example([str(number) for number in range(MAX_TAGS)])
def test_tags(texts):
    """Tags that are valid, each once and at most ten, are taken."""
    assert any(map(field_types.check_tag, texts)) or accepted(tags=texts)


@given(st.text(max_size=3) | st.characters(max_codepoint=0x100))
@example("")
def test_header_names(text):
    """A header's name is valid if, and only if, it is taken."""
    assert (field_types.check_header_name(text) is None) == accepted(headers={text: "x"})


@given(st.text(max_size=3) | st.characters(max_codepoint=0x100))
@example("a\udcff")
@example("\t")
def test_header_values(text):
    """A header's value that may be sent is taken."""
    assert Secret(text).is_unsendable or accepted(headers={"X": text})


@given(st.uuids().map(str) | st.from_regex(r"[0-9A-Fa-f-]{30,40}", fullmatch=True) | st.text(max_size=40))
@example("550E8400-e29b-41d4-a716-446655440000")
@example("\u0665" + "50e8400-e29b-41d4-a716-446655440000")
def test_ids(text):
    """An id is valid if, and only if, it can be asked for."""
    try:
        runner_id(f"/v1/runner/{text}")
    except Refusal:
        assert field_types.check_id(text) is not None
    else:
        assert field_types.check_id(text) is None
