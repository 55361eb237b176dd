"""The least that a plan does: fetch every page, decode it, compare each runner; take the events of the manifest."""

import json
import sys
from pathlib import Path

import httpx
import yaml

url, manifest = sys.argv[1:]
with httpx.Client() as client:
    first = json.loads(client.get(f"{url}/v1/runner?page=1&per_page=100").content)
    live = first["runners"]
    for page in range(2, -(-first["total"] // 100) + 1):
        live += json.loads(client.get(f"{url}/v1/runner?page={page}&per_page=100").content)["runners"]
desired = [dict(runner) for runner in live]
different = sum(wanted != found for wanted, found in zip(desired, live, strict=True))
with Path(manifest).open("rb") as file:
    for _ in yaml.parse(file, Loader=yaml.CSafeLoader):
        pass
print(len(live), different)
