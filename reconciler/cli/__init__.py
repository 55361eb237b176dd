"""The command line: one file a command; parse, build what is needed, make one workflow call, echo, exit code."""

from __future__ import annotations

from reconciler.cli.main import run

__all__ = ["run"]
