"""The least that a reader of YAML does: take the C parser's events of every file."""

import sys
from pathlib import Path

import yaml

for path in sys.argv[1:]:
    with Path(path).open("rb") as file:
        for _ in yaml.parse(file, Loader=yaml.CSafeLoader):
            pass
