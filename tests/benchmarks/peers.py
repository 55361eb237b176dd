"""Peers over the same fleet: plans without changes by Terraform and octoDNS, where they are on PATH.

Terraform plans the fleet as `terraform_data` resources from its own state, without any HTTP, which flatters it.
octoDNS compares two folders of YAML, one record a runner.
"""

from __future__ import annotations

import json
import os
import shutil
import sys

from tests.benchmarks.fleet import POOLS, runner_id
from tests.benchmarks.measure import Row, in_turn, run
from tests.benchmarks.serving import served

SMALLEST, LARGEST = 1_000, 10_000


def rows(bench):
    for name, prepare in (("terraform", terraform), ("octodns-sync", octodns)):
        command = shutil.which(name)
        if command is None:
            print(f"{name} is not on PATH and is left out", file=sys.stderr)
            continue
        for size in (size for size in bench.sizes if SMALLEST <= size <= LARGEST):
            fleet = bench.fleet(size)
            with served("pages_server.py", fleet.pages) as url:
                peer = prepare(command, bench.folder / f"{name}-{size}", size)
                ours, theirs = in_turn(bench.plan(fleet, url), peer, rounds=3)
            yield Row(f"`plan` of {size:,} runners, beside {name}", ours, theirs)


def terraform(command, folder, size):
    """A block for each runner, and the state as an apply leaves it: to apply 10,000 takes a quarter of an hour."""
    folder.mkdir()
    blocks, resources = [], []
    for number in range(size):
        name = f"runner_{number:06d}"
        text = {key: json.dumps(value) for key, value in runner(number).items()}
        fields = "".join(f"    {key} = {value}\n" for key, value in text.items() if key != "headers")
        headers = f'    headers = {{ "X-Pool" = {json.dumps(runner(number)["headers"]["X-Pool"])} }}\n'
        blocks.append(f'resource "terraform_data" "{name}" {{\n  input = {{\n{fields}{headers}  }}\n}}\n')
        value = {"value": runner(number), "type": TYPE}
        attributes = {"id": runner_id(number), "input": value, "output": value, "triggers_replace": None}
        resources.append(
            {
                "mode": "managed",
                "type": "terraform_data",
                "name": name,
                "provider": 'provider["terraform.io/builtin/terraform"]',
                "instances": [{"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}],
            }
        )
    (folder / "main.tf").write_text("".join(blocks), encoding="utf-8")
    state = {"version": 4, "serial": 1, "lineage": runner_id(0), "outputs": {}, "resources": resources}
    (folder / "terraform.tfstate").write_text(json.dumps(state), encoding="utf-8")
    os.environ["CHECKPOINT_DISABLE"] = "1"
    run([command, f"-chdir={folder}", "init", "-input=false"])
    return [command, f"-chdir={folder}", "plan", "-input=false", "-no-color", "-detailed-exitcode"]


TYPE = [
    "object",
    {
        "endpoint": "string",
        "headers": ["object", {"X-Pool": "string"}],
        "name": "string",
        "status": "string",
        "tags": ["tuple", ["string", "string"]],
    },
]
"""The type of `runner`, as Terraform's state spells it."""


def runner(number):
    """What is wanted of one runner."""
    return {
        "endpoint": f"https://comfy-{number:06d}.example.com",
        "headers": {"X-Pool": f"pool-value-{number % POOLS}"},
        "name": f"Runner {number:06d}",
        "status": "active",
        "tags": ["image-generation", f"pool-{number % POOLS}"],
    }


def octodns(command, folder, size):
    """A zone with a record for each runner, as source and as target."""
    for name in ("desired", "live"):
        (folder / name).mkdir(parents=True)
        with (folder / name / "example.com.yaml").open("w", encoding="utf-8") as file:
            file.write("---\n")
            for number in range(size):
                file.write(f"runner-{number:06d}:\n  ttl: 300\n  type: TXT\n  value: pool-{number % POOLS}\n")
    provider = "octodns.provider.yaml.YamlProvider"
    config = {
        "providers": {name: {"class": provider, "directory": str(folder / name)} for name in ("desired", "live")},
        "zones": {"example.com.": {"sources": ["desired"], "targets": ["live"]}},
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    return [command, "--config-file", folder / "config.yaml", "--quiet"]
