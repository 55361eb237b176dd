"""Folders that killed watches leave are removed by the next one; nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import pytest

from reconciler.manifests.clone_folder import OWNER, PREFIX, UNLOCKED_S, YOUNG_S, CloneFolder, remove_abandoned

NOW_S = 1_900_000_000.0
OLD_S = 10 * UNLOCKED_S


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A temporary folder of the system for this test alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left(temporary, name=f"{PREFIX}left", *, age_s=OLD_S, locked_once=True):
    """A folder as a killed watch leaves it."""
    folder = temporary / name
    (folder / "clone.git").mkdir(parents=True)
    folder.chmod(0o700)
    if locked_once:
        (folder / OWNER).touch()
    os.utime(folder, (NOW_S - age_s, NOW_S - age_s))
    return folder


def remains(folder, now_s=NOW_S):
    """Whether a folder is there after a clean-up."""
    remove_abandoned(now_s)
    return os.path.lexists(folder)


@pytest.mark.parametrize(
    ("age_s", "locked_once", "kept"),
    [
        (YOUNG_S - 1, True, True),
        (YOUNG_S, True, False),
        (YOUNG_S + 1, True, False),
        (UNLOCKED_S - 1, False, True),
        (UNLOCKED_S, False, False),
        (UNLOCKED_S + 1, False, False),
        (-OLD_S, True, True),
    ],
)
def test_an_abandoned_folder_is_removed(temporary, age_s, locked_once, kept):
    """One whose owner is gone after a minute, one that nothing ever locked after a day, none from the future."""
    assert remains(left(temporary, age_s=age_s, locked_once=locked_once)) is kept


def test_what_is_in_use_stays(temporary):
    """However old: its owner holds the lock, in this process or another."""
    mine = CloneFolder()
    script = (
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from reconciler.manifests.clone_folder import CloneFolder\n"
        "folder = CloneFolder(); print(folder.name, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(temporary)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        theirs = other.stdout.readline().strip()
        for each in (mine.name, theirs):
            os.utime(each, (NOW_S - OLD_S, NOW_S - OLD_S))
        assert remains(mine.name)
        assert remains(theirs)
        other.kill()
        other.wait()
    assert not remains(theirs)
    assert remains(mine.name)
    mine.cleanup()
    assert not os.path.lexists(mine.name)


def test_others_are_left_alone(temporary):
    """Another prefix, a file, a link to a folder, a folder that others can write to."""
    target = left(temporary, "precious")
    link = temporary / f"{PREFIX}link"
    link.symlink_to(target)
    file = temporary / f"{PREFIX}file"
    file.touch()
    shared = left(temporary, f"{PREFIX}shared")
    shared.chmod(0o777)
    os.utime(shared, (NOW_S - OLD_S, NOW_S - OLD_S))
    for each in (target, link, file, shared):
        assert remains(each)
    assert (target / "clone.git").is_dir()


def test_another_user_s_folder_is_left_alone(temporary, monkeypatch):
    """It may be a trap, or in use where its lock can't be seen."""
    folder = left(temporary)
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    assert remains(folder)
