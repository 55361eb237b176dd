"""What a plan without changes imports, for the start is most of what a small plan takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from reconciler.sandbox.store import Store
from tests.fakes.sandbox import example, running_sandbox

HEAVY = {"deepdiff", "rich", "jinja2", "starlette", "uvicorn", "filelock", "truststore", "asyncio"}
SCRIPT = """
import json, sys
from reconciler.__main__ import main
try:
    main()
except SystemExit as end:
    code = end.code
print(json.dumps([code, sorted(sys.modules)]))
"""


def modules_of(folder, *arguments, token=""):
    """The modules that a plan without changes has imported at its end, in a process of its own."""
    live = example("get_runner") | {"headers": {}}
    (folder / "runners").mkdir()
    (folder / "runners" / "one.yaml").write_text(
        f"version: 1\nrunners:\n  one:\n    name: {live['name']}\n    endpoint: {live['endpoint']}\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RECONCILER_")}
    command = [sys.executable, "-c", SCRIPT, "plan", *arguments]
    environment["COMFYCONTROL_API_TOKEN"] = token
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert "No changes. 1 runner matches the manifests." in ran.stdout
    code, modules = json.loads(ran.stdout.splitlines()[-1])
    assert code == 0
    return set(modules)


@pytest.mark.parametrize("options", [(), ("-q",)])
def test_a_plan_over_http_imports_only_what_it_needs(tmp_path, options):
    """A plan without changes over plain HTTP needs the HTTP client, YAML and pydantic, nothing else that is heavy."""
    with running_sandbox([example("get_runner")]) as sandbox:
        modules = modules_of(tmp_path, "--api-url", sandbox.url, *options, token=sandbox.token)
    assert {"httpx", "yaml", "pydantic"} <= modules
    assert modules & HEAVY == set()


def test_a_plan_in_the_sandbox_imports_only_what_it_needs(tmp_path):
    """A plan without changes against the embedded sandbox starts no HTTP server and imports nothing heavy besides."""
    with Store(tmp_path / "state.db") as store:
        store.add_many([example("get_runner")])
    modules = modules_of(tmp_path, "--sandbox", "state.db")
    assert {"httpx", "yaml", "reconciler.sandbox.service"} <= modules
    assert modules & HEAVY == set()


def test_without_a_project_file_no_model_of_one_is_built(tmp_path):
    """Building pydantic's models is what a small plan waits for: only those that are used are made."""
    with running_sandbox([example("get_runner")]) as sandbox:
        modules = modules_of(tmp_path, "--api-url", sandbox.url, token=sandbox.token)
    assert "reconciler.manifests.format.manifest" in modules
    assert modules & {"reconciler.manifests.format.project", "reconciler.planfile.models"} == set()


def test_no_plugin_of_another_package_sees_the_manifests(tmp_path):
    """Pydantic would load what any installed package offers it, and show it every value that is read."""
    folder = tmp_path / "installed"
    (folder / "spy-1.dist-info").mkdir(parents=True)
    (folder / "spy-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: spy\nVersion: 1\n")
    (folder / "spy-1.dist-info" / "entry_points.txt").write_text("[pydantic]\nspy = spy:plugin\n")
    (folder / "spy.py").write_text("raise SystemExit('a plugin was loaded')\n")
    (tmp_path / "m.yaml").write_text("version: 1\nrunners: {a: {endpoint: http://a, tags: [a]}}\n")
    command = [sys.executable, "-m", "reconciler", "validate", "m.yaml"]
    ran = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
