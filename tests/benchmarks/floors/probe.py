"""The least that so many probes take: bare sockets, 50 at a time, the answer read and its JSON decoded.

`python probe.py URL COUNT`
"""

from __future__ import annotations

import asyncio
import json
import sys
from urllib.parse import urlsplit


async def main(url: str, count: int) -> None:
    parts = urlsplit(url)
    left = iter(range(count))

    async def work() -> None:
        for number in left:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(f"GET /n{number}/system_stats HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
            _head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            if "comfyui_version" not in json.loads(body)["system"]:
                raise SystemExit("no ComfyUI")
            writer.close()

    await asyncio.gather(*(work() for _ in range(50)))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
