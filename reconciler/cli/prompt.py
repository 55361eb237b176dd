"""The one question that is asked."""

from __future__ import annotations

import contextlib
import select
import sys
from typing import Final

import click

_LOOK_S: Final = 0.2
"""Seconds between two looks. Python's own `input` misses a signal that comes just before it begins to wait."""


def confirmed(question: str) -> bool:
    """Ask on stderr; y or yes is a yes, every other answer is a no. Raises Abort where the input ends or is broken off.

    Waits in small steps, so that an interrupt is always seen.
    """
    from reconciler.cli.pipes import note, write

    write(sys.stderr, (f"{question} [y/N]: ",))
    try:
        with contextlib.suppress(OSError, ValueError):  # where input can't be waited for, reading it waits
            while not select.select([sys.stdin], (), (), _LOOK_S)[0]:
                pass
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        answer = ""
    if not answer:
        note("")  # ends the line of the question
        raise click.Abort
    return answer.strip().lower() in ("y", "yes")
