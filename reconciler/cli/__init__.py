"""The command line: one file a command; parse, one call of the engine, echo, exit code.

`groups` are the options as typed values, `wiring` opens the engine for them. What reaches no service needs no engine:
`show`, `schema`, `init` and `comment` call their one use case. `watch` drives the engine's use cases itself.
"""

from __future__ import annotations

from reconciler.cli.main import run

__all__ = ["run"]
