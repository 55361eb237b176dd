"""Rules of the house that no other tool holds."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

from reconciler.cli.main import COMMANDS, Commands, cli
from reconciler.settings import OPTION_NAMES

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "reconciler").rglob("*.py"))
HEAVY = {
    "httpx",
    "pydantic",
    "deepdiff",
    "rich",
    "starlette",
    "uvicorn",
    "jinja2",
    "dotenv",
    "yaml",
    "truststore",
    "filelock",
}
SLOW = {"asyncio", "concurrent", "email", "http", "logging", "pathlib", "sqlite3", "ssl", "tempfile", "urllib"}


def test_modules_have_at_most_250_lines():
    """A module has at most 250 lines."""
    counts = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {path: count for path, count in counts.items() if count > 250} == {}


def test_test_modules_have_at_most_400_lines():
    """A module of tests, or of what tests share, has at most 400 lines."""
    paths = sorted((ROOT / "tests").rglob("*.py"))
    counts = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert {path: count for path, count in counts.items() if count > 400} == {}


def test_rooms_have_at_most_14_modules():
    """A folder has at most 14 modules beside its `__init__`."""
    counts = Counter(str(path.parent.relative_to(ROOT)) for path in MODULES if path.name != "__init__.py")
    assert {folder: count for folder, count in counts.items() if count > 14} == {}


def test_no_module_is_a_catch_all():
    """No module is named after what it does not decide."""
    assert not {"utils.py", "helpers.py", "manager.py", "common.py"} & {path.name for path in MODULES}


def test_no_modules_import_each_other_in_a_circle():
    """No module imports itself through others, not even for types. The front door's lazy names don't count."""
    graph = grimp.build_graph("reconciler", exclude_type_checking_imports=False)
    imports = {
        module: graph.find_modules_directly_imported_by(module) for module in graph.modules if module != "reconciler"
    }
    tuple(TopologicalSorter(imports).static_order())


def test_the_top_level_holds_what_the_design_names():
    """The top level holds the design's folders and files, dot files, and nothing else."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 - the git of the PATH is meant
    if tracked.returncode:
        pytest.skip("not a git checkout")
    top = {line.partition("/")[0] for line in tracked.stdout.splitlines()}
    design = {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "constraints.txt",
        "reconciler",
        "examples",
        "tests",
    }
    assert {name for name in top if not name.startswith(".")} <= design


def loaded_by(*arguments: str) -> set[str]:
    """The top-level modules that a command line loads in a fresh interpreter."""
    script = (
        "import sys\nbefore = set(sys.modules)\nfrom reconciler.__main__ import main\n"
        f"sys.argv = ['reconciler', *{list(arguments)!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n' + ' '.join(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(ran.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), *((name, "--help") for name in COMMANDS)])
def test_help_and_version_load_nothing_heavy(arguments):
    """No heavy package is imported before it is needed, and none of the standard library's that start slowly."""
    assert loaded_by(*arguments) & (HEAVY | SLOW) == set()


def test_version_loads_no_command_line():
    """`--version` answers before even the command line's own package is imported."""
    assert "click" not in loaded_by("--version")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name):
    """Each command's help has an example that calls it."""
    command = Commands().get_command(cli.make_context("reconciler", ["schema", "plan"]), name)
    assert re.search(rf"Example:\n\s+.*reconciler {name}\b", command.help, re.DOTALL)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_reserved_as_an_environment_name(name):
    """A manifest can't name an option's environment variable as a secret: each option stands in OPTION_NAMES."""
    command = Commands().get_command(cli.make_context("reconciler", ["schema", "plan"]), name)
    variables = set()
    for parameter in command.params:
        given = parameter.envvar or []
        variables |= {given} if isinstance(given, str) else set(given)
    ours = {variable.removeprefix("RECONCILER_") for variable in variables if variable.startswith("RECONCILER_")}
    assert ours <= OPTION_NAMES
