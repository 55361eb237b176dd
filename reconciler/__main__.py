"""`python -m reconciler`, and the `reconciler` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; `--version` alone answers before anything heavy is imported."""
    if sys.argv[1:] == ["--version"]:
        from reconciler import __version__

        sys.stdout.write(f"reconciler {__version__}\n")
        return
    from reconciler.cli import run

    run()


if __name__ == "__main__":
    main()
