"""Every command's whole answer on the example fleet, in every format, against files in tests/data/goldens.

A change that is meant to show rewrites them, and its diff shows what a user will see change:

    RECONCILER_REWRITE_GOLDENS=1 pytest -n 0 tests/functional/test_goldens.py

One file holds one command in one format: the command line, its exit code, stderr and stdout. Time, ids, nonces and the
plan key are fixed, the version is not shown.
"""

from __future__ import annotations

import datetime as dt
import difflib
import itertools
import json
import os
import secrets
import shutil
import uuid
from pathlib import Path

import pytest

import reconciler.adapters.clock
import reconciler.planfile.document
import reconciler.sandbox.clock
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.store import Store
from tests.fakes.cli import run_cli

# Read when the module is: the command line under test starts from an environment of its own.
REWRITE = bool(os.environ.get("RECONCILER_REWRITE_GOLDENS"))
EXAMPLE = Path(__file__).parents[2] / "examples" / "fleet"
GOLDENS = Path(__file__).parents[1] / "data" / "goldens"
FORMATS = ("text", "json", "markdown", "html")
NOW = dt.datetime(2026, 3, 1, 12, 0, 0, tzinfo=dt.UTC)
ENV = {"RECONCILER_COMFY_TOKEN": "made-up-token-of-the-goldens"}

HERE = ("-e", "production")
LIVE = (*HERE, "--sandbox", "live.db")
PLAN = ("plan", *LIVE, "--out", "saved.plan")
APPLY = ("apply", "--yes", "--parallelism", "1", *LIVE)
# name: the commands that set the scene, and the one that is shown
COMMANDS = {
    "validate": ((), ("validate",)),
    "validate-environment": ((), ("validate", *HERE)),
    "render": ((), ("render", *HERE)),
    "render-explain": ((), ("render", *HERE, "--explain", "prod-a100-1")),
    "plan": ((), ("plan", *LIVE)),
    "plan-staging": ((), ("plan", "-e", "staging", "--sandbox", "live.db")),
    "plan-target": ((), ("plan", *LIVE, "--target", "prod-a100-*")),
    "plan-unresolved": ((), ("plan", *LIVE, "--allow-unresolved", "--var", "domain=example.org")),
    "plan-refused": ((), ("plan", *LIVE, "--var", "domain=example.org")),
    "plan-no-changes": ((APPLY,), ("plan", *LIVE)),
    "plan-live": ((), ("plan", *HERE, "--live", "listed.json")),
    "show": ((PLAN,), ("show", "saved.plan")),
    "list": ((), ("list", *LIVE)),
    "list-coverage": ((), ("list", *LIVE, "--coverage")),
    "list-applied": ((APPLY,), ("list", *LIVE)),
    "export": ((), ("export", "--sandbox", "live.db", *HERE)),
    "export-headers": ((), ("export", "--headers", "--sandbox", "live.db", "-e", "staging")),
    "apply": ((), APPLY),
    "apply-plan": ((PLAN,), ("apply", "--plan", "saved.plan", "--parallelism", "1", "--sandbox", "live.db")),
    "apply-refused": ((), (*APPLY, "--var", "domain=example.org")),
    "apply-no-changes": ((APPLY,), APPLY),
    "apply-stale": (
        (PLAN, (*APPLY, "--target", "prod-a100-1")),
        ("apply", "--plan", "saved.plan", "--parallelism", "1", "--sandbox", "live.db"),
    ),
    "doctor": ((), ("doctor", *LIVE)),
}
WITHOUT_SECRETS = {"plan-unresolved"}


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    """A copy of the example, its live runners in the sandbox `live.db`; time, ids and keys are fixed."""
    ids = itertools.count(1)
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=next(ids), version=4))
    monkeypatch.setattr(secrets, "token_hex", lambda size=32: "5e" * size)
    for clock in (reconciler.adapters.clock.SystemClock, reconciler.sandbox.clock.SystemClock):
        monkeypatch.setattr(clock, "utc_now", lambda _self: NOW)
    monkeypatch.setattr(reconciler.planfile.document, "__version__", "0.0.0")
    folder = tmp_path / "fleet"
    shutil.copytree(EXAMPLE, folder)
    with Store(folder / "live.db") as store:
        load_seed(str(EXAMPLE / "live.json"), store)
    listed = run_cli("list", "--sandbox", "live.db", *HERE, "--format", "json", cwd=folder)
    (folder / "listed.json").write_text(listed.out, encoding="utf-8")
    return folder


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_answers_as_its_golden(fleet, name, form):
    """stdout, stderr and exit code of every command in every format are those of its golden."""
    before, command = COMMANDS[name]
    env = {} if name in WITHOUT_SECRETS else ENV
    for each in before:
        ran = run_cli(*each, cwd=fleet, env=env)
        assert ran.code == 0, ran.err
    ran = run_cli(*command, "--format", form, cwd=fleet, env=env)
    shown = (
        f"$ reconciler {' '.join(command)} --format {form}\nexit {ran.code}\n--- stderr\n{ran.err}--- stdout\n{ran.out}"
    )
    compare(f"{name}.{form}.txt", shown.replace(str(fleet), "FOLDER"))


def test_a_saved_plan_is_its_golden(fleet):
    """Digest, fingerprints and signature of a saved plan are those of its golden, and so is its order of keys."""
    assert run_cli(*PLAN, cwd=fleet, env=ENV).code == 0
    compare("saved-plan.json", (fleet / "saved.plan").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["manifest", "project", "plan"])
def test_a_schema_is_its_golden(tmp_path, name):
    """The three JSON Schemas are those of their goldens."""
    compare(f"schema-{name}.json", run_cli("schema", name, cwd=tmp_path).out)


def test_every_golden_is_one_that_is_compared():
    """No file is left behind by a command that is gone."""
    known = {f"{name}.{form}.txt" for name in COMMANDS for form in FORMATS}
    known |= {"saved-plan.json", *(f"schema-{name}.json" for name in ("manifest", "project", "plan"))}
    assert {path.name for path in GOLDENS.iterdir()} <= known


def compare(name, shown):
    """Fail with a diff, line by line, in which JSON documents are laid out; or write the golden, where asked to."""
    path = GOLDENS / name
    if REWRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(shown.encode())
        return
    golden = path.read_bytes().decode()
    if shown != golden:
        lines = difflib.unified_diff(
            [*laid_out(golden)], [*laid_out(shown)], f"goldens/{name}", "now", lineterm="", n=2
        )
        pytest.fail("\n".join(lines) or f"{name} differs in the spelling of its JSON only", pytrace=False)


def laid_out(text):
    """The lines of a text; a line that is a JSON document as many."""
    for line in text.splitlines():
        if line.startswith("{"):
            try:
                yield from json.dumps(json.loads(line), indent=1, ensure_ascii=False).splitlines()
            except ValueError:
                yield line
        else:
            yield line
