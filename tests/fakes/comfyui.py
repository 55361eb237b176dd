"""A stub of ComfyUI on loopback: answers `/system_stats` as a real one does, or in one of the ways that go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from typing import Self

STATS = {
    "system": {
        "os": "posix",
        "ram_total": 33554432000,
        "ram_free": 16777216000,
        "comfyui_version": "0.3.64",
        "python_version": "3.12.3",
        "pytorch_version": "2.8.0+cpu",
        "embedded_python": False,
        "argv": ["main.py", "--cpu", "--secret-of-the-host"],
    },
    "devices": [{"name": "cpu", "type": "cpu", "index": None, "vram_total": 1, "vram_free": 1}],
}

WHOLE = json.dumps(STATS).encode()
BROKEN = {
    "half": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(WHOLE) + WHOLE[:100],
    "broken": b"\x00secret-of-the-answer\r\n\r\n",
}


class ComfyUI:
    """The stub. Each path's first segment picks how it answers, `ok` where there is none; `seen` has every request.

    ok, slow (never finishes its head), drip (a byte now and then, without an end), half (closes within the body),
    login (200 with HTML), other (200 with other JSON), big (64 KiB and more), full (exactly 64 KiB), away (redirect to
    another host), near (redirect on this host), loop, old (404), gzip, broken (no HTTP). A request with an Origin gets
    403. `ways` maps a first segment to the answers it gives one after the other; the last one stays.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.ways: dict[str, list[str]] = {}
        self.open = 0
        self.most_open = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def url(self, way: str = "") -> str:
        """The endpoint that answers in this way."""
        return f"http://127.0.0.1:{self.port}" + (f"/{way}" if way else "")

    def asked(self, way: str) -> int:
        """How often the endpoint of this way was asked."""
        return sum(path.strip("/").split("/")[0] == way for path, _headers in self.seen)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task] = set()
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        async with server:
            await self._stopping.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = head[0].split(" ")[1]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
            self.seen.append((path, headers))
            await self._answer(writer, path, headers)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            self._tasks.discard(asyncio.current_task())

    async def _answer(self, writer: asyncio.StreamWriter, path: str, headers: dict[str, str]) -> None:
        way, _, rest = path.strip("/").rpartition("/")
        way = way.split("/")[0] or "ok"
        if way in self.ways:
            steps = self.ways[way]
            way = steps.pop(0) if len(steps) > 1 else steps[0]
        if "origin" in headers:
            return await self._send(writer, 403, b"", "text/plain")
        if path.startswith("//") or rest != "system_stats":
            return await self._send(writer, 404, b"404: Not Found", "text/plain")
        if way == "slow":
            await self._stopping.wait()
        elif way == "drip":
            await self._drip(writer)
        elif way in ("half", "broken"):
            writer.write(BROKEN[way])
        else:
            await self._send(writer, *self._answers().get(way, (200, WHOLE)))
        return None

    def _answers(self) -> dict[str, tuple]:
        return {
            "login": (200, b"<html><form>Password</form></html>", "text/html"),
            "other": (200, b'{"status": "ok"}'),
            "big": (200, WHOLE.ljust(64 * 1024 + 1)),
            "full": (200, WHOLE.ljust(64 * 1024)),
            "gzip": (200, WHOLE, "application/json", "Content-Encoding: gzip\r\n"),
            "old": (404, b"404: Not Found", "text/plain"),
            "away": (302, b"", "text/plain", f"Location: http://localhost:{self.port}/ok/system_stats\r\n"),
            "international": (
                302,
                b"",
                "text/plain",
                f"Location: http://xn--bcher-kva.example:{self.port}/ok/system_stats\r\n",
            ),
            "near": (302, b"", "text/plain", "Location: /ok/system_stats\r\nSet-Cookie: a=b\r\n"),
            "loop": (302, b"", "text/plain", "Location: /loop/system_stats\r\n"),
        }

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while not self._stopping.is_set():
            writer.write(b" ")
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 0.05)

    async def _send(
        self, writer: asyncio.StreamWriter, status: int, body: bytes, kind: str = "application/json", extra: str = ""
    ) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
