"""What validate, doctor and export found, in every format."""

from __future__ import annotations

import json

import pytest
import yaml

from reconciler.model.results import Check, Checks, Exported, Valid, Validity
from tests.fakes.rendering import rendered

VALID = Validity((Valid("staging", 1, ("a.yaml",)), Valid("production", 2, ("b.yaml", "c.yaml"))))
CHECKS = Checks(
    (Check("token", "ok", "valid"), Check("limit", "warn", "too high", "lower it"), Check("tier", "fail", "none"))
)
EXPORTED = Exported("version: 1\nrunners: {}\n", ("RECONCILER_A",), ("b: no",), None)
HOSTILE = "::error::x @team <script> \x1b[31m"


def test_valid_environments():
    """A line an environment; without environments no name."""
    assert rendered(VALID, "text") == (
        "staging: Valid. 1 runner in 1 file.\nproduction: Valid. 2 runners in 2 files.\n"
    )
    assert rendered(Validity((Valid(None, 0, ()),)), "text") == "Valid. 0 runners in 0 files.\n"
    assert rendered(VALID, "markdown").splitlines()[0] == "- staging: Valid. 1 runner in 1 file."
    assert "<li>production: Valid. 2 runners in 2 files.</li>" in rendered(VALID, "html")
    assert json.loads(rendered(VALID, "json")) == {
        "format_version": "1.0",
        "valid": True,
        "environments": [
            {"environment": "staging", "runners": 1, "files": ["a.yaml"]},
            {"environment": "production", "runners": 2, "files": ["b.yaml", "c.yaml"]},
        ],
    }


def test_checks():
    """A line a check with its advice below; JSON says whether all is well."""
    assert rendered(CHECKS, "text") == ("ok    token: valid\nwarn  limit: too high\n      lower it\nFAIL  tier: none\n")
    assert rendered(CHECKS, "markdown").splitlines()[2] == "- lower it"
    assert "limit: too high" in rendered(CHECKS, "html")
    document = json.loads(rendered(CHECKS, "json"))
    assert document["ok"] is False
    assert document["checks"][1] == {"name": "limit", "status": "warn", "found": "too high", "advice": "lower it"}
    assert json.loads(rendered(Checks(CHECKS.checks[:2]), "json"))["ok"] is True


def test_exported():
    """The manifest itself; with `format json` also what it needs and lacks."""
    assert rendered(EXPORTED, "text") == EXPORTED.text
    assert rendered(EXPORTED, "markdown") == "```yaml\nversion: 1\nrunners: {}\n```\n"
    assert "runners: {}" in rendered(EXPORTED, "html")
    assert json.loads(rendered(EXPORTED, "json")) == {
        "format_version": "1.0",
        "sandbox": None,
        "manifest": EXPORTED.text,
        "variables": ["RECONCILER_A"],
        "left_out": ["b: no"],
        "declared": 0,
    }


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_an_export_of_the_emulator_says_so(form):
    """In every format; the text stays a manifest."""
    exported = Exported(EXPORTED.text, (), (), "a\nb.db")
    shown = rendered(exported, form)
    assert "b.db" in shown
    if form == "text":
        assert yaml.safe_load(shown) == {"version": 1, "runners": {}}


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_foreign_text_is_harmless(form):
    """Names of environments and what a service answered."""
    for shown in (
        rendered(Validity((Valid(HOSTILE, 1, (HOSTILE,)),)), form),
        rendered(Checks((Check("tier", "ok", HOSTILE, HOSTILE),)), form),
    ):
        assert "\x1b" not in shown
        assert not any(line.lstrip().startswith("::") for line in shown.splitlines())
        if form == "html":
            assert "<script>" not in shown
        if form == "markdown":
            assert "`@team`" in shown


def test_advice_that_is_the_same_is_given_once():
    """Below the last of several checks in a row that it is for; JSON gives it to each."""
    same = [Check(name, "unknown", "not checked", "correct that") for name in ("a", "b")]
    found = Checks((Check("first", "fail", "wrong", "do this"), *same, Check("c", "ok", "fine"), same[0]))
    lines = [line.split() for line in rendered(found).splitlines()]
    assert [" ".join(line) for line in lines] == [
        "FAIL first: wrong",
        "do this",
        "? a: not checked",
        "? b: not checked",
        "correct that",
        "ok c: fine",
        "? a: not checked",
        "correct that",
    ]
    assert [each["advice"] for each in json.loads(rendered(found, "json"))["checks"]].count("correct that") == 3
