"""Services that dribble, ports that talk something else, proxies and challenge pages: one clear error, and in time."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from reconciler.api.connection.other_scheme import reason_for_other_scheme
from tests.fakes.cli import run_cli
from tests.fakes.clock import VirtualClock
from tests.fakes.faulty import Fault, closed_port, faulty_service

MANIFEST = "version: 1\nrunners: {gpu-1: {endpoint: https://a.example.com, tags: [gpu]}}\n"
ENOUGH_S = 8.0
"""Far below the 5 attempts of 10 s each that a blind retry takes, and enough for a machine that is busy."""


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """A plan against an address, whose pauses take no time."""
    monkeypatch.setattr("reconciler.engine.connected.SystemClock", VirtualClock)
    (tmp_path / "m.yaml").write_text(MANIFEST)

    def run(url, *options, command=("plan",), **environ):
        env = {"COMFYCONTROL_API_TOKEN": "cfc_t", "COMFYCONTROL_API_URL": url} | environ
        return run_cli(*command, "m.yaml", *options, cwd=tmp_path, env=env)

    return run


@contextlib.contextmanager
def talker(speak, *, plain=None):
    """A server that reads a request's first bytes and then speaks; connections end when the test does.

    Where `plain` is given, it speaks to what is HTTP, and `speak` to what is not.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        over = threading.Event()

        def serve(connection):
            with contextlib.suppress(OSError), connection:
                is_http = connection.recv(65536)[:1].isalpha()
                (plain if plain and is_http else speak)(connection, over)

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection, _address = listener.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)


def _dribble(start, piece):
    """Sends the start, and then a piece every 20 ms, for ever."""

    def speak(connection, over):
        connection.sendall(start)
        while not over.wait(0.02):
            connection.sendall(piece)

    return speak


DRIBBLES = {
    "1xx answers": _dribble(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "100 answers": _dribble(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a header by the byte": _dribble(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "headers one by one": _dribble(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "the body": _dribble(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n", b" "),
    "a body in chunks": _dribble(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "an error's body": _dribble(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 999999\r\n\r\n", b" "),
    "nothing": _dribble(b"", b""),
}


@pytest.mark.parametrize("speak", DRIBBLES.values(), ids=DRIBBLES.keys())
def test_the_timeout_bounds_one_whole_request(speak):
    """Connection, headers, 1xx answers among them, and body together: never so much longer than that."""
    from reconciler.api.client import Reader
    from reconciler.errors import ApiError
    from reconciler.model.secret import Secret
    from reconciler.settings import Settings

    with talker(speak) as url:
        wanted = Settings(
            api_url=url, token=Secret("t"), plan_key=Secret("k"), read_timeout_s=0.3, request_timeout_s=0.3
        )
        with Reader(wanted, clock=VirtualClock()) as reader:
            began = time.monotonic()
            with pytest.raises(ApiError):
                reader.account()
            took_s = time.monotonic() - began
        assert took_s < 5 * 0.3 + 3.0
        assert reader.requests.reads <= 5


def test_the_option_sets_that_bound(plan):
    """`--timeout` reaches the sockets: five attempts and their pauses, not one endless answer."""
    with talker(DRIBBLES["1xx answers"]) as url:
        began = time.monotonic()
        ran = plan(url, "--timeout", "0.2")
    assert (ran.code, time.monotonic() - began < 30) == (1, True)
    assert "gave no answer in time; --timeout sets how long to wait" in ran.err


def _reset(connection, _over):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _answer_http(connection, _over):
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("way", "resets"),
    [("answers", 0), ("hangs up", 0), ("hangs up", 1), ("resets", 0), ("resets", 1), ("waits", 0)],
)
def test_https_to_a_port_that_talks_http(plan, way, resets):
    """Said at once, whatever such a server does with the first message of TLS.

    A server that is hanging up can meet the first plain question with a reset too: it is asked once more.
    """
    left = [_reset] * resets

    def speak(connection, over):
        if way == "answers":
            _answer_http(connection, over)
        elif way == "resets":
            _reset(connection, over)
        elif way == "waits":
            over.wait(30)

    def plain(connection, over):
        (left.pop() if left else _answer_http)(connection, over)

    with talker(speak, plain=plain) as url:
        began = time.monotonic()
        ran = plan(url.replace("http:", "https:"))
    assert time.monotonic() - began < ENOUGH_S
    assert ran.code == 1
    assert "speaks plain http, not https, at this port" in ran.err
    assert not left


def test_a_port_that_resets_everything_is_asked_twice():
    """In plain http, when it has hung up on TLS: then it is no server of http, and the first failure is reported."""
    asked = []

    def plain(connection, over):
        asked.append(1)
        _reset(connection, over)

    with talker(_reset, plain=plain) as url:
        assert reason_for_other_scheme(url.replace("http:", "https:")) is None
    assert len(asked) == 2


def test_http_to_a_port_that_talks_https(plan, tls):
    """The reverse, too."""
    began = time.monotonic()
    ran = plan(tls.replace("https:", "http:"))
    assert time.monotonic() - began < ENOUGH_S
    assert ran.code == 1
    assert "speaks https, not plain http, at this port" in ran.err


def test_a_certificate_that_is_not_trusted(plan, tls):
    """Said at once, with the variable that adds an authority."""
    began = time.monotonic()
    ran = plan(tls)
    assert time.monotonic() - began < ENOUGH_S
    assert ran.code == 1
    assert "is not trusted" in ran.err
    assert "SSL_CERT_FILE" in ran.err


def test_a_host_that_is_not_there(plan):
    """A name without an address is not tried again. `.invalid` never has one (RFC 2606)."""
    ran = plan("https://nobody.invalid")
    assert ran.code == 1
    assert "nobody.invalid" in ran.err


def test_nobody_listens(plan):
    """One clear error: no connection, and to what."""
    ran = plan(closed_port())
    assert ran.code == 1
    assert "Connection refused" in ran.err


@pytest.mark.parametrize(
    ("status", "told", "not_told"),
    [
        (403, "a proxy, a firewall or a challenge before the service", "tier"),
        (407, "the proxy asks for a user and a password", "tier"),
        (404, "check the API address", "another account"),
    ],
)
def test_a_page_is_not_the_services_word(plan, status, told, not_told):
    """What lies before the service answers in HTML: no message about tiers, rights or accounts is made of that."""
    page = Fault(
        status=status, headers=(("Content-Type", "text/html"),), body=b"<html><h1>Just a moment...</h1></html>"
    )
    with faulty_service(faults={"GET": [page]}) as up:
        ran = plan(up.url)
        assert len(up.seen) == 1
    assert ran.code == 1
    assert told in ran.err
    assert not_told not in ran.err
    assert "Just a moment" not in ran.err


def test_a_refusal_of_the_services_own_is_its_word(plan):
    """JSON with a message is the service."""
    body = b'{"status": 403, "message": "Runner limit exceeded for your tier"}'
    with faulty_service(faults={"GET": [Fault(status=403, body=body)]}) as up:
        assert "the tier's limit is reached" in plan(up.url).err


BROKEN = {
    "ALL_PROXY": ("socks5://127.0.0.1:1080", "ALL_PROXY"),
    "HTTPS_PROXY": ("foo://x", "HTTPS_PROXY"),
    "https_proxy": ("http://[", "https_proxy"),
    "SSL_CERT_FILE": ("absent.pem", "SSL_CERT_FILE"),
    "SSL_CERT_DIR": ("absent", "SSL_CERT_DIR"),
}


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
@pytest.mark.parametrize(("variable", "value", "named"), [(name, *rest) for name, rest in BROKEN.items()])
def test_a_broken_variable_is_named(plan, variable, value, named, command):
    """With what to set; never `unexpected error`, and nothing is sent."""
    ran = plan("https://nobody.invalid", command=command, **{variable: value})
    assert ran.code == 1
    assert f"set {named} to" in ran.err
    assert "unexpected" not in ran.err


@pytest.mark.parametrize("entry", ["fe80::/10", "[::1]", "::/0", "[::1", "*", "10.0.0.0/99"])
def test_no_entry_of_no_proxy_is_fatal(plan, entry):
    """Honoured or warned about: the proxy that is not listening is met, or the host that is not there."""
    ran = plan("https://nobody.invalid", "--timeout", "0.2", HTTPS_PROXY="foo://x", NO_PROXY=entry)
    assert ran.code == 1
    assert ("HTTPS_PROXY" in ran.err) is (entry != "*")
    assert "unexpected" not in ran.err


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A self-signed certificate for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls")
    made = folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    pair = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key"), "-out", str(folder / "cert")]
    subprocess.run([*command, *pair], check=True, capture_output=True)
    made.write_text((folder / "key").read_text() + (folder / "cert").read_text())
    return made


@pytest.fixture
def tls(certificate):
    """A port that talks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)

        def shake(connection):
            with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as shaken:
                shaken.recv(1)

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=shake, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
