"""Peers over the same fleet: plans without changes by Terraform and octoDNS, where they are on PATH.

Terraform plans the fleet as `terraform_data` resources from its own state, without any HTTP, which flatters it.
octoDNS compares two folders of YAML, one record a runner.
"""

from __future__ import annotations

import json
import os
import shutil
import sys

from tests.benchmarks.measure import Row, in_turn, run
from tests.benchmarks.serving import served

LARGEST = 10_000


def rows(bench):
    for name, prepare in (("terraform", terraform), ("octodns-sync", octodns)):
        command = shutil.which(name)
        if command is None:
            print(f"{name} is not on PATH and is left out", file=sys.stderr)
            continue
        for size in (size for size in bench.sizes if 1000 <= size <= LARGEST):
            fleet = bench.fleet(size)
            with served("pages_server.py", fleet.pages) as url:
                peer = prepare(command, bench.folder / f"{name}-{size}", size)
                ours, theirs = in_turn(bench.plan(fleet, url), peer, rounds=3)
            yield Row(f"`plan` of {size:,} runners, beside {name}", ours, theirs)


def terraform(command, folder, size):
    """A block for each runner, applied."""
    folder.mkdir()
    with (folder / "main.tf").open("w", encoding="utf-8") as file:
        for number in range(size):
            file.write(
                f'resource "terraform_data" "runner_{number:06d}" {{\n'
                "  input = {\n"
                f'    name = "Runner {number:06d}", endpoint = "https://comfy-{number:06d}.example.com"\n'
                f'    tags = ["image-generation", "pool-{number % 50}"], status = "active"\n'
                f'    headers = {{ "X-Pool" = "pool-value-{number % 50}" }}\n'
                "  }\n}\n"
            )
    os.environ["CHECKPOINT_DISABLE"] = "1"
    run([command, f"-chdir={folder}", "init", "-input=false"])
    run([command, f"-chdir={folder}", "apply", "-input=false", "-auto-approve"])
    return [command, f"-chdir={folder}", "plan", "-input=false", "-no-color"]


def octodns(command, folder, size):
    """A zone with a record for each runner, as source and as target."""
    for name in ("desired", "live"):
        (folder / name).mkdir(parents=True)
        with (folder / name / "example.com.yaml").open("w", encoding="utf-8") as file:
            file.write("---\n")
            for number in range(size):
                file.write(f"runner-{number:06d}:\n  ttl: 300\n  type: TXT\n  value: pool-{number % 50}\n")
    provider = "octodns.provider.yaml.YamlProvider"
    config = {
        "providers": {name: {"class": provider, "directory": str(folder / name)} for name in ("desired", "live")},
        "zones": {"example.com.": {"sources": ["desired"], "targets": ["live"]}},
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    return [command, "--config-file", folder / "config.yaml", "--quiet"]
