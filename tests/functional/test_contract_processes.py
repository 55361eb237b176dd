"""Commands in processes of their own: terminals, closed streams, full disks, signals, a shell's completion."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.sandbox.store import Store
from tests.fakes.cli import run_cli

MANIFEST = "version: 1\nrunners: {gpu-1: {endpoint: https://a.example.com, tags: [gpu]}}\n"


@pytest.fixture
def emulated(tmp_path):
    """A manifest with one runner and a command line on the embedded emulator."""
    (tmp_path / "m.yaml").write_text(MANIFEST)

    def run(*words, stdin=b"", **env):
        return run_cli(*words, cwd=tmp_path, env={"RECONCILER_SANDBOX": "s.db"} | env, stdin=stdin)

    return run


CONTROLLED = """\
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "reconciler", *sys.argv[1:]])
"""
"""Makes stdin the controlling terminal, so that a Ctrl-C typed there is a signal."""


def spawn(folder, *words, code=None, **streams):
    """The command in a process of its own, on the emulator of `folder`; `code` runs before it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("RECONCILER_", "COMFYCONTROL_"))}
    env |= {"RECONCILER_SANDBOX": "s.db", "XDG_STATE_HOME": str(folder / ".state")}
    start = ["-m", "reconciler"] if code is None else ["-c", code]
    return subprocess.Popen([sys.executable, *start, *words], cwd=folder, env=env, **streams)


def on_a_terminal(folder, *words, answer):
    """Exit code and screen of a command whose three streams are one terminal, after `answer` was typed."""
    ours, theirs = pty.openpty()
    process = spawn(folder, *words, code=CONTROLLED, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    screen = b""
    typed = False
    while select.select([ours], [], [], 60)[0]:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # on Linux, the end of a terminal nobody holds any more
            break
        if not chunk:
            break
        screen += chunk
        if not typed and b"[y/N]" in screen:
            os.write(ours, answer)
            typed = True
    os.close(ours)
    return process.wait(timeout=60), screen.decode()


BASH = shutil.which("bash") or "/bin/bash"

ANSWERS = [
    # what is typed, exit code, last words, whether it was written
    (b"y\n", 0, "Applied: 1 created, 0 updated, 0 disabled.", True),
    (b"n\n", 1, "nothing was written", False),
    (b"\n", 1, "nothing was written", False),
    (b"\x03", 130, "interrupted", False),
    (b"\x04", 130, "interrupted", False),
]


@pytest.mark.parametrize(("answer", "code", "shown", "written"), ANSWERS)
def test_apply_asks(tmp_path, answer, code, shown, written):
    """On a terminal the plan is shown, then asked about; only yes writes."""
    (tmp_path / "m.yaml").write_text(MANIFEST)
    ended, screen = on_a_terminal(tmp_path, "apply", "m.yaml", answer=answer)
    assert ended == code, screen
    assert "Plan: 1 to create" in screen
    assert shown in screen.splitlines()[-1] + screen.splitlines()[-2]
    with Store(tmp_path / "s.db") as store:
        assert bool(store.runners()) == written


def test_nothing_to_apply_is_not_asked_about(tmp_path, emulated):
    """Without changes there is no question."""
    assert emulated("apply", "m.yaml", "--yes").code == 0
    ended, screen = on_a_terminal(tmp_path, "apply", "m.yaml", answer=b"")
    assert ended == 0
    assert "[y/N]" not in screen


def test_json_on_a_terminal(tmp_path):
    """The plan and the question go to stderr, so that stdout holds one document."""
    (tmp_path / "m.yaml").write_text(MANIFEST)
    ended, screen = on_a_terminal(tmp_path, "apply", "m.yaml", "--format", "json", answer=b"y\n")
    assert ended == 0
    assert screen.index("Plan: 1 to create") < screen.index("[y/N]") < screen.index('"outcomes"')


STREAMS = ["{} >&-", "{} 2>&-", "{} <&-", "{} >&- 2>&- <&-", "{} | true", "{} 2>&1 >/dev/null | true"]


@pytest.mark.parametrize("line", STREAMS)
def test_closed_streams(tmp_path, line):
    """A stream that is closed, or whose reader has gone, changes no exit code and leaves no traceback."""
    (tmp_path / "m.yaml").write_text(MANIFEST)
    command = f"{sys.executable} -m reconciler apply m.yaml --yes --sandbox s.db"
    shell = f"set -o pipefail; {line.format(command)}"
    ran = subprocess.run([BASH, "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    with Store(tmp_path / "s.db") as store:
        assert len(store.runners()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize(("words", "code"), [("plan m.yaml", 1), ("plan m.yaml --format json", 1), ("list", 1)])
def test_a_full_disk(tmp_path, words, code):
    """A result that can't be written is exit 1 and one line."""
    (tmp_path / "m.yaml").write_text(MANIFEST)
    shell = f"{sys.executable} -m reconciler {words} --sandbox s.db >/dev/full"
    ran = subprocess.run([BASH, "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (code, "the output can't be written: No space left on device\n")


def test_an_apply_whose_result_is_lost(tmp_path):
    """What is written is written: the exit code tells that, stderr that the result could not be."""
    (tmp_path / "m.yaml").write_text(MANIFEST)
    shell = f"{sys.executable} -m reconciler apply m.yaml --yes --format json --sandbox s.db >/dev/full"
    ran = subprocess.run([BASH, "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0
    assert "its result is lost" in ran.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_reading(tmp_path, number):
    """Exit 130 and one word, whatever the command was about."""
    (tmp_path / "m.yaml").write_text(MANIFEST)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        env = os.environ | {"COMFYCONTROL_API_URL": url, "COMFYCONTROL_API_TOKEN": "cfc_x"}
        with subprocess.Popen(
            [sys.executable, "-m", "reconciler", "plan", "m.yaml", "-vv"],
            cwd=tmp_path,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if "receive_response_headers.started" in line:
                    break
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "interrupted" in err
    assert "Traceback" not in err


def test_completion_in_bash(tmp_path, emulated):
    """The printed script completes commands, options, choices, and leaves paths to the shell."""
    (tmp_path / "script").write_text(emulated("completion", "bash").out)
    (tmp_path / "reconciler").write_text(f'#!/bin/sh\nexec {sys.executable} -m reconciler "$@"\n')
    (tmp_path / "reconciler").chmod(0o755)
    lines = ["reconciler pla", "reconciler plan --det", "reconciler plan --format m", "reconciler schema p"]
    asked = "\n".join(
        f"COMP_WORDS=({line}); COMP_CWORD={len(line.split()) - 1}; COMPREPLY=(); "
        "_reconciler_completion reconciler; echo ${COMPREPLY[*]}"
        for line in lines
    )
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ran = subprocess.run(
        [BASH, "--norc", "-c", f". ./script\n{asked}"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines() == ["plan", "--detailed-exitcode", "markdown", "project plan"]


def test_the_sandbox_serves_until_it_is_stopped(tmp_path):
    """Its address is on stdout, its state survives, SIGINT is a good end."""
    (tmp_path / "seed.json").write_text('{"runners": [{"name": "a", "endpoint": "http://a", "tags": []}]}')
    for seed in (["--seed", "seed.json"], []):
        words = [
            "sandbox",
            "--port",
            "0",
            "--db",
            "x.db",
            "--token",
            "t-1",
            "--rate-limit",
            "100/1",
            "--latency",
            "1",
            *seed,
        ]
        process = spawn(tmp_path, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        env = {"COMFYCONTROL_API_URL": url, "COMFYCONTROL_API_TOKEN": "t-1"}
        listed = run_cli("list", "--format", "json", cwd=tmp_path, env=env)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert "sandbox stopped" in err
        assert [runner["name"] for runner in listed.json["runners"]] == ["a"]
