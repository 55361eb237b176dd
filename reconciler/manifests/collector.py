"""Keeps the garbage collector out of a load: walking the growing graph takes longer than building it."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def collector_paused() -> Iterator[None]:
    """No collection inside the block; after it, what the block built is never walked again (`gc.freeze`).

    Restores the collector whatever happens. Wrap the load of all files in one block; blocks may be nested.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()
