"""Plan files on disk: written whole or not at all, readable by their owner only; read within a bound."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from reconciler.errors import PlanFileError
from reconciler.planfile.strict_json import MAX_BYTES


def write_private(path: str, text: str) -> None:
    """Replace `path` by a file of mode 0600 that holds `text`. A symlink at `path` is replaced, not followed.

    The file is complete before it takes its name, so that nobody ever reads half of it. Raises PlanFileError.
    """
    target = Path(path)
    try:
        if not target.is_symlink() and target.exists() and not target.is_file():
            raise PlanFileError(f"{path} can't be written: it is no regular file")
        # mkstemp makes the file new, as 0600, and follows no link.
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n", errors="surrogatepass") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as exc:
        raise PlanFileError(f"{path} can't be written: {exc.strerror or exc}") from exc


def read_bounded(path: str) -> bytes:
    """The content of a plan file. Raises PlanFileError where it is absent or too large."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as exc:
        raise PlanFileError(f"{path} can't be read: {exc.strerror or exc}") from exc
    if len(content) > MAX_BYTES:
        raise PlanFileError(f"{path} is larger than {MAX_BYTES // 1024**2} MiB, the most that is read")
    return content
