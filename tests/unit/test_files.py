"""Files: whole or not there, private where asked, no link followed, read within a bound."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from reconciler import files
from reconciler.errors import FileError, PlanFileError
from reconciler.files import create_file, open_for_append, read_file, write_file


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Relative paths are those of an empty folder, and the umask is known."""
    monkeypatch.chdir(tmp_path)
    before = os.umask(0o022)
    yield tmp_path
    os.umask(before)


def names(folder):
    """All that lies in a folder, hidden files too."""
    return sorted(each.name for each in folder.iterdir())


def mode(path):
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def append(path, text="new\n"):
    """Write to the end, as a journal does."""
    handle = open_for_append(path)
    os.write(handle, text.encode())
    os.close(handle)


WRITERS = {
    "private": lambda path: write_file(path, "new\n", private=True),
    "public": lambda path: write_file(path, "new\n"),
    "pieces": lambda path: write_file(path, iter(["ne", "w\n"])),
    "created": lambda path: create_file(path, "new\n"),
    "appended": append,
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_is_written_and_nothing_is_left_beside_it(here, writer):
    """The content is there under its name alone; plans and journals are their owner's only."""
    WRITERS[writer]("out.txt")
    assert (here / "out.txt").read_text() == "new\n"
    assert names(here) == ["out.txt"]
    assert mode(here / "out.txt") == (0o600 if writer in ("private", "appended") else 0o644)


@pytest.mark.parametrize(("writer", "expected"), [("private", 0o600), ("public", 0o664), ("appended", 0o600)])
def test_the_mode_of_a_file_that_was_there(here, writer, expected):
    """A report keeps it; what is private becomes so."""
    (here / "f").write_text("")
    (here / "f").chmod(0o664)
    WRITERS[writer]("f")
    assert mode(here / "f") == expected


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("dangling", [False, True])
def test_no_link_is_followed(here, tmp_path_factory, writer, dangling):
    """A link at the path is replaced or refused; where it leads nothing is written or made."""
    outside = tmp_path_factory.mktemp("outside") / "target"
    if not dangling:
        outside.write_text("keep")
    (here / "f").symlink_to(outside)
    try:
        WRITERS[writer]("f")
    except (FileError, FileExistsError):
        assert writer in ("created", "appended")
        assert (here / "f").is_symlink()
    else:
        assert not (here / "f").is_symlink()
        assert (here / "f").read_text() == "new\n"
    assert not dangling or not outside.exists()
    assert dangling or outside.read_text() == "keep"
    assert [*outside.parent.iterdir()] == ([] if dangling else [outside])


@pytest.mark.parametrize("writer", WRITERS)
def test_no_linked_folder_of_a_relative_path_is_followed(here, tmp_path_factory, writer):
    """A checkout may hold a link in place of a folder too; an absolute path was chosen by who runs the command."""
    outside = tmp_path_factory.mktemp("outside")
    (here / "a").mkdir()
    (here / "a" / "b").symlink_to(outside)
    for path in ("a/b/f", "a/b/c/f"):
        with pytest.raises(FileError, match="a/b is a link, which is not followed"):
            WRITERS[writer](path)
    assert [*outside.iterdir()] == []
    WRITERS[writer](str(here / "a" / "b" / "f"))
    assert (outside / "f").read_text() == "new\n"


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("path", "why"),
    [("folder", "it is a folder|Is a directory"), ("file/x", "Not a directory|a file has the name of a folder")],
)
def test_what_can_t_be_written_is_said(here, writer, path, why):
    """With the path and the reason; nothing is left behind."""
    (here / "folder").mkdir()
    (here / "file").write_text("old")
    if writer == "created" and path == "folder":
        with pytest.raises(FileExistsError):
            WRITERS[writer](path)
    else:
        with pytest.raises(FileError, match=f"^{path} can't be written: (?:{why})"):
            WRITERS[writer](path)
    assert names(here) == ["file", "folder"]
    assert names(here / "folder") == []
    assert (here / "file").read_text() == "old"


@pytest.mark.parametrize("writer", ["private", "public"])
def test_a_pipe_is_no_place_for_a_whole_file(here, writer):
    """It is refused at once, not waited for."""
    os.mkfifo(here / "pipe")
    with pytest.raises(FileError, match="pipe can't be written: it is not a regular file"):
        WRITERS[writer]("pipe")


def test_a_folder_that_is_not_there(here):
    """Only a new file brings its folders along."""
    for writer in ("private", "public", "appended"):
        with pytest.raises(FileError, match="absent/f can't be written: No such file or directory"):
            WRITERS[writer]("absent/f")
    create_file("made/for/it", "x")
    assert (here / "made" / "for" / "it").read_text() == "x"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("call", ["fsync", "open"])
@pytest.mark.parametrize("writer", ["private", "public", "created"])
def test_a_disk_that_fails_leaves_the_old_file(here, monkeypatch, writer, call, number):
    """Whole or not at all: an error with the reason, the old content, and no half file beside it."""
    path = here / "f"
    if writer != "created":
        path.write_text("old")

    def refuse(*_arguments, **_options):
        raise OSError(number, "text of another")

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(FileError, match=f"f can't be written: {os.strerror(number)}$"):
        WRITERS[writer](str(path))
    monkeypatch.undo()
    assert [each.name for each in here.iterdir()] == ([] if writer == "created" else ["f"])
    assert writer == "created" or path.read_text() == "old"


@pytest.mark.parametrize("raised", [KeyboardInterrupt, ValueError])
def test_a_result_that_breaks_off_leaves_the_old_file(here, raised):
    """Also where rendering fails in its middle, or the user has enough."""

    def pieces():
        yield "half"
        raise raised

    (here / "f").write_text("old")
    with pytest.raises(raised):
        write_file("f", pieces())
    assert (here / "f").read_text() == "old"
    assert names(here) == ["f"]


def test_a_new_file_overwrites_nothing(here):
    """Whatever has the name, it stays."""
    (here / "f").write_text("old")
    with pytest.raises(FileExistsError):
        create_file("f", "new")
    assert (here / "f").read_text() == "old"


@pytest.mark.parametrize("taken", [False, True])
def test_a_file_system_without_hard_links(here, monkeypatch, taken):
    """A new file is whole there too, and overwrites nothing."""

    def refuse(*_arguments):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    if taken:
        (here / "f").write_text("old")
        with pytest.raises(FileExistsError):
            create_file("f", "new")
    else:
        create_file("f", "new")
    assert (here / "f").read_text() == ("old" if taken else "new")
    assert names(here) == ["f"]


def test_new_files_of_a_project_stay_below_it(here, tmp_path_factory):
    """Folders below the given one may not be links, also where the path is absolute."""
    outside = tmp_path_factory.mktemp("outside")
    (here / "runners").symlink_to(outside)
    with pytest.raises(FileError, match="runners is a link"):
        create_file(here / "runners" / "first.yaml", "x", below=here)
    assert [*outside.iterdir()] == []


def test_half_a_line_is_ended(here):
    """A line that a killed process left does not swallow the next one."""
    (here / "j").write_text("whole\nhalf")
    append("j")
    append("j")
    assert (here / "j").read_text() == "whole\nhalf\nnew\nnew\n"


def test_a_link_to_a_file_is_no_journal(here):
    """It is said what is wrong with it."""
    (here / "target").write_text("keep")
    (here / "j").symlink_to("target")
    with pytest.raises(FileError, match="j can't be written: it is a link, which is not followed"):
        append("j")
    assert (here / "target").read_text() == "keep"


@pytest.mark.parametrize(("more", "refused"), [(-1, False), (0, False), (1, True)])
def test_a_file_is_read_up_to_its_bound(here, monkeypatch, more, refused):
    """One below and at the bound are read, one above is refused, by one rule for plans and saved lists."""
    monkeypatch.setattr(files, "MAX_BYTES", 1024**2)
    (here / "f").write_bytes(b" " * (1024**2 + more))
    if refused:
        with pytest.raises(PlanFileError, match="f is larger than 1 MiB, the most that is read"):
            read_file("f", error=PlanFileError)
    else:
        assert len(read_file("f")) == 1024**2 + more


@pytest.mark.parametrize(("path", "why"), [("absent", "No such file or directory"), (".", "Is a directory")])
def test_what_can_t_be_read_is_said(path, why):
    """With the path and the reason, as the error that was asked for."""
    with pytest.raises(PlanFileError, match=f"^{path} can't be read: {why}"):
        read_file(path, error=PlanFileError)


def test_the_bound_is_64_mib():
    """As for manifests."""
    from reconciler.manifests.yaml import read

    assert files.MAX_BYTES == 64 * 1024**2 == read.MAX_BYTES
