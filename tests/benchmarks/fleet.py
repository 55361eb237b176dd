"""A fleet of any size: its manifest, and the pages with which the service answers. Nothing is kept in memory."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PER_PAGE = 100
POOLS = 50


class Fleet:
    """The files of one fleet: `manifest`, and `pages` as they are live."""

    def __init__(self, folder: Path, size: int, *, changed: bool = False) -> None:
        self.size = size
        self.manifest = folder / f"fleet-{size}.yaml"
        self.pages = folder / f"pages-{size}{'-changed' if changed else ''}"
        self._changed = changed
        if not self.manifest.exists():
            self._write_manifest()
        if not self.pages.exists():
            self._write_pages()

    def _write_manifest(self) -> None:
        with self.manifest.open("w", encoding="utf-8") as file:
            file.write("version: 1\nrunners:\n" if self.size else "version: 1\nrunners: {}\n")
            for number in range(self.size):
                file.write(
                    f"  runner-{number:06d}:\n"
                    f"    id: {runner_id(number)}\n"
                    f"    name: Runner {number:06d}\n"
                    f"    endpoint: https://comfy-{number:06d}.example.com\n"
                    f"    tags: [image-generation, pool-{number % POOLS}]\n"
                    f"    headers: {{X-Pool: pool-value-{number % POOLS}}}\n"
                    "    status: active\n"
                )

    def _write_pages(self) -> None:
        self.pages.mkdir()
        for page in range(self.size // PER_PAGE + 1):  # a full last page is followed by an empty one
            numbers = range(page * PER_PAGE, min(self.size, (page + 1) * PER_PAGE))
            answer = {"runners": [self._live(number) for number in numbers], "total": self.size}
            (self.pages / f"{page + 1}.json").write_text(json.dumps(answer, separators=(",", ":")))

    def _live(self, number: int) -> dict[str, object]:
        pool = f"pool-{number % POOLS}"
        return {
            "id": runner_id(number),
            "user_id": runner_id(2**40),
            "name": f"Runner {number:06d}",
            "status": "active",
            "endpoint": f"https://comfy-{number:06d}.example.com",
            "tags": ["image-generation", pool, "former"] if self._changed else ["image-generation", pool],
            "headers": {"X-Pool": "former-value" if self._changed else f"pool-value-{number % POOLS}"},
            "created_at": "2024-01-15T10:30:00Z",
            "updated_at": "2024-01-15T10:30:00Z",
        }


def runner_id(number: int) -> str:
    return str(uuid.UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128, version=4))
