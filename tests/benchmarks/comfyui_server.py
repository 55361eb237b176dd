"""Stands for the ComfyUIs of a fleet: one answer for every request, a connection each, in a process of its own.

`python comfyui_server.py` prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys

SYSTEM = {"os": "posix", "ram_total": 33554432000, "comfyui_version": "0.3.64", "argv": ["main.py", "--cpu"] * 20}
BODY = json.dumps({"system": SYSTEM, "devices": [{"name": "cpu", "type": "cpu"}]}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


class Stats(asyncio.Protocol):
    """One connection, closed after its answer."""

    def connection_made(self, transport):
        self.transport = transport
        self.received = b""

    def data_received(self, data):
        self.received += data
        if b"\r\n\r\n" in self.received:
            self.transport.write(ANSWER)
            self.transport.close()


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Stats, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
