"""A service that misbehaves on demand: the sandbox's answers over a raw socket, with faults where a test wants them."""

from __future__ import annotations

import http.client
import json
import socket
import socketserver
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

from reconciler.sandbox.entities import DEFAULT_USER_ID
from reconciler.sandbox.exchange import Request
from reconciler.sandbox.service import SANDBOX_TOKEN, Service
from reconciler.sandbox.store import Store

HTML = b"<html><body><h1>error 1015</h1>You are being rate limited</body></html>"


@dataclass(frozen=True)
class Fault:
    """What happens to one request.

    `done`: the service processes it first. `how`: `reset`, `close` (no answer, connection closed), `silence` (no
    answer, connection kept), `truncate` (half of the answer, then closed), `garbage` (no HTTP), `answer` (`status`,
    `headers` and `body` in place of the service's; None keeps the service's).
    """

    how: str = "answer"
    done: bool = False
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


def status(code, message=None, *, done=False, **headers):
    """An error answer; with a message as the API's JSON, else as a gateway's HTML."""
    body = HTML if message is None else json.dumps({"status": code, "message": message}).encode()
    kind = "text/html" if message is None else "application/json"
    pairs = (("Content-Type", kind), *((name.replace("_", "-"), value) for name, value in headers.items()))
    return Fault(done=done, status=code, headers=pairs, body=body)


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Faulty:
    """A misbehaving service that is up. `faults` are taken one a request whose method they are listed under."""

    url: str
    store: Store
    faults: dict[str, list[Fault | None]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    @property
    def token(self):
        """The token that it takes."""
        return SANDBOX_TOKEN

    @property
    def methods(self):
        """The methods of all requests that arrived, in order."""
        return [each.method for each in self.seen]

    @property
    def runners(self):
        """All runners as they are now."""
        return self.store.runners()


class _Server(socketserver.ThreadingTCPServer):
    """Listens; the handlers find what they need here."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, store, faults, rewrite):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.service = Service(store, tokens=(SANDBOX_TOKEN,), rate_limit=None)
        self.rewrite = rewrite
        self.up = Faulty(url=f"http://127.0.0.1:{self.server_address[1]}", store=store, faults=faults)

    def next_fault(self, seen):
        """Note a request, and say what shall happen to it."""
        with self.lock:
            self.up.seen.append(seen)
            waiting = self.up.faults.get(seen.method, [])
            return (waiting.pop(0) if waiting else None) or Fault(done=True)

    def process(self, seen):
        """The service's own answer: status and content."""
        request = Request(method=seen.method, path=seen.path, query=seen.query, headers=seen.headers, body=seen.body)
        with self.lock:
            answer = self.service.handle(request)
        return answer.status, answer.body if self.rewrite is None else self.rewrite(seen, answer.body)

    def handle_error(self, _request, _address):
        """A client that goes away is what these tests are about."""


class _Handler(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self):
        """Answer requests until one of them ends the connection."""
        while line := self.rfile.readline():
            method, target, _version = line.decode("ascii").split()
            headers = {name.lower(): value for name, value in http.client.parse_headers(self.rfile).items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            path, _mark, query = target.partition("?")
            if not self._answer(Seen(method, path, query, headers, body)):
                return

    def _answer(self, seen):
        fault = self.server.next_fault(seen)
        code, content = self.server.process(seen) if fault.done else (200, b"")
        match fault.how:
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case "silence":
                self.connection.recv(1)  # returns when the client gives up
            case "garbage":
                self.wfile.write(b"\x00\x16\x03 SSH-2.0\r\n\r\n")
            case "answer" | "truncate":
                self._send(code, content, fault)
        return fault.how == "answer"

    def _send(self, code, content, fault):
        code = code if fault.status is None else fault.status
        content = content if fault.body is None else fault.body
        pairs = (("Content-Length", len(content)), *(fault.headers or (("Content-Type", "application/json"),)))
        head = "\r\n".join([f"HTTP/1.1 {code} Told", *(f"{name}: {value}" for name, value in pairs), "", ""])
        sent = content[: len(content) // 2] if fault.how == "truncate" else content
        self.wfile.write(head.encode("latin-1") + sent)


@contextmanager
def faulty_service(runners=(), faults=None, *, rewrite=None):
    """A service with these runners and faults; `rewrite(seen, content)` may change the content of a good answer."""
    with Store(":memory:") as store:
        store.set_user({"id": DEFAULT_USER_ID, "tier": "enterprise"})
        store.add_many(runners)
        with _Server(store, dict(faults or {}), rewrite) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            try:
                yield server.up
            finally:
                server.shutdown()
                thread.join()


def closed_port():
    """A loopback address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
