"""A door before the sandbox's service that misbehaves at chosen requests: real loopback sockets, one thread each."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.sandbox.entities import DEFAULT_USER_ID
from reconciler.sandbox.exchange import Request
from reconciler.sandbox.service import Service
from reconciler.sandbox.store import Store

TOKEN = "cfc_0123456789abcdef_fault_bench"
HTML = b"<html><body><h1>error 1015</h1>You are being rate limited</body></html>"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to one request.

    `done`: the service processes it first. `how`: `answer` (with `status`, `headers` and `body` in place of the
    service's, where they are given; a body may be a function of the proxy and the service's content), `refuse` (no
    connection until the client has waited), `reset`, `close`, `truncate` (half of the answer, then closed), `garbage`
    (no HTTP; the body as it is, where one is given), `silence` (no answer until the client gives up), `late` (silence;
    processed when the test lets it land).
    """

    how: str = "answer"
    done: bool = False
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    body: object = None


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def writes(self):
        """Whether it may change anything."""
        return self.method in ("POST", "PUT")


class Proxy:
    """The door. Request number n (from 1, of those that arrived or were refused) meets `faults[n]`, where there is one.

    `always` is met by every request from number `since` on. `before(seen, number)` is called before each is answered,
    `meanwhile()` when the client waits.
    `listed` has every header value that the client was given in a list since the faults were set, `knows` what the
    service was told by earlier runs of the same manifests.
    """

    def __init__(self, service):
        self.service = service
        self.store = service.store
        self.seen = []
        self.faults = {}
        self.always = None
        self.since = 1
        self.before = None
        self.meanwhile = None
        self.listed = set()
        self.knows = ()
        self._landing = deque()
        self._lock = threading.RLock()
        self._closing = False
        self._connections = set()
        self._listener = _bound(0)
        self.port = self._listener.getsockname()[1]
        self._begin()

    @property
    def url(self):
        """The address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def runners(self):
        """All runners as they are now."""
        return self.store.runners()

    @property
    def writes(self):
        """The requests that arrived and may change something."""
        return [each for each in self.seen if each.writes]

    def expect(self, faults=None, *, always=None, since=1):
        """Forget what was seen; from now on these faults are met."""
        with self._lock:
            self.seen.clear()
            self.listed = set()
            self.faults = dict(faults or {})
            self.always, self.since = always, since
        self.listen()
        self._refuse_if_due()

    def land(self):
        """Process what arrived late, and say how many requests that were."""
        with self._lock:
            count = len(self._landing)
            while self._landing:
                self._process(self._landing.popleft())
        return count

    def listen(self):
        """Take connections again, after they were refused. The refused one counts as a request."""
        with self._lock:
            if self._listener is None and not self._closing:
                self._listener = self._holder
                self._begin()

    def close(self):
        """Close everything."""
        with self._lock:
            self._closing = True
            self._end()
            for connection in list(self._connections):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def waited(self, _seconds=0.0):
        """The client waits: where a connection was refused, the door opens again, unless it is to stay shut."""
        if self.meanwhile is not None:
            self.meanwhile()
        with self._lock:
            if self._listener is None:
                self.seen.append(Seen("REFUSED", "", "", {}, b""))
                if self._due() is None or self._due().how != "refuse":
                    self.listen()

    def _due(self):
        number = len(self.seen) + 1
        if self.always is not None and number >= self.since:
            return self.always
        return self.faults.get(number)

    def _begin(self):
        self._listener.listen(64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _end(self):
        """Stop listening; what is bound without listening refuses connections and keeps the port."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            if not self._closing:
                self._holder = _bound(self.port)

    def _refuse_if_due(self):
        """Shut the door when the next request is to find nobody. True when it is."""
        with self._lock:
            fault = self._due()
            if fault is None or fault.how != "refuse":
                return False
            self._end()
            return True

    def _accept(self, listener):
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rb") as arriving:
            while (seen := _read(arriving)) is not None and self._answer(connection, seen):
                pass
        with self._lock:
            self._connections.discard(connection)

    def _answer(self, connection, seen):
        """Answer one request; False when the connection ends with it."""
        with self._lock:
            fault = self._due() or Fault(done=True)
            self.seen.append(seen)
            number = len(self.seen)
        if self.before is not None:
            self.before(seen, number)
        with self._lock:
            code, content, headers = self._process(seen) if fault.done else (200, b"", ())
            if fault.how == "late":
                self._landing.append(seen)
            last = self._refuse_if_due()
        match fault.how:
            case "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            case "close":
                return False
            case "silence" | "late":
                connection.recv(1)  # returns when the client gives up
                return False
            case "garbage":
                connection.sendall(b"\x00\x16\x03 SSH-2.0\r\n\r\n" if fault.body is None else fault.body)
                return False
        if fault == Fault(done=True) and (seen.method, seen.path) == ("GET", "/v1/runner"):
            self.listed.update(value for each in self.runners for value in each["headers"].values())
        if fault.status is not None:
            code, headers = fault.status, fault.headers
        if fault.body is not None:
            content = fault.body(self, content) if callable(fault.body) else fault.body
        _send(connection, code, headers, content, last=last, truncate=fault.how == "truncate")
        return not last and fault.how != "truncate"

    def _process(self, seen):
        answer = self.service.handle(
            Request(method=seen.method, path=seen.path, query=seen.query, headers=seen.headers, body=seen.body)
        )
        return answer.status, answer.body, tuple(answer.headers.items())


def _bound(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def _read(arriving):
    line = arriving.readline()
    if not line:
        return None
    method, target, _version = line.decode("ascii").split()
    headers = {name.lower(): value for name, value in http.client.parse_headers(arriving).items()}
    body = arriving.read(int(headers.get("content-length", 0)))
    path, _mark, query = target.partition("?")
    return Seen(method, path, query, headers, body)


def _send(connection, code, headers, content, *, last, truncate):
    pairs = [*((name, value) for name, value in headers if name.lower() != "content-length")]
    pairs += [("Content-Length", str(len(content))), *([("Connection", "close")] if last else [])]
    head = "\r\n".join([f"HTTP/1.1 {code} Told", *(f"{name}: {value}" for name, value in pairs), "", ""])
    connection.sendall(head.encode("latin-1") + (content[: len(content) // 2] if truncate else content))


@contextmanager
def proxied(runners=(), *, path=":memory:", rate_limit=None, tier="enterprise", tokens=(TOKEN,)):
    """A service with these runners (unchecked) behind a door that is up."""
    with Store(path) as store:
        store.set_user({"id": DEFAULT_USER_ID, "tier": tier})
        store.add_many(runners)
        proxy = Proxy(Service(store, tokens=tokens, rate_limit=rate_limit))
        try:
            yield proxy
        finally:
            proxy.close()


def told(code, message, **headers):
    """The API's own error answer; `message` is a function of the proxy."""
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())

    def body(proxy, _content):
        return json.dumps({"status": code, "message": message(proxy)}).encode()

    return {"status": code, "headers": (("Content-Type", "application/json"), *pairs), "body": body}


def gateway(code, **headers):
    """A gateway's error answer, in HTML."""
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return {"status": code, "headers": (("Content-Type", "text/html"), *pairs), "body": HTML}
