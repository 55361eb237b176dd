"""The one writer of YAML: what it writes reads back as it was, and hides nothing."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.write import scalar, write_manifest, write_runner

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXT,
        "tags": st.lists(TEXT, max_size=3),
        "headers": st.dictionaries(TEXT, TEXT, max_size=3),
        "wildcard": st.booleans(),
        "accept": st.lists(st.fixed_dictionaries({"code": TEXT, "reason": TEXT}), max_size=2),
    },
)


@given(st.dictionaries(TEXT, ENTRIES.filter(bool), max_size=3))
def test_entries_read_back(runners):
    """Whatever keys and values hold, YAML reads the very same entries."""
    lines = [line for key, entry in runners.items() for line in write_runner(key, entry)]
    text = "".join(f"{line}\n" for line in write_manifest(lines))
    assert yaml.safe_load(text) == {"version": 1, "runners": runners}


def test_a_comment_is_on_the_line_of_the_key():
    """Where a runner comes from is beside its key."""
    assert list(write_runner("a", {"tags": []}, "m.yaml:3")) == ["  a:  # m.yaml:3", "    tags: []"]


@pytest.mark.parametrize(
    ("held", "text"),
    [
        ("gpu", "gpu"),
        ("gpu a100", "gpu a100"),
        ("https://a.example.com:8188/x", "https://a.example.com:8188/x"),
        ("yes", '"yes"'),
        ("Null", '"Null"'),
        ("0123", '"0123"'),
        ("2026-12-31", '"2026-12-31"'),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ("", '""'),
        ('say "hi" \\ there', '"say \\"hi\\" \\\\ there"'),
        ("\x1b[31m", '"\\x1b[31m"'),
        ("a\u202eb", '"a\\u202eb"'),
        ("##[error]x", '"#\\x23[error]x"'),
        ("::error::x", '"::error::x"'),
        ("1f0c6d52-6d3c-4f0f-9d5e-2b8f3a7c1e01", "1f0c6d52-6d3c-4f0f-9d5e-2b8f3a7c1e01"),
        ("00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"),
        (True, "true"),
        (False, "false"),
    ],
)
def test_scalars(held, text):
    """Plain where nothing could be read into it, else in double quotes with everything hidden escaped."""
    assert scalar(held) == text
    assert yaml.safe_load(text) == held


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_string_comes_back(held):
    """Whatever a string holds, YAML reads the same string, in a block and in a list."""
    assert yaml.safe_load(f"x: {scalar(held)}") == {"x": held}
    assert yaml.safe_load(f"x: [{scalar(held)}, b]") == {"x": [held, "b"]}
