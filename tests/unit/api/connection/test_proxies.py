"""Proxies of the environment: what each variable says, and a clear error for one that can't be used."""

from __future__ import annotations

import logging

import pytest

from reconciler.api.connection.proxies import read_proxies
from reconciler.errors import Unreachable

PROXY = "http://proxy.example.com:3128"
API = "https://api.comfycontrol.app"


def chosen(url=API, **environ):
    """The proxy for an address."""
    return read_proxies(environ).url_for(url)


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY}, PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, PROXY),
        ({"https_proxy": "", "HTTPS_PROXY": PROXY}, None),
        ({"ALL_PROXY": PROXY}, PROXY),
        ({"all_proxy": PROXY}, PROXY),
        ({"ALL_PROXY": "http://other:1", "HTTPS_PROXY": PROXY}, PROXY),
        ({"HTTP_PROXY": PROXY}, None),
        ({"HTTPS_PROXY": "proxy.example.com:3128"}, PROXY),
        ({"HTTPS_PROXY": f"  {PROXY}\n"}, PROXY),
        ({"HTTPS_PROXY": "https://user:p%40ss@proxy.example.com"}, "https://user:p%40ss@proxy.example.com"),
        ({"HTTPS_PROXY": PROXY, "ALL_PROXY": "foo://x"}, PROXY),
        ({"HTTPS_PROXY": "foo://x", "NO_PROXY": "*"}, None),
    ],
)
def test_which_variable_counts(environ, proxy):
    """The scheme's before ALL_PROXY, lower case before upper case; a broken one that is not needed is no error."""
    assert chosen(**environ) == proxy


def test_a_header_of_a_request_is_no_setting():
    """In a CGI script HTTP_PROXY is what a client sent as the header `Proxy`."""
    assert chosen("http://api.example.com", HTTP_PROXY=PROXY) == PROXY
    assert chosen("http://api.example.com", HTTP_PROXY=PROXY, REQUEST_METHOD="GET") is None
    assert chosen("http://api.example.com", http_proxy=PROXY, REQUEST_METHOD="GET") == PROXY


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "value",
    [
        "socks5://s3cret@127.0.0.1:1080",
        "socks5h://s3cret",
        "foo://s3cret",
        "ftp://s3cret",
        "://s3cret",
        "http://",
        "http://:3128",
        "http://[s3cret",
        "http://s3cret:99999",
        "http://s3cret:port",
        "http://s3 cret:1",
        "http://s3cret\u200b:1",
        "http://s3cret\x07:1",
    ],
)
def test_a_proxy_that_cannot_be_used_is_an_error(variable, value):
    """It names the variable as it is written and what to set; the value, which may hold a password, is not shown."""
    told = rf"^{variable} .*; set {variable} to http://HOST:PORT, or unset it$"
    with pytest.raises(Unreachable, match=told) as caught:
        chosen(**{variable: value})
    assert "s3cret" not in str(caught.value)


EXEMPT = [
    ("*", API, True),
    ("api.comfycontrol.app", API, True),
    ("comfycontrol.app", API, True),
    (".comfycontrol.app", API, True),
    ("*.comfycontrol.app", API, True),
    ("ntrol.app", API, False),
    ("API.ComfyControl.App", API, True),
    ("api.comfycontrol.app:443", API, True),
    ("api.comfycontrol.app:8443", API, False),
    ("https://api.comfycontrol.app", API, True),
    ("other.example.com, comfycontrol.app", API, True),
    ("other.example.com comfycontrol.app", API, True),
    ("fe80::/10", API, False),
    ("::/0", API, False),
    ("[::1]", API, False),
    ("2001:db8::1", "https://[2001:db8::1]:8443", True),
    ("[2001:db8::1]", "https://[2001:db8::1]:8443", True),
    ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443", True),
    ("[2001:db8::1]:1", "https://[2001:db8::1]:8443", False),
    ("::/0", "https://[2001:db8::1]", True),
    ("fe80::/10", "https://[fe80::1]", True),
    ("fe80::/10", "https://[2001:db8::1]", False),
    ("10.0.0.0/8", "https://10.1.2.3", True),
    ("10.1.2.3/8", "https://10.200.0.1", True),
    ("10.0.0.0/8", "https://11.0.0.1", False),
    ("10.1.2.3", "https://10.1.2.3", True),
    ("10.1.2.3:443", "https://10.1.2.3", True),
    ("0.0.0.0/0", "https://[2001:db8::1]", False),
    ("", API, False),
    (" , ,", API, False),
]


@pytest.mark.parametrize(("entries", "url", "exempt"), EXEMPT)
def test_what_no_proxy_covers(entries, url, exempt):
    """Hosts, domains, addresses and networks of both kinds, with brackets and ports or without."""
    for variable in ("NO_PROXY", "no_proxy"):
        assert (chosen(url, HTTPS_PROXY=PROXY, **{variable: entries}) is None) is exempt


@pytest.mark.parametrize("entry", ["10.0.0.0/99", "[::1", "fe80::/200", "a/b", "host:port", "http://", "[", "\x07["])
def test_an_entry_that_cannot_be_read_is_warned_about(caplog, entry):
    """It is passed over and never fatal, and the others still count."""
    with caplog.at_level(logging.WARNING, "reconciler.api"):
        assert chosen(HTTPS_PROXY=PROXY, NO_PROXY=entry) == PROXY
        assert chosen(HTTPS_PROXY=PROXY, NO_PROXY=f"{entry},comfycontrol.app") is None
    assert "NO_PROXY" in caplog.text
    assert "\x07" not in caplog.text


def test_all_that_may_be_needed():
    """A client for many hosts opens each proxy once."""
    environ = {"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY, "ALL_PROXY": "http://other:1"}
    assert read_proxies(environ).usable() == (PROXY, "http://other:1")
