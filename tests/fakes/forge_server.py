"""Puts a stand-in for a forge on a loopback port."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKENS = ("Authorization", "PRIVATE-TOKEN")


@contextmanager
def serving(forge):
    """`forge` has `url`, `tokens` and `answer(method, target, body)`, and gets each request for as long as it runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # headers and body in one segment: the client need not wait for the second

        def do_GET(self):
            self._do()

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server's names

        def _do(self):
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            forge.tokens.append(next((self.headers[each] for each in TOKENS if each in self.headers), None))
            status, headers, answer = forge.answer(self.command, self.path, json.loads(sent) if sent else None)
            encoded = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)
            self.wfile.flush()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    forge.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
