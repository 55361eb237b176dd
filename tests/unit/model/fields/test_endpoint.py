from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from reconciler.model.fields.endpoint import endpoint, host, is_public, origin, same_endpoint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://comfy.example.com", "HTTP://Comfy.Example.COM"),
        ("http://comfy.example.com:80", "http://comfy.example.com"),
        ("https://comfy.example.com:443/", "https://comfy.example.com"),
        ("https://comfy.example.com:", "https://comfy.example.com"),
        ("https://comfy.example.com:08188", "https://comfy.example.com:8188"),
        ("http://10.0.0.1:8188/", "http://10.0.0.1:8188"),
        ("http://[FE80::1]:80/", "http://[fe80::1]"),
        ("http://h/?a=B", "http://h?a=B"),
        ("http://h/#x", "http://h#x"),
        ("http://User:Pw@H/", "http://User:Pw@h"),
        ("https://bücher.example.com", "https://xn--bcher-kva.example.com"),
        ("https://BÜCHER.example.com:443/", "https://xn--bcher-kva.example.com"),
        ("https://bu\u0308cher.example.com", "https://xn--bcher-kva.example.com"),
        ("http://münchen.bücher.example:8188/a", "http://xn--mnchen-3ya.xn--bcher-kva.example:8188/a"),
    ],
)
def test_spellings_of_one_endpoint(one, other):
    """Scheme and host case, punycode, the default port and a bare trailing slash make no other endpoint."""
    assert same_endpoint(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://h", "https://h"),
        ("http://h:443", "http://h"),
        ("https://h:80", "https://h"),
        ("http://h:8188", "http://h:8189"),
        ("http://h/a", "http://h/A"),
        ("http://h/a/", "http://h/a"),
        ("http://h/a", "http://ha"),
        ("http://h?", "http://h"),
        ("http://h//", "http://h/"),
        ("http://h?a", "http://h?A"),
        ("http://u@h", "http://h"),
        ("http://u@h", "http://U@h"),
        ("http://h./", "http://h/"),
        ("ftp://h:80", "ftp://h"),
        ("http://h\n/", "http://h/"),
        (" http://h", "http://h"),
        ("http://h:99999", "http://h"),
        ("http://[::1", "http://[::1]"),
        ("http://", ""),
        ("h:80", "h"),
        ("https://bücher.example.com", "https://bucher.example.com"),
        ("https://\u0430pple.example.com", "https://apple.example.com"),  # a Cyrillic letter
        ("https://a\uff0fb.example.com", "https://a/b.example.com"),
        ("https://büch☃er.example.com", "https://büch☃er.example.org"),
    ],
)
def test_other_endpoints(one, other):
    """What differs in anything else is another endpoint; so is a URL that cannot be read."""
    assert not same_endpoint(one, other)


@given(st.one_of(st.text(max_size=40), st.from_regex(r"(?i)https?://[a-z:\[\]@%/?#.0-9]{0,20}", fullmatch=True)))
def test_any_text_has_one_form(url):
    """No text raises, and the form of a form is that form."""
    assert endpoint(endpoint(url)) == endpoint(url)
    assert host(url) is None or host(endpoint(url)) == host(url)


@given(st.from_regex(r"(?i)https?://[a-z0-9._-]{1,9}(:[0-9]{0,6})?([/?#][!-~]{0,9})?", fullmatch=True))
def test_usual_urls_read_as_all_others_do(url):
    """A usual URL, which is read by a short cut, has the parts that it has with a user, without a short cut."""
    unusual = url.replace("://", "://u@", 1)
    assert endpoint(unusual) == (endpoint(url).replace("://", "://u@", 1) if host(unusual) else unusual)
    assert (host(unusual), origin(unusual).replace("u@", "")) == (host(url), origin(url))


def test_an_international_host_is_one_origin():
    """Written in Unicode or in punycode it is the same server; what no resolver could look up stays as it is."""
    assert origin("https://bücher.example.com/a") == origin("https://xn--bcher-kva.example.com:443")
    assert host("https://Bücher.example.com") == "xn--bcher-kva.example.com"
    assert host("https://büch☃er.example.com") == "büch☃er.example.com"


@pytest.mark.parametrize("url", ["http://h\n/", "http://h /", " http://H/", "http://H:x/", "//H/", "H", "", "http://"])
def test_a_url_that_cannot_be_read_is_its_own_form(url):
    """What urlsplit would mend or refuse is left as it is, so that it equals nothing else."""
    assert endpoint(url) == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Comfy.Example.com:8188/x", "comfy.example.com"),
        ("http://[FE80::1]:8188", "fe80::1"),
        ("http://user:pw@h", "h"),
        ("comfy", None),
        ("//h", None),
        ("http://", None),
        ("http://h:x", None),
    ],
)
def test_host(url, expected):
    """The host is in lower case and stands alone; a URL that cannot be read has none."""
    assert host(url) == expected


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("comfy.example.com", True),
        ("comfy.example.com.", True),
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("localhost", False),
        ("comfy", False),
        ("comfy.", False),
        ("gpu.local", False),
        ("gpu.local.", False),
        ("gpu.internal", False),
        ("gpu.localhost", False),
        ("gpu.home.arpa", False),
        ("notlocal.example", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("172.32.0.1", True),
        ("192.168.1.100", False),
        ("169.254.1.1", False),
        ("100.64.0.1", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("300.1.1.1", True),
        ("1.2.3.4.5", True),
        ("gpu.9x", True),
    ],
)
def test_public_hosts(name, public):
    """Private, loopback, link-local and shared addresses are not public, nor are names only local resolvers know."""
    assert is_public(name) is public
