"""Stands for the service with its limit, and judges it: in any window no more than so many arrivals, else 429.

`python limited_server.py PAGES REQUESTS SECONDS LATE_S` prints its port and serves until its standard input ends. A
request counts when it arrives; here that is up to LATE_S after it was sent. `GET /tally` tells what was seen.
"""

from __future__ import annotations

import asyncio
import collections
import json
import random
import re
import sys
import time
from pathlib import Path

NUMBER = re.compile(r"[?&]page=(\d+)")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
PER_PAGE = 100
REASONS = {200: "OK", 404: "Not Found", 429: "Too Many Requests"}


class Service:
    """The runners, and the arrivals of the last window."""

    def __init__(self, pages: Path, requests: int, seconds: float) -> None:
        count = len(list(pages.glob("*.json")))
        listed = [json.loads((pages / f"{page}.json").read_bytes())["runners"] for page in range(1, count + 1)]
        self.runners = {runner["id"]: runner for page in listed for runner in page}
        self._order = list(self.runners)
        self._requests = requests
        self._seconds = seconds
        self._arrived = collections.deque()
        self.seen = {"requests": 0, "refused": 0, "most": 0, "first": 0.0, "last": 0.0}

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        if path == "/tally":
            return 200, self.seen
        if not self._admits(time.monotonic()):
            return 429, {"status": 429, "message": "rate limited"}
        if method == "GET" and (found := NUMBER.search(path)):
            ids = self._order[(int(found[1]) - 1) * PER_PAGE : int(found[1]) * PER_PAGE]
            return 200, {"runners": [self.runners[each] for each in ids], "total": len(self._order)}
        runner = self.runners.get(path.rpartition("/")[2])
        if runner is None:
            return 404, {"status": 404, "message": "requested entity not found"}
        if method == "PUT":
            runner |= json.loads(body)
        return 200, runner

    def _admits(self, now: float) -> bool:
        seen, arrived = self.seen, self._arrived
        seen["first"] = seen["first"] or now
        seen["last"] = now
        seen["requests"] += 1
        while arrived and arrived[0] <= now - self._seconds:
            arrived.popleft()
        arrived.append(now)
        seen["most"] = max(seen["most"], len(arrived))
        admitted = len(arrived) <= self._requests
        seen["refused"] += not admitted
        return admitted


class Connection(asyncio.Protocol):
    """One connection, kept alive."""

    def __init__(self, service: Service, late_s: float) -> None:
        self._service = service
        self._late_s = late_s
        self._received = b""

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        due = int(length[1]) if length else 0
        if not end or len(rest) < due:
            return
        self._received = rest[due:]
        method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        late_s = 0.0 if path == "/tally" else random.uniform(0.0, self._late_s)
        asyncio.get_running_loop().call_later(late_s, self._arrive, method, path, rest[:due])

    def _arrive(self, method, path, body):
        status, answer = self._service.answer(method, path, body)
        content = json.dumps(answer).encode()
        head = (
            f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
        )
        self._transport.write(f"{head}\r\n\r\n".encode() + content)


async def main(service: Service, late_s: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service, late_s), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(Service(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])), float(sys.argv[4])))
