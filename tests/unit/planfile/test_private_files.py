"""Plan files: readable by their owner only, whole or not there, and read within a bound."""

from __future__ import annotations

import os
import stat

import pytest

from reconciler.errors import PlanFileError
from reconciler.planfile import files
from reconciler.planfile.files import read_bounded, write_private


def test_a_file_is_written_for_its_owner_only(tmp_path):
    """Mode 0600, whatever the umask and whatever the file before it allowed."""
    path = tmp_path / "p.plan"
    path.write_text("old")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        write_private(str(path), "new \udcff")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_bounded(str(path)) == "new \udcff".encode(errors="surrogatepass")
    assert [each.name for each in tmp_path.iterdir()] == ["p.plan"]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    """A symlink left at the path can't direct the plan elsewhere."""
    target = tmp_path / "target"
    target.write_text("keep")
    (tmp_path / "p.plan").symlink_to(target)
    write_private(str(tmp_path / "p.plan"), "new")
    assert target.read_text() == "keep"
    assert not (tmp_path / "p.plan").is_symlink()


@pytest.mark.parametrize("path", ["absent/p.plan", "folder", "pipe"])
def test_what_cannot_be_written_is_said(tmp_path, monkeypatch, path):
    """A folder that is not there, a folder and a pipe are refused with the path; nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PlanFileError, match=f"{path} can't be written: "):
        write_private(path, "x")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "pipe"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    """A text that can't be encoded fails before the old file is touched."""
    path = tmp_path / "p.plan"
    path.write_text("old")
    with pytest.raises(TypeError):
        write_private(str(path), None)
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_read_is_said(tmp_path, monkeypatch):
    """An absent file and one over the bound are refused; one at the bound is read."""
    with pytest.raises(PlanFileError, match=r"absent\.plan can't be read: No such file"):
        read_bounded(str(tmp_path / "absent.plan"))
    monkeypatch.setattr(files, "MAX_BYTES", 1024**2)
    path = tmp_path / "p.plan"
    path.write_bytes(b" " * 1024**2)
    assert len(read_bounded(str(path))) == 1024**2
    path.write_bytes(b" " * (1024**2 + 1))
    with pytest.raises(PlanFileError, match="larger than 1 MiB"):
        read_bounded(str(path))
