"""An HTTP server whose answers a test writes down: for what no API server does when it is well."""

from __future__ import annotations

import http.server
import threading
import time


class Scripted(http.server.ThreadingHTTPServer):
    """Gives `answers` in turn, each a status, a body and headers; `seen` has each request's method, path and headers.

    An answer that is a number is a body that dribbles for so many seconds; None closes the connection. With
    a context for `tls` it speaks TLS.
    """

    daemon_threads = True

    def __init__(self, *answers, tls=None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.answers = list(answers)
        self.seen = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self._thread.join(10)
        self.server_close()

    def handle_error(self, *_):
        """Say nothing of clients that go away."""

    @property
    def url(self):
        """Where it is."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def _answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        answer = self.server.answers.pop(0)
        if answer is None:
            self.close_connection = True
            return
        if isinstance(answer, (int, float)):
            self._dribble(answer)
            return
        status, body, *headers = answer
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _dribble(self, seconds):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.02)
        except OSError:
            pass
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = _answer  # noqa: N815 - the names of http.server
