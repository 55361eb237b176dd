"""`python -m reconciler`, and the `reconciler` command."""

from __future__ import annotations

import gc
import os
import sys

_YOUNG = 1_000_000
"""Objects made before the garbage collector looks at them; Python's own figure is 700 or 2,000.

What a command makes, its modules first of all, it needs to its end: each look would find nothing.
"""

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; `--version` alone answers before anything heavy is imported."""
    if sys.argv[1:] == ["--version"]:
        from reconciler import __version__

        try:
            if sys.stdout is not None:  # past its buffer: what can't be written must not stay in there
                os.write(sys.stdout.fileno(), f"reconciler {__version__}\n".encode())
                return
        except OSError:
            pass  # what follows fails in the same way, and says why
    gc.set_threshold(_YOUNG)
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # of other packages: none is to see manifests, or to be sought
    try:
        from reconciler.cli import run

        run()
    except KeyboardInterrupt:  # before a command has begun, or while the process ends
        sys.stderr.write("interrupted\n")
        sys.exit(_INTERRUPTED)
    finally:
        gc.freeze()  # the interpreter collects several times while it ends; nothing is left to be found


if __name__ == "__main__":
    main()
