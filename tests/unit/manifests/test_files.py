from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.manifests.files import MAX_FILE_BYTES, Disk, read_manifests, show_path


def read(cwd, *paths, passed_over=(), stdin=b"", inside=()):
    """The shown paths that are read, and the problems as text."""
    problems = []
    found = read_manifests(
        paths, Disk(cwd, tuple(inside)), passed_over=passed_over, stdin=lambda: stdin, problems=problems
    )
    return [file.shown for file in found], [str(problem) for problem in problems]


def write(root, *names):
    """Write files below a folder."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")


def test_a_folder_is_read_in_sorted_order(tmp_path):
    """Recursively, component by component; .yaml and .yml only; dot paths and the project file are passed over."""
    write(
        tmp_path,
        "r/b.yaml", "r/a/z.yml", "r/a.yaml", "r/a-b/c.yaml", "r/README.md", "r/x.YAML", "r/.hidden.yaml",
        "r/.git/a.yaml",         "r/reconciler.yaml", "r/b/c/d/e.yaml",
    )  # fmt: skip
    shown, problems = read(tmp_path, "r", passed_over=["r/reconciler.yaml"])
    assert shown == ["r/a/z.yml", "r/a-b/c.yaml", "r/a.yaml", "r/b/c/d/e.yaml", "r/b.yaml"]
    assert not problems


def test_files_by_name(tmp_path):
    """A file given by name is read, also one that starts with a dot; a folder of that kind too."""
    write(tmp_path, "a.yaml", ".b.yml", ".ci/c.yaml")
    assert read(tmp_path, ".b.yml", "a.yaml", ".ci") == ([".b.yml", "a.yaml", ".ci/c.yaml"], [])


def test_a_file_is_read_once(tmp_path):
    """Paths that overlap, repeat or lead to one file through a link don't declare its runners twice."""
    write(tmp_path, "r/a.yaml", "r/b.yaml")
    (tmp_path / "r/c.yaml").symlink_to("a.yaml")
    shown, problems = read(tmp_path, "r/b.yaml", "r", "r", str(tmp_path / "r/a.yaml"))
    assert (shown, problems) == (["r/b.yaml", "r/a.yaml"], [])


def test_stdin(tmp_path):
    """`-` is stdin, read once."""
    problems = []
    found = read_manifests(["-", "-"], Disk(tmp_path), passed_over=[], stdin=lambda: b"version: 1", problems=problems)
    assert [(file.shown, file.content) for file in found] == [("<stdin>", b"version: 1")]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("absent", "absent:1:1: there is no such file or folder"),
        ("a.json", "a.json:1:1: a manifest's name ends in .yaml or .yml"),
        (
            "reconciler.yaml",
            "reconciler.yaml:1:1: this is the project file, which declares no runners; give it as --project",
        ),
    ],
)
def test_paths_that_are_none(tmp_path, path, message):
    """A path that can't be a manifest is an error at that path, and doesn't hide the others."""
    write(tmp_path, "a.json", "reconciler.yaml", "good.yaml")
    assert read(tmp_path, path, "good.yaml", passed_over=["reconciler.yaml"]) == (["good.yaml"], [message])


def test_links_neither_loop_nor_multiply(tmp_path):
    """Each real folder is entered once."""
    write(tmp_path, "r/a.yaml", "r/d/e.yaml")
    for name in ("loop", "d/up", "d/again"):
        (tmp_path / "r" / name).symlink_to(tmp_path / "r")
    (tmp_path / "r/self").symlink_to("self")
    assert read(tmp_path, "r") == (["r/a.yaml", "r/d/e.yaml"], [])


def test_links_stay_inside(tmp_path):
    """A link below a folder leads at most into that folder, the working folder, or what is allowed."""
    write(tmp_path, "w/r/a.yaml", "w/shared/b.yaml", "allowed/c.yaml", "foreign/d.yaml", "foreign/e/f.yaml")
    for name, target in [("b", "w/shared/b.yaml"), ("c", "allowed/c.yaml"), ("d", "foreign/d.yaml")]:
        (tmp_path / f"w/r/{name}.yaml").symlink_to(tmp_path / target)
    (tmp_path / "w/r/e").symlink_to(tmp_path / "foreign/e")
    (tmp_path / "w/r/notes.txt").symlink_to(tmp_path / "foreign/d.yaml")
    shown, problems = read(tmp_path / "w", "r", inside=[tmp_path / "allowed"])
    assert shown == ["r/a.yaml", "r/b.yaml", "r/c.yaml"]
    assert problems == [
        "r/d.yaml:1:1: this link leads out of the project's folder",
        "r/e:1:1: this link leads out of the project's folder",
    ]


def test_a_mounted_config_map_is_read(tmp_path):
    """Kubernetes mounts files as links into a dot folder beside them."""
    write(tmp_path, "mount/..2026/a.yaml")
    (tmp_path / "mount/..data").symlink_to("..2026")
    (tmp_path / "mount/a.yaml").symlink_to("..data/a.yaml")
    (tmp_path / "w").mkdir()
    assert read(tmp_path / "w", str(tmp_path / "mount")) == ([f"{tmp_path}/mount/a.yaml"], [])


def test_what_is_no_file(tmp_path):
    """A pipe or a dead link below a folder is an error, not a wait."""
    (tmp_path / "r").mkdir()
    os.mkfifo(tmp_path / "r/p.yaml")
    (tmp_path / "r/l.yaml").symlink_to("absent")
    (tmp_path / "r/o.yaml").symlink_to("o.yaml")
    shown, problems = read(tmp_path, "r")
    assert not shown
    assert problems == [
        f"r/{name}.yaml:1:1: this is no file but a pipe, a device, a socket or a link to nowhere" for name in "lop"
    ]


def test_a_pipe_by_name_is_read(tmp_path):
    """A shell's `<(…)` is a pipe under /dev/fd."""
    reader, writer = os.pipe()
    os.write(writer, b"version: 1")
    os.close(writer)
    problems = []
    try:
        found = read_manifests(
            [f"/dev/fd/{reader}"], Disk(tmp_path), passed_over=[], stdin=lambda: b"", problems=problems
        )
    finally:
        os.close(reader)
    assert [file.content for file in found] == [b"version: 1"]
    assert not problems


def test_what_cannot_be_read():
    """An error of the system is a problem at its path, and the other files are still read."""

    class Failing:
        def find(self, path, _problems):
            return [path]

        def read(self, path):
            if path == "a.yaml":
                raise PermissionError(13, "Permission denied")
            return b""

        def identity(self, path):
            return path

    problems = []
    found = read_manifests(["a.yaml", "b.yaml"], Failing(), passed_over=[], stdin=lambda: b"", problems=problems)
    assert [file.shown for file in found] == ["b.yaml"]
    assert [str(problem) for problem in problems] == ["a.yaml:1:1: can't be read: Permission denied"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable(tmp_path):
    """What may not be read is an error at its path."""
    write(tmp_path, "r/a.yaml", "d/b.yaml")
    (tmp_path / "r/a.yaml").chmod(0)
    (tmp_path / "d").chmod(0)
    try:
        assert read(tmp_path, "r", "d")[1] == [
            "r/a.yaml:1:1: can't be read: Permission denied",
            "d:1:1: this folder can't be read: Permission denied",
        ]
    finally:
        (tmp_path / "d").chmod(0o700)


def test_a_read_is_bounded(tmp_path):
    """One byte over the limit is enough to know that it is over."""
    with (tmp_path / "big.yaml").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 100)
    assert len(Disk(tmp_path).read("big.yaml")) == MAX_FILE_BYTES + 1


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("r/a.yaml", "r/a.yaml"),
        ("./r//a.yaml", "r/a.yaml"),
        ("r/../s", "s"),
        (".", "."),
        ("/w/r/a.yaml", "r/a.yaml"),
        ("../x/a.yaml", "../x/a.yaml"),
        ("/x/a.yaml", "/x/a.yaml"),
    ],
)
def test_shown_paths(path, shown):
    """Relative to the working folder below it; else as it was given."""
    assert show_path(path, Path("/w")) == shown
