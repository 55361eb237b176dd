"""Stands for the service: answers pages that are encoded already, over loopback, in a process of its own.

`python pages_server.py FOLDER` prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import ClassVar

NUMBER = re.compile(rb"[?&]page=(\d+)")


class Pages(asyncio.Protocol):
    """One connection, kept alive; a request has no body."""

    answers: ClassVar[dict[int, bytes]] = {}

    def connection_made(self, transport):
        self.transport = transport
        self.received = b""

    def data_received(self, data):
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            line = self.received[: self.received.find(b"\r\n")]
            self.received = self.received[end + 4 :]
            found = NUMBER.search(line)
            self.transport.write(self.answers[int(found[1]) if found else 1])


def encoded(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Pages, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    server.close()


if __name__ == "__main__":
    Pages.answers = {int(file.stem): encoded(file.read_bytes()) for file in Path(sys.argv[1]).glob("*.json")}
    asyncio.run(main())
