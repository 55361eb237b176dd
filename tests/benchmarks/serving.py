"""Starts a server of this folder, and ends it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


@contextlib.contextmanager
def served(script: str, *arguments: object):
    """The address of a server that runs inside the block."""
    command = [sys.executable, HERE / script, *(str(argument) for argument in arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.stdin.close()
