"""An answer that breaks HTTP carries a live header value; no output repeats a byte of it."""

from __future__ import annotations

import contextlib
import gzip
import socketserver
import threading

import pytest

from tests.fakes.cli import run_cli

LEAK = "l1ve-header-value-of-a-runner"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
RAW = LEAK.encode()

ANSWERS = {
    "status line": b"HTTP/9.9 " + RAW + b"\r\n\r\n",
    "no http": RAW + b"\r\n\r\n",
    "status code": b"HTTP/1.1 2x0 " + RAW + b"\r\n\r\n",
    "header line": HEAD + b"Bad Header " + RAW + b"\r\n\r\n",
    "header name": HEAD + RAW + b"\x00: x\r\n\r\n",
    "header value": HEAD + b"X-A: \x00" + RAW + b"\r\n\r\n",
    "content length": HEAD + b"Content-Length: " + RAW + b"\r\n\r\n",
    "transfer encoding": HEAD + b"Transfer-Encoding: " + RAW + b"\r\n\r\n",
    "chunk header": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + RAW + b"\r\n{}\r\n",
    "chunk end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}" + RAW + b"\r\n0\r\n\r\n",
    "chunk trailer": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nBad " + RAW + b"\r\n\r\n",
    "encoding": HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(RAW) + RAW,
    "broken gzip": HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(RAW)[:-9] + RAW,
    "too short": HEAD + b"Content-Length: 999\r\n\r\n" + RAW,
    "no json": HEAD + b"Content-Length: %d\r\n\r\n" % len(RAW) + RAW,
    "reason phrase": b"HTTP/1.1 200 " + RAW + b"\r\nContent-Length: 2\r\n\r\n{}",
    "reason of a failure": b"HTTP/1.1 418 " + RAW + b"\r\nContent-Length: 0\r\n\r\n",
    "set cookie": HEAD + b"Set-Cookie: a=" + RAW + b"\r\nContent-Length: 2\r\n\r\n{}",
    "shape": HEAD + b'Content-Length: %d\r\n\r\n{"runners": "%s"}' % (len(RAW) + 14, RAW),
}


@contextlib.contextmanager
def answering(content):
    """A server that answers whatever comes with the same bytes, and closes."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65536)
            self.request.sendall(content)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@pytest.mark.parametrize("broken", ANSWERS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_output_repeats_a_broken_answer(tmp_path, monkeypatch, broken, form):
    """Not stdout, not stderr with the loudest logs, not the step's summary or outputs; and it is a clear error."""
    monkeypatch.setattr("reconciler.adapters.clock.SystemClock.wait", lambda *_: None)
    summary, outputs = tmp_path / "summary.md", tmp_path / "outputs"
    with answering(ANSWERS[broken]) as url:
        ran = run_cli(
            "list", "-vv", "--format", form, "--log-format", form, cwd=tmp_path,
            env={
                "COMFYCONTROL_API_URL": url,
                "COMFYCONTROL_API_TOKEN": "cfc_0123456789abcdef",
                "GITHUB_ACTIONS": "true",
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_OUTPUT": str(outputs),
            },
        )  # fmt: skip
    assert ran.code == 1
    shown = ran.out + ran.err + "".join(file.read_text() for file in (summary, outputs) if file.exists())
    for piece in (LEAK, LEAK[:9], LEAK[-9:]):
        assert piece not in shown
    assert "GET /v1/runner" in shown
