"""Who may open a secret, read from the syntax of every module of the package."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import reconciler

PACKAGE = Path(reconciler.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
SECRET = "model/secret.py"


def doors(source):
    """What a module does that could open a secret: `reveal`, `_open` or `_value`, by any spelling."""
    watched = {"reveal", "_open", "_value"}
    used = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("secret"):
            used |= {"*" if alias.name == "*" else alias.name for alias in node.names} & (watched | {"*"})
        elif isinstance(node, ast.Attribute):
            used |= {node.attr} & (watched - {"_open"})
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            used |= {node.value} & watched
    return used


def used_by(door):
    """The modules that use one door, as paths within the package."""
    using = (module for module in MODULES if door in doors(module.read_text(encoding="utf-8")))
    return {module.relative_to(PACKAGE).as_posix() for module in using} - {SECRET}


def test_only_the_wire_reveals():
    """`reveal` gives the value to be sent, and nothing else may have it."""
    assert used_by("reveal") == {"api/wire.py"}


@pytest.mark.parametrize("door", ["_value", "_open", "*"])
def test_nobody_goes_round_the_doors(door):
    """The value itself is touched by the secret's own module only."""
    assert used_by(door) == set()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from reconciler.model.secret import reveal as r", {"reveal"}),
        ("from reconciler.model import secret\nsecret.reveal(x)", {"reveal"}),
        ("from reconciler.model.secret import *", {"*"}),
        ("def f(s):\n    return s._value", {"_value"}),
        ("getattr(s, '_value')", {"_value"}),
        ("from .secret import _open, reveal", {"_open", "reveal"}),
        ("from reconciler.model.secret import Secret\nreveal = 1", set()),
    ],
)
def test_the_reading_sees_every_spelling(source, expected):
    """Imports under another name, attributes, stars and names in strings are all seen."""
    assert doors(source) == expected
