"""The command line: one file a command; parse, call the engine, echo, exit code."""

from __future__ import annotations

from reconciler.cli.main import run

__all__ = ["run"]
