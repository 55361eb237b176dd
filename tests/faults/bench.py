"""What the fault bench shares: a fleet with manifests and secrets, the command line over it, and what must always hold.

Time is a clock that waiting turns: backoffs and cooldowns cost nothing. Everything else is the product as shipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.cli import Ran, run_cli
from tests.fakes.clock import VirtualClock
from tests.faults.proxy import TOKEN

OLD = "Bearer old-secret-9f8e7d6c5b4a"
FOREIGN = "foreign-secret-value-11aa22bb"
FROM_ENV = "Bearer env-secret-00112233445566"
FROM_FILE = "file-secret-99887766554433221100"
PLAN_KEY = "plan-key-that-nobody-may-see-4711"
SHORT = "a100"
"""A header value that is also part of a tag: no scrubber may eat the tag."""

SECRETS = (
    TOKEN,
    TOKEN.removeprefix("cfc_"),
    OLD.removeprefix("Bearer "),
    FOREIGN,
    FROM_ENV.removeprefix("Bearer "),
    FROM_FILE,
    PLAN_KEY,
)


def echo(proxy):
    """What a careless service answers: everything that it was told, where the client can know that it is a secret."""
    live_values = [value for value in sorted(proxy.listed) if value != SHORT]
    return " and ".join([f"refused Bearer {TOKEN}", *proxy.knows, *live_values])


_HERE = Path(__file__).parents[2]
FIELDS = ("name", "endpoint", "headers", "tags", "status")


def runner_id(number):
    """The id of live runner `number`."""
    return f"550e8400-e29b-41d4-a716-4466554400{number:02d}"


def live(number, name, **changes):
    """A live runner."""
    return {
        "id": runner_id(number),
        "name": name,
        "endpoint": f"https://{name}.example.com",
        "tags": ["gpu-a100"],
        "headers": {"Authorization": OLD, "X-Pool": SHORT},
        "status": "active",
    } | changes


STRANGER = live(99, "stranger", tags=["theirs"], headers={"X-Theirs": FOREIGN})
"""Nobody's runner here: it must never be touched."""

SECRET_HEADERS = '{Authorization: "${env:RECONCILER_SECRET}", X-File: "${file:secret.txt}", X-Pool: a100}'


@dataclass(frozen=True)
class Operation:
    """One thing to do: the live runners before it, the manifest, the project file and the command line."""

    name: str
    before: tuple
    manifest: str
    project: str = ""
    command: tuple[str, ...] = ("apply", "--yes")
    touched: tuple[str, ...] = FIELDS
    """The fields that it may change."""


def _entry(key, **fields):
    return f"  {key}: {{{', '.join(f'{name}: {value}' for name, value in fields.items())}}}\n"


def _owned(key, **changes):
    return _entry(
        key,
        **{
            "endpoint": f"https://{key}.example.com",
            "tags": "[gpu-a100]",
            "headers": SECRET_HEADERS,
            "status": "active",
        }
        | changes,
    )


def _manifest(*entries):
    return "version: 1\nrunners:\n" + "".join(entries)


OPERATIONS = {
    each.name: each
    for each in (
        Operation("plan", (live(1, "gpu-1"),), _manifest(_owned("gpu-1"), _owned("gpu-2")), command=("plan",)),
        Operation("create", (live(1, "gpu-1"),), _manifest(_owned("gpu-new"), _owned("gpu-other"))),
        Operation("update owned", (live(1, "gpu-1"), live(2, "gpu-2")), _manifest(_owned("gpu-1"), _owned("gpu-2"))),
        Operation(
            "update with unmanaged fields",
            (live(1, "gpu-1"), live(2, "gpu-2", status="disabled")),
            _manifest(
                _entry("gpu-1", endpoint="https://gpu-1.example.com", tags="[gpu-a100, more]"),
                _entry("gpu-2", endpoint="https://gpu-2.example.com", headers=SECRET_HEADERS),
            ),
            touched=("tags", "headers"),
        ),
        Operation("create disabled", (), _manifest(_owned("gpu-off", status="disabled"), _owned("gpu-on"))),
        Operation(
            "two-phase swap",
            (live(1, "gpu-1", tags=["red"]), live(2, "gpu-2", tags=["blue"])),
            _manifest(_owned("gpu-1", tags="[blue]"), _owned("gpu-2", tags="[red]")),
            "guard: {two_phase: true}\n",
        ),
        Operation(
            "rename and retire",
            (live(1, "gpu-old"), live(2, "leftover-2")),
            _manifest(_owned("gpu-1", former_name="gpu-old", endpoint="https://gpu-old.example.com")),
            "unmanaged: disable\nunmanaged_scope: ['leftover-*']\nguard: {max_disables: 5}\n",
        ),
        Operation(
            "saved plan",
            (live(1, "gpu-1"),),
            _manifest(_owned("gpu-1"), _owned("gpu-new")),
            command=("apply", "--plan", "saved.plan"),
        ),
    )
}


@dataclass
class World:
    """A working folder against a service behind the proxy."""

    root: Path
    proxy: object
    clocks: list = field(default_factory=list)
    texts: list = field(default_factory=list)
    """Everything that any command printed or wrote."""

    def write(self, operation):
        """The files that an operation reads."""
        runners = self.root / "runners"
        runners.mkdir(exist_ok=True)
        (runners / "fleet.yaml").write_text(operation.manifest)
        (runners / "secret.txt").write_text(FROM_FILE + "\n")
        (self.root / "reconciler.yaml").write_text(f"version: 1\n{operation.project}")

    def __post_init__(self):
        self.proxy.knows = (FROM_ENV, FROM_FILE)

    @property
    def environ(self):
        """What a command needs in its environment."""
        return {
            "COMFYCONTROL_API_URL": self.proxy.url,
            "COMFYCONTROL_API_TOKEN": TOKEN,
            "RECONCILER_SECRET": FROM_ENV,
            "RECONCILER_PLAN_KEY": PLAN_KEY,
            "RECONCILER_RATE_LIMIT": "100000/10",
            "RECONCILER_TIMEOUT": "20",
        }

    def run(self, *arguments, env=None):
        """One command line in this process; what it printed is kept for the search for secrets."""
        ran = run_cli(*arguments, cwd=self.root, env=self.environ | (env or {}))
        self.texts += [ran.out, ran.err]
        return ran

    def start(self, *arguments, env=None, **streams):
        """One command line in a process of its own, with the folders that `run` gives it."""
        system = {name: os.environ[name] for name in ("PATH", "COVERAGE_PROCESS_CONFIG") if name in os.environ}
        mine = {"HOME": str(self.root), "XDG_STATE_HOME": str(self.root / ".state"), "PYTHONPATH": str(_HERE)}
        return subprocess.Popen(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=self.root,
            env=system | mine | self.environ | (env or {}),
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams,
        )

    def finish(self, process, timeout_s=60):
        """Wait for a process that was started: its exit code and what it printed."""
        out, err = process.communicate(timeout=timeout_s)
        ran = Ran(process.returncode, (out or b"").decode(), (err or b"").decode())
        self.texts += [ran.out, ran.err]
        return ran

    def leaks(self):
        """Every place where a secret shows: in what was printed, and in what was written."""
        mine = {"secret.txt"}
        files = [path for path in self.root.rglob("*") if path.is_file() and path.name not in mine]
        texts = [("output", text) for text in self.texts]
        texts += [(path.name, path.read_bytes().decode("utf-8", "replace")) for path in files]
        return [(where, secret) for where, text in texts for secret in SECRETS if secret in text]


def use_virtual_clock(monkeypatch, world):
    """Let the command line wait on a clock that costs no time; the proxy hears of every wait.

    The clock is the one part that is replaced, for a backoff is real time otherwise.
    """

    def clock(stop):
        made = VirtualClock(stop, on_wait=world.proxy.waited)
        world.clocks.append(made)
        return made

    monkeypatch.setattr("reconciler.engine.connected.SystemClock", clock)


def state(runners):
    """What counts of live runners, by name, apart from ids and times. Raises where a name stands twice."""
    found = {}
    for each in runners:
        assert each["name"] not in found, f"{each['name']} was created twice"
        found[each["name"]] = {name: each[name] for name in FIELDS} | {"tags": sorted(each["tags"])}
    return found


def by_id(runners):
    """What counts of live runners, by id."""
    return {each["id"]: {name: each[name] for name in FIELDS} | {"tags": sorted(each["tags"])} for each in runners}


@dataclass(frozen=True)
class Expected:
    """How an operation goes without a fault: the live state after it, and what each of its requests is for."""

    after: dict
    kinds: tuple[str, ...]
    between: dict
    """By name, every state that a runner passes through."""

    @property
    def requests(self):
        """How many requests it takes."""
        return len(self.kinds)


def check(operation, before, expected, ran, proxy):
    """What must hold after one faulty run, whatever the fault was. Returns the number of outcomes looked at."""
    now = proxy.runners
    named = state(now)
    was, has = by_id(before), by_id(now)
    # Nothing is lost, nobody else's runner and no field that is not owned is touched.
    assert was.keys() <= has.keys(), "a runner is lost"
    stranger = STRANGER["id"]
    assert has[stranger] == was[stranger], "the stranger's runner was touched"
    for each, old in was.items():
        for name in set(FIELDS) - set(operation.touched):
            assert has[each][name] == old[name], f"the unmanaged field {name} of {old['name']} changed"
    for name, held in named.items():
        if held["name"] in {old["name"] for old in was.values()} and held in was.values():
            continue
        assert held in expected.between.get(name, ()), f"{name} holds what nobody asked for: {held}"
    # The exit code is honest.
    writes = proxy.writes
    if operation.command[0] == "plan":
        assert ran.code in (0, 1), ran.code
        assert not writes, "a plan wrote"
        assert has == was
        return 0
    assert ran.code in (0, 1, 3), (ran.code, ran.err)
    document = json.loads(ran.out)
    if ran.code == 1:
        assert not writes, f"exit 1, after a write was sent: {ran.out}"
        assert has == was
        assert document["error"]["message"]
        return 0
    outcomes = document["outcomes"]
    statuses = [each["status"] for each in outcomes]
    assert sum(document["summary"].values()) == len(outcomes)
    assert {status: count for status, count in document["summary"].items() if count} == {
        status: statuses.count(status) for status in statuses
    }
    if ran.code == 0:
        assert set(statuses) <= {"applied"}, statuses
        assert named == expected.after, "exit 0, and not everything is applied"
    else:
        assert set(statuses) != {"applied"}, "exit 3, and everything is applied"
    for each in outcomes:
        _check_outcome(each, was, has, named, expected)
    return len(outcomes)


def _check_outcome(outcome, was, has, named, expected):
    """Whether one outcome tells the truth about the service's real state."""
    status = outcome["status"]
    held = has.get(outcome["id"]) if outcome["id"] else named.get(outcome["key"])
    old = was.get(outcome["id"])
    final = expected.after.get(held["name"]) if held else None
    told = f"{outcome} but {held}"
    if status != "applied":
        assert outcome["error"]["message"], told
    match status:
        case "applied":
            assert held is not None, told
            assert held == final, told
        case "not_attempted" | "stale":
            assert held == old, told
        case "failed":
            half_made = outcome["action"] == "create" and "was created as" in outcome["error"]["message"]
            assert held == old or (half_made and held["status"] == "active"), told
        case "widened_only":
            assert held not in (old, final), told


MIXED = Operation(
    "mixed",
    (
        *(live(number, f"gpu-{number}") for number in (1, 2, 3, 4)),
        live(5, "red", tags=["red"]),
        live(6, "blue", tags=["blue"]),
        live(7, "leftover-7"),
    ),
    _manifest(
        *(_owned(f"gpu-{number}") for number in (1, 2)),
        *(_entry(f"gpu-{number}", endpoint=f"https://gpu-{number}.example.com", tags="[more]") for number in (3, 4)),
        _owned("red", tags="[blue]"),
        _owned("blue", tags="[red]"),
        *(_owned(f"new-{number}") for number in (1, 2, 3)),
        *(_owned(f"off-{number}", status="disabled") for number in (1, 2)),
    ),
    "unmanaged: disable\nunmanaged_scope: ['leftover-*']\nguard: {max_disables: 9, two_phase: true}\n",
)
"""Everything at once: creates, some of them disabled, updates, owned whole and in part, a swap and a retirement."""
