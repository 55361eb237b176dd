"""A program's working folder, with a fleet of two runners in it."""

import os
from pathlib import Path

TWO = """
version: 1
runners:
  a: {endpoint: "https://a.example.com", tags: [gpu]}
  b: {endpoint: "https://b.example.com", tags: [gpu, video]}
"""
WILDCARD = 'version: 1\nrunners: {a: {endpoint: "https://a.example.com", tags: []}}\n'


def work_in(folder, monkeypatch):
    """Make it the working folder, with two runners, in an environment without the product's variables."""
    for name in [name for name in os.environ if name.startswith(("RECONCILER_", "COMFYCONTROL_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / ".state"))
    monkeypatch.chdir(folder)
    declare(TWO)
    return folder


def declare(text):
    """Write the fleet's manifest anew."""
    Path("runners").mkdir(exist_ok=True)
    Path("runners/all.yaml").write_text(text, encoding="utf-8")
