"""Imports the whole product, for a child without rights or files left can't read a module any more."""

from __future__ import annotations

import importlib
import pkgutil

import reconciler

_LAZY = (
    "deepdiff dotenv encodings.idna filelock httpcore httpx idna jinja2 rich.progress truststore reconciler.__main__"
)

for name in _LAZY.split():
    importlib.import_module(name)
for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
