"""Whether a stream gets colours."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def color(stream: TextIO | None = None, *, no_color: bool = False) -> bool:
    """For stdout unless another stream is given.

    --no-color and NO_COLOR say no, FORCE_COLOR says yes; else a terminal that is not dumb has colours.
    """
    if no_color or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return (sys.stdout if stream is None else stream).isatty() and os.environ.get("TERM") != "dumb"
