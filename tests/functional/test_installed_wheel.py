"""The wheel as users have it: installed into an empty environment, used outside the checkout, and removed."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from reconciler import __version__

ROOT = Path(__file__).parents[2]


def run(*command, cwd, env=None):
    """What a command prints; it must succeed."""
    ran = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An empty environment with the wheel alone; what it depends on is found where the tests find it."""
    folder = tmp_path_factory.mktemp("installed")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    run(*build, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    install = ("--python", python, "install", "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check")
    run(sys.executable, "-m", "pip", *install, wheel, cwd=folder)
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    Path(packages, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "venv"


@pytest.fixture
def reconciler(environment, tmp_path):
    """Run the installed command in an empty folder, with nothing of the checkout in reach."""
    path = f"{environment / 'bin'}{os.pathsep}{os.defpath}"
    return lambda *words: run("reconciler", *words, cwd=tmp_path, env={"PATH": path, "HOME": str(tmp_path)})


def test_it_is_the_wheel_that_runs(environment, tmp_path):
    """No module comes from the checkout, or the other tests here would show nothing."""
    where = run(environment / "bin" / "python", "-c", "import reconciler; print(reconciler.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(environment)


def test_the_demo_needs_no_checkout(reconciler):
    """The example fleet is inside."""
    assert reconciler("--version") == f"reconciler {__version__}\n"
    assert "No changes. " in reconciler("demo")


def test_every_schema_is_inside(reconciler):
    """The JSON Schemas are shipped or computed, not read from a checkout."""
    for name in ("manifest", "project", "plan"):
        assert '"$schema"' in reconciler("schema", name)


def test_what_init_writes_is_inside(reconciler, tmp_path):
    """A project with its manifest, its schemas and its workflow; they hold together."""
    reconciler("init", "fleet", "--ci", "github", "--requirement", f"comfycontrol-reconciler=={__version__}")
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"fleet/reconciler.yaml", "fleet/runners/first.yaml", "fleet/runner-manifest.schema.json"} <= written
    assert any(path.endswith(".github/workflows/reconcile.yml") for path in written)
    reconciler("validate", "--project", "fleet/reconciler.yaml", "--allow-empty")


def test_the_html_report_is_inside(reconciler, tmp_path):
    """The template of the report is shipped."""
    (tmp_path / "first.yaml").write_text(
        "version: 1\nrunners: {gpu: {endpoint: https://gpu.example.com, tags: [gpu]}}\n"
    )
    reconciler("plan", "first.yaml", "--sandbox", "live.db", "--report", "plan.html")
    assert "</html>" in (tmp_path / "plan.html").read_text()
