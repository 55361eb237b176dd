"""Files that come with the product: inside the installed package, or at their place in a checkout."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def shipped(path: str) -> Path:
    """Return a file or folder by its path in the repository, such as `examples/fleet`."""
    package = Path(str(files("reconciler")))
    installed = package / "shipped" / path
    return installed if installed.exists() else package.parent / path
