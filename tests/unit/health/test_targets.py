"""Who may be asked, and where."""

from __future__ import annotations

import pytest

from reconciler.health.targets import Admission, Target, probe_url
from reconciler.model.policy import Guard
from reconciler.model.secret import Secret, Unresolved


@pytest.mark.parametrize(
    ("endpoint", "path", "expected"),
    [
        ("http://a:8188", "/system_stats", "http://a:8188/system_stats"),
        ("http://a:8188/", "/system_stats", "http://a:8188/system_stats"),
        ("http://a/comfy//", "system_stats", "http://a/comfy/system_stats"),
        ("https://a/comfy?key=1#x", "/health", "https://a/comfy/health?key=1"),
        ("http://[::1]:8188", "/system_stats", "http://[::1]:8188/system_stats"),
        ("ftp://a", "/system_stats", None),
        ("http://", "/system_stats", None),
        ("http://a:99999", "/system_stats", None),
        ("no address", "/system_stats", None),
    ],
)
def test_the_path_is_appended(endpoint, path, expected):
    """The health path follows the endpoint's own, with one slash between them."""
    assert probe_url(endpoint, path) == expected


@pytest.mark.parametrize(
    ("endpoint", "globs", "admitted"),
    [
        ("http://a.example.com", None, True),
        ("http://a.example.com", ("*.example.com",), True),
        ("http://A.Example.com", ("*.example.com",), True),
        ("http://example.org", ("*.example.com",), False),
        ("http://a.example.com.evil.org", ("*.example.com",), False),
        ("http://a.example.com", (), False),
        ("http://[::1]:8188", ("[::1]",), True),
    ],
)
def test_only_allowed_hosts_are_asked(endpoint, globs, admitted):
    """A host that guard.endpoint_hosts leaves out has no target."""
    target = Admission(Guard(endpoint_hosts=globs), "/system_stats").admit("one", endpoint, {})
    assert isinstance(target, Target) == admitted


@pytest.mark.parametrize(
    ("name", "value", "admitted"),
    [
        ("Host", "b.example.com:80", True),
        ("hOST", Secret("evil.org"), False),
        ("Host", "", False),
        ("X-Host", "e.org", True),
    ],
)
def test_a_host_header_is_a_host(name, value, admitted):
    """Behind a shared address the Host header decides who gets the runner's headers, so it must be allowed too."""
    admission = Admission(Guard(endpoint_hosts=("*.example.com",)), "/system_stats")
    assert isinstance(admission.admit("one", "http://a.example.com", {name: value}), Target) == admitted


@pytest.mark.parametrize(
    ("value", "admitted"), [(Secret("abc"), True), ("plain", True), (Secret("a\nb"), False), (Unresolved("x"), False)]
)
def test_a_runner_whose_headers_are_not_known_is_not_asked(value, admitted):
    """Without its headers an answer says nothing about the runner."""
    target = Admission(Guard(), "/system_stats").admit("one", "http://a", {"X": value})
    assert isinstance(target, Target) == admitted
    assert "abc" not in repr(target)
