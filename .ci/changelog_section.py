"""Prints the changelog's section of one version, for the release on GitHub; fails where it is missing or empty."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def section(changelog: str, version: str) -> str | None:
    """What is under the heading `## VERSION`, which may be followed by a date; None where there is none."""
    parts = re.split(r"^## +(.+)$", changelog, flags=re.MULTILINE)
    for heading, content in zip(parts[1::2], parts[2::2], strict=True):
        if heading.split()[0].strip("[]") == version:
            return content.strip() or None
    return None


if __name__ == "__main__":
    found = section(Path(__file__).parent.parent.joinpath("CHANGELOG.md").read_text(encoding="utf-8"), sys.argv[1])
    if found is None:
        sys.exit(
            f"CHANGELOG.md: no section ## {sys.argv[1]} that says anything; name there what changed, then tag again"
        )
    print(found)
