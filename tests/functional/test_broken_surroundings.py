"""Broken surroundings: variables, folders, rights, limits, streams. Each ends in words and in the contract's code."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.forked import Ended, Start, run_forked
from tests.fakes.surroundings import become_unknown, delete_folder, forbid, ignore_signal, limit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MANIFEST = (
    "version: 1\nrunners:\n  gpu-1: {endpoint: https://gpu.example.com, tags: [gpu], headers: {}, status: active}\n"
)
PLAN = ("plan", "--sandbox", "live.db")
APPLY = ("apply", "--yes", "--sandbox", "live.db")
LIST = ("list", "--api-url", "https://service.invalid")
DONE, FAILED, USAGE = 0, 1, 64
TOKEN = "COMFYCONTROL_API_TOKEN"
NO_UTF8 = os.fsdecode(b"\xff")
ACTIONS = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "owner/name", "GITHUB_TOKEN": "made-up"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One broken surrounding: what is wrong, the command, the exit code, and words that it says."""

    name: str
    command: tuple[str, ...] = PLAN
    code: int = DONE
    env: Mapping[str, str] = field(default_factory=dict)
    streams: Mapping[int, str | None] = field(default_factory=dict)
    prepare: Callable[[Path], None] | None = None
    says: str = ""


def variables(names: str, *values: str, **more: object) -> list[Case]:
    """One case a variable and value."""
    return [
        Case(name=f"{name}={value!r:.40}", env={name: value}, **more)  # type: ignore[arg-type] - passed on as given
        for name in names.split()
        for value in values
    ]


HARMLESS = [
    *variables("LANG LC_ALL", "C", "xx_YY.none"),
    *variables("TZ", "Nowhere/Never", ":::"),
    *variables("HOME", "", "/proc", "/dev/null", command=APPLY),
    *variables("HOME", "~", command=APPLY, says="there is no home folder; set HOME"),
    *variables("XDG_STATE_HOME XDG_CACHE_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR", "/dev/null", command=APPLY),
    *variables("TMPDIR", "/dev/null", "/missing/folder", command=("demo",)),
    *variables("TERM", "", "dumb", "none\x1b"),
    *variables("COLUMNS LINES", "0", "-1", "abc", "9" * 30),
    *variables("NO_COLOR FORCE_COLOR CLICOLOR CLICOLOR_FORCE", "", "0", "x"),
    *variables("PAGER EDITOR", "/missing/command"),
    *variables("CI", "", "true"),
    *variables("HTTP_PROXY http_proxy HTTPS_PROXY ALL_PROXY", "foo://x", "http://[::1"),
    *variables("NO_PROXY no_proxy", "fe80::/10", "[::1]", "::/0", "*,,", "\x01"),
    *variables("SSL_CERT_FILE SSL_CERT_DIR SSLKEYLOGFILE REQUESTS_CA_BUNDLE", "/missing/file", "/dev"),
    *variables(
        "GIT_DIR GIT_WORK_TREE GIT_CONFIG_GLOBAL GIT_TRACE GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS", "/missing/x"
    ),
    *(
        Case(name=f"Actions, {each.name}", env={**ACTIONS, **each.env})
        for each in (
            *variables("GITHUB_STEP_SUMMARY GITHUB_OUTPUT GITHUB_EVENT_PATH GITHUB_WORKSPACE", "/dev", "/missing/x"),
            *variables("GITHUB_REPOSITORY GITHUB_RUN_ID GITHUB_SHA GITHUB_REF GITHUB_API_URL", "", "\u00e9"),
        )
    ),
    Case(name="Actions with a broken event", env={**ACTIONS, "GITHUB_EVENT_PATH": "broken.json"}),
    *variables("RECONCILER_TIMEOUT RECONCILER_RATE_LIMIT RECONCILER_ENV RECONCILER_TARGET RECONCILER_REPORT", ""),
]
REFUSED = [
    *variables("RECONCILER_TIMEOUT", "abc", "-1", "nan", "inf", "1e400", code=USAGE, says="--timeout"),
    *variables("RECONCILER_RATE_LIMIT", "x", "0/0", "1/nan", "9/", code=USAGE, says="--rate-limit"),
    *variables("RECONCILER_FORMAT", "bogus", code=USAGE, says="--format"),
    *variables("RECONCILER_QUIET", "maybe", code=USAGE, says="--quiet"),
    *variables("RECONCILER_LOCK_TIMEOUT", "nan", command=APPLY, code=USAGE, says="--lock-timeout"),
    *variables("RECONCILER_ENV", "none", code=USAGE, says="none"),
    *variables("RECONCILER_VAR", "x", code=USAGE, says="NAME=VALUE"),
    *variables("RECONCILER_PROJECT", "/missing/file", ".", code=FAILED, says="no such project file"),
    *variables("RECONCILER_REPORT", "/missing/x.json", code=FAILED, says="no folder /missing"),
    *variables("RECONCILER_OUT", "/missing/p", "/dev/full", code=FAILED, says="can't be written"),
    *variables("RECONCILER_SANDBOX", "/missing/x.db", ".", command=("plan",), code=FAILED, says="cannot open"),
    *variables("RECONCILER_SECRETS", "/missing/x", ".", code=FAILED, says="can't be read"),
    *variables(TOKEN, "", " ", command=LIST, code=FAILED, says="no API token"),
    *variables(TOKEN, "a\nb", "\ufeffa", "\u00e9", NO_UTF8, command=LIST, code=FAILED, says=TOKEN),
    *variables(
        "COMFYCONTROL_API_URL", "::", "ftp://x", "http://[::1", "https://h:99999", command=("list",), code=USAGE
    ),
    *variables("COMFYCONTROL_API_URL", "https://xn--/", command=("list",), code=USAGE, says="not a URL"),
    *variables(
        "HTTPS_PROXY https_proxy ALL_PROXY", "foo://x", "http://[::1", command=LIST, code=FAILED, says="or unset it"
    ),
    *variables("SSL_CERT_FILE SSL_CERT_DIR", "/missing/x", command=LIST, code=FAILED, says="SSL_CERT_"),
    Case(
        name="no git", command=(*PLAN, "--policy-from", "HEAD"), env={"PATH": ""}, code=USAGE, says="no git repository"
    ),
]
WITHOUT_FOLDER = [
    Case(name=f"folder deleted, {command[0]}", command=command, prepare=delete_folder, code=code, says=says)
    for command, code, says in (
        *(
            (command, FAILED, "the working folder was deleted or moved")
            for command in (PLAN, APPLY, ("validate",), ("render",), ("init",), ("demo",), ("validate", "-"))
        ),
        (("--help",), DONE, ""),
        (("--version",), DONE, ""),
        (("schema", "plan"), DONE, ""),
        (("show", "change.plan"), FAILED, "No such file"),
    )
]
RIGHTS = [
    Case(name=f"{path} {mode:o}", command=APPLY, prepare=partial(forbid, path=path, mode=mode), code=code, says=says)
    for path, mode, code, says in (
        ("home", 0o555, DONE, "no lock"),
        (".", 0o555, FAILED, "cannot open the sandbox's file"),
        (".", 0, FAILED, "reconciler.yaml:1:1: can't be read: Permission denied"),
        ("runners", 0, FAILED, "can't be read: Permission denied"),
        ("runners/gpu.yaml", 0, FAILED, "can't be read: Permission denied"),
        ("reconciler.yaml", 0, FAILED, "can't be read: Permission denied"),
    )
]
LIMITS = [
    *(
        Case(name=f"{files} open files", command=APPLY, code=code, prepare=partial(limit, which=which, most=files))
        for which, files, code in ((resource.RLIMIT_NOFILE, 8, FAILED), (resource.RLIMIT_NOFILE, 20, DONE))
    ),
    *(
        Case(
            name=f"files of 1000 bytes, {command[0]}",
            command=command,
            code=FAILED,
            prepare=partial(limit, which=resource.RLIMIT_FSIZE, most=1000),
        )
        for command in (PLAN, APPLY, ("init", "new"), ("demo",))
    ),
    *(
        Case(name=f"{each.name} ignored", command=APPLY, prepare=partial(ignore_signal, number=each))
        for each in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    ),
    Case(name="no user", command=APPLY, env={"HOME": ""}, prepare=become_unknown, says="no lock"),
]
STREAMS = [
    *(
        Case(name=f"closed {closed}, {command[0]}", command=command, streams=dict.fromkeys(closed), code=code)
        for closed in ((0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2))
        for command, code in (
            (PLAN, DONE),
            (APPLY, DONE),
            (("apply", "--sandbox", "live.db"), USAGE),
            (("validate", "-"), FAILED),
            (("--version",), DONE),
        )
    ),
    *(
        Case(
            name=f"full stdout, {' '.join(command)}",
            command=command,
            streams={1: "/dev/full"},
            code=FAILED,
            says="No space left",
        )
        for command in (PLAN, APPLY, ("--help",), ("--version",), ("plan", "--help"), ("schema", "plan"), ("demo",))
    ),
    Case(name="full stderr", command=(*PLAN, "-v"), streams={2: "/dev/full"}),
    Case(name="full stderr, usage", command=("plan", "--bogus"), streams={2: "/dev/full"}, code=USAGE),
]
NAMES = [
    Case(name=f"no UTF-8: {' '.join(command)!r}", command=command, code=code)
    for command, code in (
        (("validate", NO_UTF8), FAILED),
        ((NO_UTF8,), USAGE),
        (("plan", "--" + NO_UTF8), USAGE),
        ((*PLAN, "--target", NO_UTF8), USAGE),
        ((*PLAN, "--out", NO_UTF8), DONE),
        ((*PLAN, "--report", NO_UTF8 + ".html"), DONE),
        (("plan", "--sandbox", NO_UTF8), DONE),
        (("show", NO_UTF8), FAILED),
    )
]


@pytest.fixture
def open_folder():
    """A folder that every user can enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(each, id=each.name.encode("unicode_escape").decode())
        for each in (*HARMLESS, *REFUSED, *WITHOUT_FOLDER, *RIGHTS, *LIMITS, *STREAMS, *NAMES)
    ],
)
def test_what_is_broken_around_it(case, open_folder):
    """No traceback, nothing unexpected, the contract's exit code, and words that name what is wrong."""
    folder = open_folder / "work"
    (folder / "home").mkdir(parents=True)
    (folder / "runners").mkdir()
    (folder / "runners" / "gpu.yaml").write_text(MANIFEST)
    (folder / "reconciler.yaml").write_text("version: 1\n")
    (folder / "broken.json").write_text("{")
    start = Start(
        arguments=case.command,
        folder=folder,
        environment={"HOME": str(folder / "home"), "PATH": os.environ["PATH"], TOKEN: "made-up", **case.env},
        streams=case.streams,
        prepare=case.prepare,
    )
    check(run_forked(start, open_folder), case.code, case.says)


def check(ended: Ended, code: int, says: str = "") -> None:
    """Hold an end against its code and words, and against what nobody may ever see."""
    everything = ended.out + ended.err
    assert ended.code == code, everything
    assert "Traceback" not in everything
    assert "unexpected error" not in everything
    assert "Exception ignored" not in everything
    assert says in everything


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PYTHONIOENCODING", "ascii"),
        ("PYTHONWARNINGS", "error"),
        ("PYTHONWARNINGS", "bogus::x"),
        ("PYTHONUTF8", "0"),
        ("PYTHONOPTIMIZE", "2"),
        ("PYTHONDEVMODE", "1"),
        ("PYTHONPATH", "/missing"),
        ("PYTHONPYCACHEPREFIX", "/dev/null/x"),
    ],
)
def test_what_the_interpreter_reads(variable, value, tmp_path):
    """A variable that Python reads before our first line changes no result, not even in a locale without é."""
    (tmp_path / "gpu.yaml").write_text(MANIFEST.replace("[gpu]", "[é]"), encoding="utf-8")
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LC_ALL": "C", variable: value}
    command = [sys.executable, "-m", "reconciler", "render", "gpu.yaml"]
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, check=False)
    check(Ended(code=ran.returncode, out=ran.stdout.decode(), err=ran.stderr.decode()), DONE)


@pytest.mark.parametrize("command", [("--help",), ("--version",), ("schema", "plan")])
@pytest.mark.parametrize(("stream", "code"), [("/dev/full", FAILED), (None, DONE)])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_the_end_of_a_process(command, stream, code, unbuffered, tmp_path):
    """Output that can't be written is one sentence, and a reader that has gone is nothing, to the very end."""
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    reader, writer = os.pipe()
    os.close(reader)
    out = os.open(stream, os.O_WRONLY) if stream else writer
    ran = subprocess.run(
        [sys.executable, "-m", "reconciler", *command],
        cwd=tmp_path,
        env=env,
        stdout=out,
        stderr=subprocess.PIPE,
        check=False,
    )
    for each in {out, writer}:
        os.close(each)
    check(Ended(code=ran.returncode, out="", err=ran.stderr.decode()), code, "No space left" if stream else "")
