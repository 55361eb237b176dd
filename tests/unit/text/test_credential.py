"""Which header values look like a credential: many kinds, and few false alarms."""

from __future__ import annotations

import pytest

from reconciler.model.secret import Literal, Secret
from reconciler.text.credential import credentials_in, looks_like_credential

CREDENTIALS = [
    ("Authorization", "Bearer abc123def456"),
    ("authorization", "Bearer s3cret"),
    ("Authorization", "hunter2"),
    ("Proxy-Authorization", "Basic dXNlcjpwYXNz"),
    ("Cookie", "session=1"),
    ("X-Api-Key", "k3y"),
    ("X-API-KEY", "abcdefgh"),
    ("X-Auth-Token", "opensesame"),
    ("X-Password", "rosebud"),
    ("CF-Access-Client-Secret", "correcthorse"),
    ("X-Client-Token", "a1b2c3d4e5"),
    ("X-Accesstoken", "a1b2c3d4e5"),
    ("X-Session", "9f8e7d6c5b4a"),
    ("X-Pool", "Bearer a1b2c3d4e5"),
    ("X-Key", "Bearer opensesame"),
    ("X-Key", "https://user:password@proxy.example.com"),
    ("X-Pool", "bearer a1b2c3d4e5"),
    ("X-Pool", "Basic dXNlcjpwYXNzd29yZA=="),
    ("X-Pool", "Token abc123def456ghi"),
    ("X-Custom", "ghp_0123456789abcdefghij0123456789abcdef"),
    ("X-Custom", "github_pat_11ABCDEFG0123456789_abcdefghijklmnop"),
    ("X-Custom", "glpat-0123456789abcdefghij"),
    ("X-Custom", "xoxb-0123456789-abcdefghij"),
    ("X-Custom", "sk-proj-0123456789abcdefghijABCDEFGHIJ"),
    ("X-Custom", "sk_live_0123456789abcdefghij"),
    ("X-Custom", "AKIAIOSFODNN7EXAMPLE"),
    ("X-Custom", "AIzaSyA-0123456789abcdefghijklmnopqrstu"),
    ("X-Custom", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"),
    ("X-Custom", "hf_abcdefghijklmnopqrst"),
    ("X-Custom", "cfc_0123456789abcdef"),
    ("X-Custom", "https://user:password@proxy.example.com"),
    ("X-Custom", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("X-Custom", "q7Xn2LmP9vRt4KsW8yZb3Hc6"),
    ("X-Custom", "key=q7Xn2LmP9vRt4KsW8yZb3Hc6; v=1"),
    ("X-Custom", "q7Xn2LmP9vRt4KsW8yZb3Hc6+/Ab=="),
]
INNOCENT = [
    ("X-Pool", "a100"),
    ("X-Pool", "gpu-a100-80gb-pcie-us-east-1"),
    ("X-Pool", "production-image-generation-pool"),
    ("X-Pool", ""),
    ("X-Region", "eu-central-1"),
    ("X-Request-Id", "550e8400-e29b-41d4-a716-446655440000"),
    ("X-Tenant", "550E8400-E29B-41D4-A716-446655440000"),
    ("Accept", "application/vnd.github+json, text/html;q=0.9"),
    ("Accept-Language", "en-GB,en;q=0.5"),
    ("User-Agent", "ComfyControl-Reconciler/1.2.3 (+https://example.com/reconciler)"),
    ("Content-Type", "application/json; charset=utf-8"),
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("Origin", "https://comfy-1.example.com:8188"),
    ("X-Forwarded-Host", "comfy-1.staging.internal.example.com"),
    ("X-Version", "1.24.3-rc1+build.20260101"),
    ("X-Date", "2026-12-31T23:59:59Z"),
    ("X-Timeout", "30"),
    ("X-Digits", "123456789012345678901234567890"),
    ("X-Path", "/models/checkpoints/sd_xl_base_1.0.safetensors"),
    ("X-Model", "stable-diffusion-xl-base-1.0-fp16"),
    ("X-Token-Type", "bearer"),
    ("X-Auth-Mode", "none"),
    ("X-Auth-Required", "true"),
    ("X-Key-Name", "production"),
    ("X-Note", "the quick brown fox jumps over the lazy dog"),
    ("X-Note", "Basic subscription"),
    ("Authorization", ""),
    ("Authorization", "none"),
]


@pytest.mark.parametrize(("header", "value"), CREDENTIALS)
def test_what_looks_like_a_credential(header, value):
    """By its header's name, its scheme, the shape of a known token, or its randomness."""
    assert looks_like_credential(header, value)


@pytest.mark.parametrize(("header", "value"), INNOCENT)
def test_what_does_not(header, value):
    """Names, versions, paths, ids, addresses and words are none."""
    assert not looks_like_credential(header, value)


@pytest.mark.parametrize("value", ["changeme", "Bearer changeme", "<token>", "xxx", ""])
def test_a_placeholder_is_no_credential(value):
    """It is another finding."""
    assert not Literal(value).looks_like_credential("Authorization")
    assert Literal("Bearer a1b2c3d4").looks_like_credential("Authorization")


def test_a_literal_is_a_secret():
    """Equal to one of its text, and as hidden."""
    assert Literal("a") == Secret("a")
    assert Secret("a") == Literal("a")
    assert hash(Literal("a")) == hash(Secret("a"))
    assert str(Literal("s3cret")) == repr(Literal("s3cret")) == "(sensitive)"
    assert isinstance(Literal.join(["a", Secret("b")]), Literal)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("abc", {"abc"}),
        ("Bearer abc", {"Bearer abc", "abc"}),
        ('Token  "abc" ', {'Token  "abc" ', 'Token  "abc"', '"abc"', "abc"}),
        ("Basic dTpw", {"Basic dTpw", "dTpw", "u:p"}),
        ("basic !!!", {"basic !!!", "!!!"}),
        ("", set()),
    ],
)
def test_the_credentials_in_a_value(value, expected):
    """The value, what follows its scheme, and what Basic says; never a password by itself, which could be guessed."""
    assert credentials_in(value) == expected
