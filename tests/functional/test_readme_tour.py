"""The README as a newcomer reads it: its first screen and its tour, run as they are written, from an empty folder."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
TOP = README.partition("\n## ")[0]
TOUR = README.partition("\n## Five-minute tour\n")[2].partition("\n## ")[0]
MARK = "\x1e"


def blocks(text, kind):
    """The fenced blocks of one kind, in order, without their fences."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def steps(console):
    """The commands of a console block, each with the lines that it shows."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def as_pattern(shown):
    """What is shown, as a pattern: a line `...` is any lines; nothing shown is anything."""
    return "(?:.*\n)*?".join(re.escape(piece) for piece in re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE))


@pytest.fixture
def shell(tmp_path):
    """Run commands in one shell with a terminal on which `y` is typed; returns what each printed."""

    def run(commands):
        script = "".join(f"{command}\nprintf '{MARK}'\n" for command in commands)
        ours, theirs = pty.openpty()
        os.write(ours, b"y\n")
        ran = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-eu", "-c", script],
            cwd=tmp_path,
            env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)},
            stdin=theirs,
            capture_output=True,
            text=True,
            check=False,
        )
        os.close(ours)
        os.close(theirs)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout.split(MARK)[:-1]

    return run


def test_the_first_screen_shows_a_true_plan(shell, tmp_path):
    """The six lines at the top give, to the letter, the plan below them."""
    (manifest,) = blocks(TOP, "yaml")
    assert len(manifest.splitlines()) == 6
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "first.yaml").write_text(manifest)
    ((command, shown),) = steps(blocks(TOP, "console")[0])
    assert shell([command]) == [shown]
    assert len(TOP.partition("```mermaid")[0].splitlines()) < 50


def test_the_tour_works_word_for_word(shell):
    """Every command runs to its end from an empty folder, and prints what is shown below it."""
    first, second = blocks(TOP, "yaml")[0], blocks(TOUR, "yaml")[0]
    done = list(steps("".join(blocks(TOUR, "console"))))
    commands = [command for command, _shown in done]
    assert commands[0] == "mkdir runners"
    written = [
        commands[0],
        f"cat > runners/first.yaml <<'END'\n{first}END",
        *commands[1 : commands.index("export RECONCILER_PROD_TOKEN=any-text")],
        f"cat > runners/first.yaml <<'END'\n{second}END",
        *commands[commands.index("export RECONCILER_PROD_TOKEN=any-text") :],
    ]
    printed = dict(zip(written, shell(written), strict=True))
    repeated = [command for command in commands if commands.count(command) > 1]
    assert not repeated, "a command that is given twice would be compared with its last output only"
    for command, shown in done:
        if shown:
            assert re.fullmatch(as_pattern(shown), printed[command]), printed[command]


@pytest.mark.parametrize(
    ("shown", "printed", "equal"),
    [
        ("a\n", "a\n", True),
        ("a\n", "b\na\n", False),
        ("...\na\n", "b\nc\na\n", True),
        ("...\na\n", "b\na\nc\n", False),
        ("a\n...\n", "a\n", True),
    ],
)
def test_how_what_is_shown_is_compared(shown, printed, equal):
    """Only a line of three dots stands for others."""
    assert bool(re.fullmatch(as_pattern(shown), printed)) is equal
