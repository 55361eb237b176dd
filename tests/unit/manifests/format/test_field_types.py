"""The forms of strings, each at its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.format import field_types

TAKEN = {
    field_types.check_name: ["a", "ü" * 100, " a ", "😀" * 100, "a\u200db", "Pool: A"],
    field_types.check_tag: ["a", "GPU a100", "é", "x" * 1000],
    field_types.check_id: ["550e8400-e29b-41d4-a716-446655440000", "00000000-0000-0000-0000-000000000000"],
    field_types.check_key: ["a", "0", "a" * 100, "a.b_c-d", "A-"],
    field_types.check_header_name: ["X", "x-a_b", "!#$%&'*+-.^_`|~09aZ"],
    field_types.check_reason: ["moved"],
    field_types.check_day: ["2026-12-31", "2024-02-29", "0001-01-01"],
    field_types.check_percentage: ["0%", "1%", "99%", "100%", "100.0%", "12.345%"],
    field_types.check_variable_name: ["a", "_", "A_1"],
    field_types.check_variable_value: ["", "0123", "${var:other}", "$", "${"],
    field_types.check_token_env: ["COMFYCONTROL_STAGING_TOKEN", "COMFYCONTROL_1"],
    field_types.check_host_glob: ["*", "*.example.com", "a-?.example", "[::1]", "[ab].example"],
    field_types.check_filled: ["a", "*"],
    field_types.check_endpoint: [
        "http://192.168.1.100:8188",
        "https://comfy-1.example.com",
        "https://comfy-1.example.com:65535/",
        "http://a:1",
        "HTTP://A.Example:8188/Path?query=1#part",
        "https://1a.example/a/b~c;d=e,f!g$h&i'j(k)*l+m:n@o",
        "http://a/?q=x@y:z[0]".replace("[0]", "%5B0%5D"),
        "http://localhost",
        "http://a_b.example.",
        "http://[::1]:8188/",
        "http://[fe80::1]",
        "http://[::ffff:1.2.3.4]:80",
        "http://xn--mnchen-3ya.example/stra%C3%9Fe",
        "http://a:1/",
        "http://a#?/@:",
        "http://a?",
        "http://a/%C3%BC",
        f"http://{'a' * 253}",
        "http://7.example",
    ],
}
REFUSED = {
    field_types.check_name: ["", " ", "\u00a0", "a" * 101, "a\nb", "\x7f", "a\x9f", "a\u2028b", "a\udcff"],
    field_types.check_tag: ["", " ", "a\tb", "\u2029", "\ud800"],
    field_types.check_id: [
        "",
        "550e8400",
        "550e8400e29b41d4a716446655440000",
        "{550e8400-e29b-41d4-a716-446655440000}",
        "g" * 36,
    ],
    field_types.check_key: ["", "a" * 101, ".a", "-a", "_a", "a b", "a/b", "ä", "a\n"],
    field_types.check_header_name: ["", "X A", "X:", "Ä", "X\n", "(x)"],
    field_types.check_reason: ["", " ", "a\nb"],
    field_types.check_day: [
        "",
        "2026-02-29",
        "2026-13-01",
        "20261231",
        "2026-W01-1",
        "2026-1-1",
        "2026-12-31T00:00",
        "0000-01-01",
    ],
    field_types.check_percentage: ["", "%", "100.1%", "101%", "-1%", "5", "5 %", "5%%", "1e1%", "nan%", "\u0665%"],
    field_types.check_variable_name: ["", "1a", "a-b", "a.b", "ä", "a\n"],
    field_types.check_variable_value: ["${env:RECONCILER_X}", "a${file:x}"],
    field_types.check_token_env: [
        "",
        "COMFYCONTROL_",
        "comfycontrol_x",
        "AWS_SECRET",
        "COMFYCONTROL_x",
        "XCOMFYCONTROL_X",
    ],
    field_types.check_host_glob: ["", "http://a", "a:80", "a/b", "u@a", "a b", "a\tb"],
    field_types.check_filled: ["", " ", "a\x00"],
    field_types.check_endpoint: [
        "",
        "a",
        "//a",
        "http:a",
        "http:/a",
        "http://",
        "http:///path",
        "http://:80",
        "http://?q",
        "ftp://a",
        "httpss://a",
        " http://a",
        "http://a ",
        "http://a\n",
        "http://a\u00a0b",
        "http://a:0",
        "http://a:65536",
        "http://a:99999999999999999999",
        "http://a:",
        "http://a:-1",
        "http://a:8o",
        "http://a:\u0668",
        "http://.",
        "http://a..b",
        "http://.a",
        f"http://{'a' * 254}",
        "http://a,b",
        "http://a%20b",
        "http://256.1.1.1",
        "http://1",
        "http://1.2.3",
        "http://1.2.3.4.",
        "http://[::1",
        "http://[::g]",
        "http://[]",
        "http://::1",
        "http://[::1]a",
        "http://a/%",
        "http://a/%4",
        "http://a/%gg",
        "http://a/[b",
        "http://a?[",
        "http://a#[",
        "http://a/]",
        "http://a?]",
        "http://a#]",
        "http://a#b#c",
        "http://a:08",
        "http://a:00",
        "http://a:080/",
        "http://[::1%25eth0]",
        "http://[::1%eth0]",
        "http://münchen.example",
        "http://a/straße",
        "http://a?q=é",
        "http://a/^",
        "http://a/|",
        "http://a/`",
        "http://a/<b>",
        'http://a/"',
        "http://a\\b",
        "http://a/{b}",
        "http://u@a",
        "http://u:p@a",
        "http://@a",
        "http://a\\@b",
    ],
}


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in TAKEN.items() for text in texts])
def test_a_good_form_is_taken(check, text):
    """What the service takes is taken."""
    assert check(text) is None


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in REFUSED.items() for text in texts])
def test_a_bad_form_is_refused_on_one_line(check, text):
    """What the service would refuse is refused, with a message that any output can show."""
    message = check(text)
    assert message
    assert message.isprintable()


@given(st.text(max_size=40))
def test_no_message_repeats_what_stands_in_an_endpoint(text):
    """An endpoint may hold a password."""
    hidden = f"s3cr3t{text}"
    for endpoint in (f"http://user:{hidden}@host", f"http://{hidden}@host:x/ ", f"http//{hidden}"):
        assert "s3cr3t" not in (field_types.check_endpoint(endpoint) or "")


@given(st.from_regex(r"https?://[a-zA-Z0-9.:\[\]@%-]{0,20}(/[a-z%?#\[ ]{0,8})?", fullmatch=True))
def test_the_shortcut_for_endpoints_takes_nothing_that_the_rules_refuse(text):
    """Most endpoints are decided at once; a trailing marker sends them through every rule."""
    if field_types.check_endpoint(text) is None and "#" not in text:
        assert field_types.check_endpoint(f"{text}#") is None
