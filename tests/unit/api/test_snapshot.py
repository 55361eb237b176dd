"""Only a JSON object of format 1.x is a saved list."""

from __future__ import annotations

import json

import pytest

from reconciler import files
from reconciler.api.snapshot import SnapshotError, read_snapshot

GOOD = {"format_version": "1.0", "read_at": "2026-01-01T00:00:00Z", "api_url": "https://a", "runners": []}


def saved(tmp_path, document):
    """A file with this content."""
    path = tmp_path / "list.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return str(path)


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.42"])
def test_any_minor_version_is_read(tmp_path, version):
    """A later one only adds."""
    assert read_snapshot(saved(tmp_path, GOOD | {"format_version": version})).api_url == "https://a"


@pytest.mark.parametrize(
    "version", [1, 1.0, 1.5, True, None, "", "1", "1.", "1.x", "1.0.0", " 1.0", "1.0\n", "1.01", "2.0", "10.0", ["1.0"]]
)
def test_any_other_version_is_refused(tmp_path, version):
    """Also a number, and what only begins like one."""
    with pytest.raises(SnapshotError, match="no list of format 1"):
        read_snapshot(saved(tmp_path, GOOD | {"format_version": version}))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[]", "no saved list: it holds no JSON object"),
        (b'"1.0"', "no saved list"),
        (b"null", "no saved list"),
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff{}", "not UTF-8"),
        (b'{"format_version": "1.0", "format_version": "1.0"}', "duplicate key"),
        (b'{"format_version": NaN}', "a number in it can't be read"),
        (b'{"a":' * 200, "nested over 100 levels|not JSON"),
        (b"{}", "no list of format 1"),
    ],
)
def test_anything_else_is_refused(tmp_path, content, why):
    """With the path, and without a word of its content."""
    with pytest.raises(SnapshotError, match=rf"list\.json.*(?:{why})"):
        read_snapshot(saved(tmp_path, content))


@pytest.mark.parametrize(("more", "refused"), [(0, False), (1, True)])
def test_over_the_limit_it_is_refused(tmp_path, monkeypatch, more, refused):
    """At the limit it is read."""
    monkeypatch.setattr(files, "MAX_BYTES", 2048)
    path = saved(tmp_path, json.dumps(GOOD).encode().ljust(2048 + more))
    if refused:
        with pytest.raises(SnapshotError, match="larger than"):
            read_snapshot(path)
    else:
        assert read_snapshot(path).listing.runners == ()


@pytest.mark.parametrize("path", ["absent.json", "."])
def test_what_can_t_be_read_is_a_clear_error(tmp_path, monkeypatch, path):
    """As an error of this file."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SnapshotError, match=f"^{path} can't be read: "):
        read_snapshot(path)
