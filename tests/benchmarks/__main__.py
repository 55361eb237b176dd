"""`python -m tests.benchmarks`: prints the table. It holds nothing; it only prints."""

from __future__ import annotations

import argparse
import importlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.fleet import Fleet
from tests.benchmarks.installed import Installed, install
from tests.benchmarks.table import HEAD, line, machine

TOPICS = ("start", "manifests", "plan", "changes", "limiter", "apply", "watch", "operating", "health", "peers")
NO_LIMIT = "1000000/1"


@dataclass(frozen=True)
class Bench:
    """What every topic is given: the installed product, the sizes, and a folder that is gone afterwards."""

    product: Installed
    folder: Path
    sizes: tuple[int, ...]
    quick: bool

    def fleet(self, size: int, *, changed: bool = False) -> Fleet:
        return Fleet(self.folder, size, changed=changed)

    def plan(self, fleet: Fleet, url: str, *more: str) -> list[object]:
        """The command that plans a fleet against a server that sets no limit."""
        command = [self.product.command, "plan", "-q", "--api-url", url, "--rate-limit", NO_LIMIT, *more]
        return [*command, fleet.manifest]

    def whole_floor(self, fleet: Fleet, url: str) -> list[object]:
        return [self.product.python, self.floor("whole"), url, fleet.manifest]

    @staticmethod
    def floor(name: str) -> Path:
        return Path(__file__).parent / "floors" / f"{name}.py"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"default: all of {', '.join(TOPICS)}")
    parser.add_argument("--quick", action="store_true", help="up to 1,000 runners, without what takes minutes")
    parser.add_argument("--sizes", metavar="N,N…", help="numbers of runners; default: 1,100,1000,10000,100000")
    parser.add_argument("--venv", type=Path, metavar="DIR", help="keep the environment there and use it again")
    chosen = parser.parse_args()
    if unknown := set(chosen.topics) - set(TOPICS):
        parser.error(f"no such topic: {', '.join(sorted(unknown))}")
    sizes = chosen.sizes or ("1,100,1000" if chosen.quick else "1,100,1000,10000,100000")
    for name in [name for name in os.environ if name.startswith(("RECONCILER_", "COMFYCONTROL_"))]:
        del os.environ[name]
    os.environ["COMFYCONTROL_API_TOKEN"] = "cfc_benchmark"
    with tempfile.TemporaryDirectory(prefix="reconciler-benchmarks-") as name:
        folder = Path(name)
        product = install((chosen.venv or folder / "venv").resolve())
        os.chdir(folder)
        bench = Bench(product, folder, tuple(int(size) for size in sizes.split(",")), chosen.quick)
        print(machine(product.version), end="\n\n")
        print(HEAD, flush=True)
        for topic in chosen.topics or TOPICS:
            for row in importlib.import_module(f"tests.benchmarks.{topic}").rows(bench):
                print(line(row), flush=True)


if __name__ == "__main__":
    main()
