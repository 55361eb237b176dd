"""possible-rename: a create under nearly the name of a runner that is live already."""

from __future__ import annotations

import pytest
import yaml

from tests.fakes.small_plans import codes, entry, live, plan, runner_id

ELSEWHERE = "https://9.9.9.9:8188"


def message(wanted, has, **fields):
    """What is said about a create beside an unmanaged runner at another endpoint; None where nothing is."""
    made = plan([entry(2, name=wanted, endpoint=ELSEWHERE, **fields)], [live(1, name=has)])
    found = [each for each in made.findings if each.code == "possible-rename"]
    assert all((each.severity, each.key) == ("error", "gpu-2") for each in found)
    return found[0].message if found else None


@pytest.mark.parametrize(
    ("wanted", "has", "differs"),
    [
        ("GPU Runner", "gpu runner", "case"),
        ("Straße", "STRASSE", "case"),
        ("gpu", " gpu", "outer blanks"),
        ("gpu", "gpu\u00a0", "outer blanks"),
        ("caf\u00e9", "cafe\u0301", "Unicode form"),
        ("gpu 1", "gpu \uff11", "Unicode form"),
        ("gpu", "g\u200bpu", "an invisible character"),
        ("gpu", "gpu\u3164", "an invisible character"),
        ("gpu", "gpu\U000e0100", "an invisible character"),
        ("gpu", "\ufeffGPU ", "an invisible character and case and outer blanks"),
    ],
)
def test_names_that_look_alike(wanted, has, differs):
    """Whatever the endpoint; it says in what they differ, and which runner to take over."""
    said = message(wanted, has)
    assert f"has its name but for {differs}: {has!r} ({runner_id(1)}); " in said
    assert f"add id: {runner_id(1)} or former_name: " in said
    quoted = said.partition("former_name: ")[2].removesuffix(" to this entry")
    assert quoted.isprintable()
    assert yaml.safe_load(quoted) == has


@pytest.mark.parametrize(("wanted", "has"), [("gpu-1", "gpu-11"), ("gpu 1", "gpu  1"), ("gpu", "cpu"), ("é", "e")])
def test_names_that_differ(wanted, has):
    """Another letter, another accent, or another inner blank is another name."""
    assert message(wanted, has) is None


def test_a_former_name_that_nearly_matches():
    """An entry that means to rename, and misses the name by its case, would create a second runner."""
    assert "has its former_name but for case: 'Old'" in message("new", "Old", former_name="old")


def test_a_runner_is_named_once():
    """At the same endpoint and under nearly the same name it is one finding; a managed runner is nobody's rename."""
    made = plan([entry(1, name="GPU-1")], [live(1)])
    assert codes(made) == ["possible-rename"]
    assert "has this endpoint already" in made.findings[0].message
    assert codes(plan([entry(1), entry(2, name="GPU-1", endpoint=ELSEWHERE)], [live(1)])) == []
