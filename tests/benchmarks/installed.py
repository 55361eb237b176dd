"""The product as users have it: a wheel, installed with bytecode into an environment of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Installed:
    """The interpreter and the command of one environment."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "bin" / "python"
        self.command = folder / "bin" / "reconciler"
        self.version = ask(self.python, "-c", "import platform; print(platform.python_version())")


def install(folder: Path) -> Installed:
    """Build this checkout's wheel and install it; an environment that is there already is used again."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    constraints = ROOT / "constraints.txt"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--compile"]
    pip += ["-c", constraints] if constraints.exists() else []
    subprocess.run([*pip, f"{ROOT}[kubernetes]"], check=True)
    subprocess.run([*pip, "--force-reinstall", "--no-deps", ROOT], check=True)
    return Installed(folder)


def ask(*command):
    """What a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
