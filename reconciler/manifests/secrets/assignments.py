"""Secrets handed over for runners as lines of `NAME=VALUE`: RECONCILER_HEADER_SECRETS and `--secrets FILE`.

python-dotenv's parser reads them, and nothing is expanded: the first `=` splits, quotes and comments are dotenv's, the
last of several assignments of one name wins. See https://github.com/theskumar/python-dotenv#file-format.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final

from reconciler.errors import ReconcilerError
from reconciler.manifests.format.field_types import VARIABLE_NAME
from reconciler.model.position import Position, Problem
from reconciler.model.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAX_ASSIGNMENTS_BYTES: Final = 1024 * 1024
_NAME: Final = re.compile(VARIABLE_NAME)
_NEWLINE: Final = re.compile(r"\r\n?")
_NOT_TEXT: Final = re.compile(r"[\ud800-\udfff]")


def read_assignments(
    text: str, source: str, problems: list[Problem], mask: Callable[[str], None] = lambda _value: None
) -> dict[str, Secret]:
    """Read the values by name. Every value is shown to `mask` first, also one that a later line replaces.

    A line that is no assignment is added to `problems` as `source` and its number: its text may be half of a secret.
    """
    from dotenv.parser import parse_stream

    text = _NEWLINE.sub("\n", text.removeprefix("\ufeff"))
    found: dict[str, Secret] = {}
    line = 1
    for binding in parse_stream(io.StringIO(text)):
        whole = binding.original.string
        first = line + whole[: len(whole) - len(whole.lstrip())].count("\n")
        line += whole.count("\n")
        name, value = binding.key, binding.value
        if name is None and not binding.error:  # blank lines and comments
            continue
        if name is None or value is None or not _NAME.fullmatch(name):
            problems.append(Problem(Position(source, first, 1), "this line is no assignment; write NAME=VALUE"))
        elif _NOT_TEXT.search(value):
            problems.append(Problem(Position(source, first, 1), "the value is not UTF-8"))
        else:
            if value:
                mask(value)
            found[name] = Secret(value)
    return found


def read_assignments_file(path: Path) -> str:
    """Read the text of the file that `--secrets` names: a regular file or a pipe. Raises ReconcilerError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_ASSIGNMENTS_BYTES + 1)
    except OSError as exc:
        raise ReconcilerError(f"--secrets {path}: can't be read: {exc.strerror or type(exc).__name__}") from exc
    if len(content) > MAX_ASSIGNMENTS_BYTES:
        raise ReconcilerError(f"--secrets {path}: over {MAX_ASSIGNMENTS_BYTES // 1024} KiB")
    return content.decode("utf-8", "surrogateescape")
