"""httpx without its command line, and without a search that finds nothing."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Final

_COMMAND_LINE: Final = "httpx._main"
_SNIFFIO: Final = "sniffio"


def import_lean_httpx() -> None:
    """Import httpx, but not the command line that it brings along when rich is installed.

    That command line loads rich, pygments and click: two fifths of the whole import, and rich is always installed here.
    httpx itself goes on without it when it cannot be imported. A None in sys.modules says so to the import system
    (see "The module cache" in Python's reference); it is taken away again at once.
    """
    if "httpx" in sys.modules:
        return
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]  # the documented way to make an import fail
    try:
        import_module("httpx")
    finally:
        del sys.modules[_COMMAND_LINE]


def skip_sniffio() -> None:
    """Let the import system know once that sniffio is not installed, where it is not.

    httpcore tries to import it six times a request, and each time every folder of the path is searched: a third of all
    that a probe costs.
    """
    if _SNIFFIO not in sys.modules and find_spec(_SNIFFIO) is None:
        sys.modules[_SNIFFIO] = None  # type: ignore[assignment]  # the documented way to make an import fail
