"""What is wrong in the manifests, or with anything else, in every format: one line a problem, at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import ManifestError
from reconciler.render import escape, wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.errors import ReconcilerError


def error_lines(error: ReconcilerError) -> Iterator[str]:
    """Yield an error for people, line by line; each problem as `file:line:column: message`."""
    if isinstance(error, ManifestError):
        for at, message in error.problems:
            yield escape.line(f"{escape.text(at.file)}:{at.line}:{at.column}: {escape.text(message)}")
        yield f"{wording.plural(len(error.problems), 'problem')}, nothing was sent."
        return
    for line in str(error).split("\n"):
        yield escape.text(line)
