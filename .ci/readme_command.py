"""Prints the Nth fenced `sh` block of the README's section "Quick start", so that what is run is what is written."""

from __future__ import annotations

import re
import sys
from pathlib import Path

readme = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
section = readme.partition("\n## Quick start\n")[2].partition("\n## ")[0]
blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
if len(blocks) != 2 or any(len(block.strip().splitlines()) != 1 for block in blocks):
    sys.exit(f"README.md: the section Quick start must hold two sh blocks of one line each, it has {len(blocks)}")
print(blocks[int(sys.argv[1]) - 1].strip())
